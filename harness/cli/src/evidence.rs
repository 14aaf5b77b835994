//! The host part of a capture: what a replay has to know and the device part cannot hold.

use std::path::Path;

use ramscope_backend::{Firmware, TargetFacts};
use ramscope_capture::HostPart;
use ramscope_model::{
    ElfSymbols, HostFacts, HostTimes, ImageFacts, MachineFacts, NoSymbols, SymbolTable, Symbols,
};
use ramscope_scenario::Run;

/// Who records.
pub(crate) const TOOL: &str = concat!("ramscope ", env!("CARGO_PKG_VERSION"));

/// A run whose device part has been recorded.
pub(crate) struct Recorded<'a> {
    pub(crate) run: &'a Run,
    /// Where the capture goes.
    pub(crate) path: &'a Path,
    pub(crate) firmware: &'a Firmware,
    pub(crate) machine: MachineFacts,
    /// The instructions that its findings name.
    pub(crate) addresses: Vec<u32>,
    /// The image's names, if it has any.
    pub(crate) symbols: Option<&'a ElfSymbols>,
    /// What the host's clock said.
    pub(crate) times: Option<HostTimes>,
}

/// What there is to say about a run. The image's names are looked up now, and only for what findings
/// name, so that a replay needs no image.
pub(crate) fn host_part(recorded: &Recorded<'_>) -> HostPart {
    let Recorded { run, path, firmware, .. } = recorded;
    let symbols: &dyn Symbols = recorded.symbols.map_or(&NoSymbols, |symbols| symbols);
    let facts = HostFacts {
        schema: HostFacts::SCHEMA,
        tool: TOOL.to_owned(),
        run: (*run).clone(),
        machine: recorded.machine.clone(),
        image: ImageFacts { name: image_name(&firmware.path), hash: firmware.hash.clone() },
        replay: format!("cargo run --release -- replay {}", as_argument(path)),
        symbols: SymbolTable::of(recorded.addresses.iter().copied(), symbols),
        times: recorded.times.clone(),
        earlier_attempts: Vec::new(),
    };
    facts.to_host_part()
}

/// What a target says about itself, in the words of reports.
pub(crate) fn machine_facts(target: TargetFacts) -> MachineFacts {
    let TargetFacts { name, time_model, clock_hz, instructions } = target;
    MachineFacts { name, clock_hz, time_model, instructions }
}

/// The file's name alone: a report must not differ with the folder.
fn image_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// A path as a person types it in a shell, short if it lies below the current folder.
pub(crate) fn as_argument(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let short = here.ok().and_then(|here| path.strip_prefix(here).ok());
    let text = short.unwrap_or(path).to_string_lossy().replace('\\', "/");
    let plain = |c: char| c.is_alphanumeric() || "/._-#+=:@".contains(c);
    match text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_path_can_be_pasted_into_a_shell() {
        assert_eq!(as_argument(Path::new("/a/b-1.ramscope")), "/a/b-1.ramscope");
        assert_eq!(as_argument(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
