//! `ramscope init`.

use std::fs;
use std::path::Path;

use crate::args::InitOptions;
use crate::config::shortened;
use crate::failure::Failure;
use crate::output::print_text;

const CONFIGURATION: &str = "ramscope.toml";
const SCENARIO: &str = "scenarios/first.yaml";

const CONFIGURATION_TEXT: &str = r#"# What holds for `ramscope run` in this project; `ramscope config` shows all of it.
# Every setting can also be given as an option (--jobs 4) or a variable (RAMSCOPE_JOBS=4).

scenarios = ["scenarios"]

# The image, if it is not the one that wokwi.toml names, and how it is made.
# elf = "target/riscv32imc-unknown-none-elf/release/my-firmware"
# build = "cargo build --release"

[profile.ci]    # ramscope run --profile ci
retries = 2     # of runs whose target failed, never of a verdict
keep = "failed" # captures
"#;

const SCENARIO_TEXT: &str = r#"# yaml-language-server: $schema=https://raw.githubusercontent.com/ramscope/ramscope/main/harness/scenario/schema/scenario.schema.json
# A Wokwi automation scenario; wokwi-cli runs it too, and leaves the part under `ramscope:` aside.
name: first
version: 1
steps:
  - name: boot
    wait-serial: "ready" # what your firmware says once it is up
  - delay: 500ms
ramscope:
  timeouts: { default: 10s } # device time, for each step
  # What a program must keep to. Figures need the telemetry of ramscope's kernel.
  # budgets:
  #   - { thread: main, stack-peak: 2KiB }
"#;

/// Writes the files that a project begins with. What is there already stays as it is.
pub(crate) fn init(options: &InitOptions) -> Result<(), Failure> {
    let files = [(CONFIGURATION, CONFIGURATION_TEXT), (SCENARIO, SCENARIO_TEXT)];
    let paths = files.map(|(name, _)| options.folder.join(name));
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        return Err(Failure::Exists { path: path.clone() });
    }
    for (path, (_, text)) in paths.iter().zip(files) {
        write(path, text)?;
        print_text(&format!("wrote {}\n", shortened(path).display()));
    }
    let scenario = shortened(&options.folder.join(SCENARIO));
    eprintln!("next: put into {} what your firmware says, then `ramscope run`", scenario.display());
    Ok(())
}

/// Writes a file that is not there; somebody who was faster keeps theirs.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let unwritable = |source| Failure::Unwritable { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let file = fs::File::options().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_scenario_names_the_schema_that_there_is_and_has_no_problem() {
        let url = SCENARIO_TEXT.split_once("$schema=").unwrap().1.lines().next().unwrap();
        assert!(ramscope_scenario::SCENARIO_SCHEMA.contains(&format!("\"$id\": \"{url}\"")));
        assert_eq!(ramscope_scenario::parse(SCENARIO, SCENARIO_TEXT).problems, []);
    }
}
