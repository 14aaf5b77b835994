//! Dependencies between our crates point one way.
//!
//! Each crate stands at one place in the table below and may use only what its line names. The table
//! is the design, written down so that an arrow the other way is a decision about this file and
//! cannot slip in through a manifest.
//!
//! Invariants:
//! 1. A line names only crates of lines above it, so there is no cycle.
//! 2. Every crate of the workspace has a line, and every line a crate.
//! 3. No line of the harness names a firmware crate, except `ramscope-wire`, the only crate that both
//!    halves share.

use crate::failure::Failure;
use crate::workspace::{Package, Workspace};

/// Where a crate stands.
struct Place {
    package: &'static str,
    /// What it may use of ours.
    may_use: &'static [&'static str],
}

const fn place(package: &'static str, may_use: &'static [&'static str]) -> Place {
    Place { package, may_use }
}

/// From the bottom to the top.
static PLACES: &[Place] = &[
    // Firmware: board-* -> apps -> kernel -> wire. Modules know the boundary to the kernel only.
    place("ramscope-wire", &[]),
    place("ramscope-module-abi", &[]),
    place("ramscope-kernel", &["ramscope-wire", "ramscope-module-abi"]),
    place("ramscope-apps", &["ramscope-kernel", "ramscope-wire"]),
    place("ramscope-board-esp32c3", BELOW_BOARDS),
    place("ramscope-board-virt", BELOW_BOARDS),
    place("ramscope-board-host", BELOW_BOARDS),
    // It tries the heap on the host.
    place("ramscope-soak", &["ramscope-kernel"]),
    // Harness: device time, then the four that know nothing of each other.
    place("ramscope-time", &[]),
    place("ramscope-engine", &["ramscope-time"]),
    place("ramscope-scenario", &["ramscope-wire", "ramscope-time"]),
    place("ramscope-capture", &["ramscope-time"]),
    place(
        "ramscope-backend",
        &[
            "ramscope-engine",
            "ramscope-wire",
            "ramscope-scenario",
            "ramscope-capture",
            "ramscope-time",
        ],
    ),
    place("ramscope-model", BELOW_MODEL),
    place("ramscope-report", MODEL_AND_BELOW),
    place("ramscope-tui", MODEL_AND_BELOW),
    place(
        "ramscope-cli",
        &[
            "ramscope-engine",
            "ramscope-backend",
            "ramscope-report",
            "ramscope-tui",
            "ramscope-model",
            "ramscope-wire",
            "ramscope-scenario",
            "ramscope-capture",
            "ramscope-time",
        ],
    ),
    // It compares the engine with QEMU.
    place("ramscope-qemu-compare", &["ramscope-engine", "ramscope-time"]),
    // It counts what the kernel's operations execute.
    place("ramscope-cost", &["ramscope-engine", "ramscope-time"]),
    // It checks the others from outside.
    place("xtask", &[]),
];

/// Where every loadable module stands.
static MODULE: Place = place("ramscope-module-", &["ramscope-module-abi"]);

const BELOW_BOARDS: &[&str] = &["ramscope-apps", "ramscope-kernel", "ramscope-wire"];
const BELOW_MODEL: &[&str] =
    &["ramscope-wire", "ramscope-scenario", "ramscope-capture", "ramscope-time"];
const MODEL_AND_BELOW: &[&str] =
    &["ramscope-model", "ramscope-wire", "ramscope-scenario", "ramscope-capture", "ramscope-time"];

/// What tests may use besides: whole programs on the host. Nothing uses `board-host` otherwise.
const FOR_TESTS: &[&str] = &["ramscope-kernel", "ramscope-apps", "ramscope-board-host"];

/// Checks the manifests of all our crates.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Failure> {
    Failure::unless_empty(problems(&workspace.packages))?;
    let count = workspace.packages.len();
    Ok(format!("{count} crates, each uses only what it may"))
}

fn problems(packages: &[Package]) -> Vec<String> {
    let exists = |name: &str| packages.iter().any(|package| package.name == name);
    let stale = PLACES.iter().filter(|place| !exists(place.package));
    let stale = stale.map(|place| format!("{} has a place but does not exist", place.package));
    let wrong = packages.iter().flat_map(|package| match place_of(&package.name) {
        Some(place) => wrong_arrows(package, place, &exists),
        None => vec![format!(
            "{} has no place yet: give it one in ci/xtask/src/layers.rs",
            package.name
        )],
    });
    stale.chain(wrong).collect()
}

