//! Words of `switchover`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser as Names;
use clap::{Args, ValueEnum};
use daemon::ini::{interval, interval_or_none};
use migration::switch::guard::POINTS;

/// Words of `switchover`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ask what stands in the way, and change nothing
    #[arg(long, conflicts_with_all = ["status", "abort"])]
    pub(super) dry_run: bool,

    /// Show how far the switch is
    #[arg(long, conflicts_with = "abort")]
    pub(super) status: bool,

    /// Take an interrupted switch back: the old root takes changes again
    #[arg(long)]
    pub(super) abort: bool,

    /// The old root takes changes again after this, if the switch has not come to its end
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "30")]
    pub(super) deadline: Duration,

    /// Transactions that have written may go on for so long
    #[arg(long, value_name = "TIME", value_parser = interval_or_none, default_value = "10")]
    pub(super) drain: Duration,

    /// End those that go on for longer; without it the switch is taken back
    #[arg(long)]
    pub(super) terminate: bool,

    /// Never end sessions with this application_name (repeatable)
    #[arg(long, value_name = "APPLICATION", requires = "terminate")]
    pub(super) spare: Vec<String>,

    /// What is compared while nobody writes: rows changed since the last comparison, all rows, or none
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Verify::Changed, hide_possible_values = true)]
    pub(super) verify: Verify,

    /// Begin the freeze at this time: 03:00, or 2026-11-30T03:00+01:00
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,

    /// Begin it no sooner than this file is gone
    #[arg(long, value_name = "FILE")]
    pub(super) postpone_file: Option<PathBuf>,

    /// The new root may be so far behind before the freeze
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "10")]
    pub(super) max_lag: Duration,

    /// The last comparison may be so old
    #[arg(long, value_name = "TIME", value_parser = interval_or_none, default_value = "24h")]
    pub(super) max_compare_age: Duration,

    /// Transactions that have written may be so old before the freeze
    #[arg(long, value_name = "TIME", value_parser = interval_or_none, default_value = "60")]
    pub(super) max_transaction: Duration,

    /// What becomes of large objects, which no trigger captures
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = LargeObjects::Refuse, hide_possible_values = true)]
    pub(super) large_objects: LargeObjects,

    /// Overrule what the guard says by this name (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(soft()),
          hide_possible_values = true)]
    pub(super) force: Vec<String>,

    /// Answer in JSON, one object at the end
    #[arg(long)]
    pub(super) json: bool,
}

/// What is compared while nobody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Verify {
    /// Rows changed since the last comparison that was equal.
    Changed,
    /// All rows.
    Full,
    /// None.
    None,
}

/// What becomes of large objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LargeObjects {
    /// The guard refuses the switch where there are any.
    Refuse,
    /// They stay where they are.
    Ignore,
    /// They are copied, before the freeze and once more in it.
    Copy,
}

/// The points that may be overruled.
fn soft() -> Vec<&'static str> {
    POINTS.iter().filter(|point| !point.is_hard).map(|point| point.name).collect()
}
