//! The options of `ramscope sweep`.

use clap::Args;

use super::run::SettingOptions;

/// Options of `ramscope sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    #[command(flatten)]
    pub(crate) settings: SettingOptions,

    /// Try every allocation, also where the same one at the same place has failed often.
    #[arg(long, help_heading = "Which allocations")]
    pub(crate) every: bool,

    /// The last allocation of a program that is tried.
    #[arg(long, value_name = "N", default_value_t = 100_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help_heading = "Which allocations")]
    pub(crate) at_most: u32,

    /// Run the image as it was built last, without looking for changes.
    #[arg(long, help_heading = "Image")]
    pub(crate) no_build: bool,
}