fn place_of(package: &str) -> Option<&'static Place> {
    let own = PLACES.iter().find(|place| place.package == package);
    own.or_else(|| package.starts_with(MODULE.package).then_some(&MODULE))
}

/// What a crate uses but may not.
fn wrong_arrows(package: &Package, place: &Place, ours: &dyn Fn(&str) -> bool) -> Vec<String> {
    let ours = package.dependencies.iter().filter(|d| ours(&d.name));
    let wrong = ours.filter(|dependency| {
        let name = dependency.name.as_str();
        let in_tests = dependency.kind.as_deref() == Some("dev");
        // A crate may ask its own tests for its own features.
        // A module calls another by name; its tests, and those of whole programs, may have the other itself.
        let has_modules =
            package.name.starts_with(MODULE.package) || package.name == "ramscope-board-host";
        let of_modules = has_modules && name.starts_with(MODULE.package);
        let is_for_tests = FOR_TESTS.contains(&name) || name == package.name || of_modules;
        let for_tests = in_tests && is_for_tests;
        !place.may_use.contains(&name) && !for_tests
    });
    wrong
        .map(|dependency| {
            let table = match dependency.kind.as_deref() {
                None => "dependencies".to_owned(),
                Some(kind) => format!("{kind}-dependencies"),
            };
            let allowed = match place.may_use {
                [] => "nothing of ours".to_owned(),
                names => names.join(", "),
            };
            format!(
                "{} names {} in [{table}], but may use {allowed}",
                package.name, dependency.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    /// All crates of the table, with one dependency added to one of them.
    fn check(package: &str, uses: &str, kind: Option<&str>) -> Vec<String> {
        let mut packages: Vec<Package> = PLACES.iter().map(|place| bare(place.package)).collect();
        let added = packages.iter_mut().find(|p| p.name == package).unwrap();
        added
            .dependencies
            .push(Dependency { name: uses.to_owned(), kind: kind.map(str::to_owned) });
        problems(&packages)
    }

    fn bare(name: &str) -> Package {
        Package { name: name.to_owned(), dependencies: Vec::new() }
    }

    #[test]
    fn each_place_uses_only_places_above_it_in_the_table() {
        for (index, place) in PLACES.iter().enumerate() {
            for used in place.may_use {
                let above = &PLACES[..index];
                assert!(above.iter().any(|p| p.package == *used), "{used}");
            }
        }
    }

    #[test]
    fn the_harness_shares_only_wire_with_the_firmware() {
        let harness = PLACES.iter().position(|p| p.package == "ramscope-time");
        let (firmware, harness) = PLACES.split_at(harness.unwrap());
        for place in harness {
            for used in place.may_use {
                let shared = *used == "ramscope-wire";
                assert!(shared || firmware.iter().all(|p| p.package != *used));
            }
        }
    }

    #[test]
    fn an_arrow_down_is_fine() {
        assert!(check("ramscope-kernel", "ramscope-wire", None).is_empty());
        assert!(check("ramscope-kernel", "proptest", Some("dev")).is_empty());
    }

    #[test]
    fn an_arrow_up_is_named_with_its_table() {
        assert_eq!(
            check("ramscope-wire", "ramscope-kernel", None),
            ["ramscope-wire names ramscope-kernel in [dependencies], but may use nothing of ours"]
        );
        assert_eq!(check("ramscope-tui", "ramscope-backend", None).len(), 1);
        assert_eq!(check("ramscope-model", "xtask", Some("build")).len(), 1);
    }

    #[test]
    fn the_kernel_is_for_the_tests_of_the_harness_only() {
        assert!(check("ramscope-model", "ramscope-kernel", Some("dev")).is_empty());
        assert_eq!(check("ramscope-model", "ramscope-kernel", None).len(), 1);
        assert!(check("ramscope-apps", "ramscope-board-host", Some("dev")).is_empty());
        assert_eq!(check("ramscope-apps", "ramscope-board-host", None).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_and_a_place_without_a_crate_are_named() {
        let mut packages: Vec<Package> = PLACES.iter().map(|p| bare(p.package)).collect();
        packages[0].name = "ramscope-new".to_owned();
        let problems = problems(&packages);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
