//! Ini file of one job among several: its pidfile, and what is wrong about it.

use std::path::Path;

use daemon::{Error, Ini};

/// The pidfile that an ini file names, whichever section it has. Other keys may be wrong: that keeps nobody from
/// stopping what runs.
pub(crate) fn pidfile(file: &Path) -> Result<std::path::PathBuf, Error> {
    let ini = Ini::load(file, &[])?;
    ini.pidfile(if ini.has_section("pgqd") { "pgqd" } else { "londiste" })
}

/// What is wrong about an ini file's job. Errors of the file itself name it.
pub(crate) fn about(file: &Path, error: &Error) -> String {
    let name = file.display().to_string();
    let text = error.to_string();
    if text.contains(&name) { text } else { format!("{name}: {text}") }
}
