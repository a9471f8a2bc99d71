//! Words of `migrate`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser as Names;
use clap::{Args, ValueEnum};
use migration::steps::Step;

use crate::londiste::support::schema_names::SchemaNames;

/// Words of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of the source's tables (default: all, and all sequences)
    #[arg(value_name = "TABLE")]
    pub(super) tables: Vec<String>,

    /// Tell of each step whether it is done or what it would do; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// End after this step
    #[arg(long, value_name = "STEP", value_parser = Names::new(Step::ALL.map(Step::name)), hide_possible_values = true)]
    pub(super) until: Option<String>,

    /// Leave this check of preflight out (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()),
          hide_possible_values = true)]
    pub(super) skip: Vec<String>,

    /// What becomes of large objects, which no trigger captures: ignore leaves them behind (default: refuse)
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub(super) large_objects: Option<LargeObjects>,

    #[command(flatten)]
    pub(super) names: SchemaNames,

    /// The source's ini file (default: source.ini beside INI)
    #[arg(long, value_name = "FILE")]
    pub(super) source_ini: Option<PathBuf>,

    /// The ticker's ini file (default: pgqd.ini beside INI)
    #[arg(long, value_name = "FILE")]
    pub(super) pgqd_ini: Option<PathBuf>,

    /// Do not start londisted: say what to start, and wait until it runs
    #[arg(long)]
    pub(super) no_start: bool,

    /// Answer in JSON, one object at the end
    #[arg(long)]
    pub(super) json: bool,
}

/// What becomes of large objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LargeObjects {
    /// They stay where they are.
    Ignore,
}
