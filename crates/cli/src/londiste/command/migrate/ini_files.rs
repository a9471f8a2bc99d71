//! The three ini files of a migration: that of the target is named, the others lie beside it as `init` writes them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use daemon::Ini;

use crate::londiste::support::job::Job;

/// The path of an ini file: as given, else beside `target`.
///
/// # Errors
/// It is not there, or has not this section.
pub(super) fn find(
    target: &Path,
    given: Option<&Path>,
    (name, option, section): (&str, &str, &str),
) -> Result<PathBuf> {
    let path = given.map_or_else(|| target.with_file_name(name), Path::to_path_buf);
    if given.is_none() && !path.exists() {
        bail!(
            "{} is not there: migrate needs the files pgqd.ini, source.ini and target.ini; londiste init writes them \
             beside each other, and {option} FILE names one that lies elsewhere",
            path.display()
        );
    }
    let ini = Ini::load(&path, &[])?;
    if !ini.has_section(section) {
        bail!("{} has no section [{section}]: {option} FILE names the file that has", path.display());
    }
    Ok(path)
}

/// The source's job, which works on the same queue.
///
/// # Errors
/// Its file is not there, cannot be used, or names another queue or the target's own database.
pub(super) fn source(target: &Job, given: Option<&Path>) -> Result<Job> {
    let path = find(&target.ini, given, ("source.ini", "--source-ini", "londiste"))?;
    let source = target.beside(&path)?;
    let (there, here) = (path.display(), target.ini.display());
    if source.queue() != target.queue() {
        bail!(
            "{there} is for queue {}, {here} for queue {}: set one queue_name in both",
            source.queue(),
            target.queue()
        );
    }
    if source.settings.db == target.settings.db {
        bail!(
            "{there} and {here} name the same database ({}): correct db in one of them",
            source.settings.db
        );
    }
    if source.settings.job_name == target.settings.job_name {
        bail!("{there} and {here} have the same job_name ({}): each needs its own", source.settings.job_name);
    }
    Ok(source)
}

/// The ticker's ini file; none where there is none beside the target's, and the source's process makes the ticks.
///
/// # Errors
/// It is needed and not there, or cannot be used.
pub(super) fn pgqd(target: &Job, source: &Job, given: Option<&Path>) -> Result<Option<PathBuf>> {
    let names = ("pgqd.ini", "--pgqd-ini", "pgqd");
    if given.is_none() && source.settings.stand_in_ticker && !target.ini.with_file_name(names.0).exists() {
        return Ok(None);
    }
    let path = find(&target.ini, given, names)?;
    Ini::load(&path, &[])?.pgqd()?;
    Ok(Some(path))
}
