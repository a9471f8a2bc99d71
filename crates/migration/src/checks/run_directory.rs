//! Directories of log files and pidfiles.

use std::path::Path;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("run-directory", Place::Machine, "Can log files and pidfiles be written?", |context| {
        ask(context)
    });

fn ask(context: &Context) -> Found<'_> {
    Box::pin(async move { Ok(context.config.directories.iter().filter_map(|path| judge(path)).collect()) })
}

/// A directory that is missing is made when it is needed, in the first one above it that is there.
fn judge(directory: &Path) -> Option<Finding> {
    let there = directory.ancestors().find(|path| path.exists())?;
    let error = tempfile::tempfile_in(there).err()?;
    Some(Finding::new(
        Verdict::Blocker,
        Place::Machine,
        format!("directory {}", directory.display()),
        format!("cannot be written: {error}"),
        format!("sudo install -d -o \"$USER\" '{}'", directory.display()),
    ))
}
