//! The options of `ramscope explore`.

use clap::Args;

use super::run::SettingOptions;
use crate::explore::Method;

/// Seeds that are tried unless told otherwise.
const SEEDS: u64 = 1_000;
/// Switches that a seed draws unless told otherwise.
const SWITCHES: u32 = 2;

/// Options of `ramscope explore`.
#[derive(Debug, Args)]
pub(crate) struct ExploreOptions {
    #[command(flatten)]
    pub(crate) settings: SettingOptions,

    /// How many schedules are drawn [default: 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = SCHEDULES)]
    seeds: Option<u64>,

    /// How many slices a schedule ends early [default: 2]. `--depth 1` without `--seeds` tries every
    /// instruction before which a unit of the program can be interrupted.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..=64), help_heading = SCHEDULES)]
    depth: Option<u32>,

    /// Run one schedule alone: of `--target host` `17:+0`, of `--target qemu-virt` `slices:7`.
    #[arg(long, value_name = "SCHEDULE", help_heading = SCHEDULES)]
    pub(crate) schedule: Option<String>,

    /// Run the image as it was built last, without looking for changes.
    #[arg(long, help_heading = "Image")]
    pub(crate) no_build: bool,
}

const SCHEDULES: &str = "Which schedules";

impl ExploreOptions {
    /// How many seeds are asked for, if that is said.
    pub(crate) fn seeds(&self) -> Option<u64> {
        self.seeds
    }

    /// How schedules are chosen.
    pub(crate) fn method(&self) -> Method {
        match (self.seeds, self.depth) {
            (None, Some(1)) => Method::Enumerated,
            (seeds, switches) => Method::Drawn {
                seeds: seeds.unwrap_or(SEEDS),
                switches: switches.unwrap_or(SWITCHES),
            },
        }
    }
}
