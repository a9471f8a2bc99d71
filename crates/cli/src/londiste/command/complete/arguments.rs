//! Words of `complete`.

use clap::Args;

/// Words of `complete`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Leave our schemas where they are, without the queue
    #[arg(long)]
    pub(super) keep_schemas: bool,

    /// End the migration in whatever phase it is; the application stays where the root is
    #[arg(long)]
    pub(super) abandon: bool,

    /// Clean this ini file's side alone, where the other one is gone
    #[arg(long)]
    pub(super) only_this_side: bool,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Answer in JSON, one object at the end
    #[arg(long)]
    pub(super) json: bool,
}
