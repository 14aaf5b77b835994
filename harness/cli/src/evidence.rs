//! The host part of a capture: what a replay has to know and the device part cannot hold.

use std::path::Path;

use ramscope_backend::{Firmware, TargetFacts};
use ramscope_cli::workspace::Workspace;
use ramscope_model::{
    Closing, ElfSymbols, Feed, HostFacts, ImageFacts, MachineFacts, NoSymbols, SymbolTable, Symbols,
};
use ramscope_scenario::Run;

use crate::module_names::ModuleNames;

/// Who records.
pub(crate) const TOOL: &str = concat!("ramscope ", env!("CARGO_PKG_VERSION"));

/// A run that is about to be recorded.
pub(crate) struct ToRecord<'a> {
    pub(crate) run: &'a Run,
    /// Where the capture goes.
    pub(crate) path: &'a Path,
    pub(crate) firmware: &'a Firmware,
    pub(crate) target: TargetFacts,
}

/// What there is to say about a run before it begins. How many instructions it took is not known yet.
pub(crate) fn facts(to_record: ToRecord<'_>) -> HostFacts {
    let ToRecord { run, path, firmware, target } = to_record;
    HostFacts {
        schema: HostFacts::SCHEMA,
        tool: TOOL.to_owned(),
        run: run.clone(),
        machine: MachineFacts { instructions: None, ..machine_facts(target) },
        image: image_facts(firmware),
        replay: replay(path),
        symbols: SymbolTable::default(),
        times: None,
        earlier_attempts: Vec::new(),
        bundle: None,
    }
}

/// What is known at the end. The names of the image, which lies at `path`, are looked up now, and only
/// for addresses that findings name, so that a replay needs no image.
pub(crate) fn closing(
    machine: MachineFacts,
    feed: &Feed,
    (symbols, path): (Option<&ElfSymbols>, &Path),
) -> Closing {
    let symbols: &dyn Symbols = symbols.map_or(&NoSymbols, |symbols| symbols);
    let addresses = feed.code_addresses();
    let names = ModuleNames::of(symbols, path, feed.device(), &addresses);
    Closing { machine, symbols: SymbolTable::of(addresses, &names), times: None, bundle: None }
}

/// What reports say of an image.
pub(crate) fn image_facts(firmware: &Firmware) -> ImageFacts {
    ImageFacts { name: image_name(&firmware.path), hash: firmware.hash.clone() }
}

/// The command that replays a capture.
pub(crate) fn replay(path: &Path) -> String {
    format!("{} replay {}", this_program(), as_argument(path))
}

/// The command that carries a run out again: its seed recreates it.
pub(crate) fn run_again(run: &Run) -> String {
    let path = as_argument(Path::new(&run.scenario.path));
    let schedule = match run.schedule.is_empty() {
        true => String::new(),
        false => format!(" --schedule {}", run.schedule),
    };
    let fails = run.fail_allocation.map(|nth| format!(" --fail-allocation {nth}"));
    let fails = fails.unwrap_or_default();
    let (target, seed) = (run.target, run.seed);
    format!("{} run {path} --target {target} --seed {seed}{schedule}{fails}", this_program())
}

/// How a person calls this program from the current folder.
pub(crate) fn this_program() -> &'static str {
    match Workspace::containing(Path::new(".")) {
        Ok(_) => "cargo run --release --",
        Err(_) => "ramscope",
    }
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
