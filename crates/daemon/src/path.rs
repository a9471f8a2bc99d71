//! File names from ini files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where systemd tells it.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Makes `name` absolute: `~/` is the home directory, anything relative counts from the directory
/// in which the command was given (as the older tools did), whatever becomes of the current
/// directory later. `%d/` is the directory of the credentials that systemd has handed over.
///
/// # Errors
/// A text naming the reason: no home directory, or the current directory is gone.
pub(crate) fn resolve(name: &str) -> Result<PathBuf, String> {
    resolve_with(name, || None)
}

/// The same; where systemd has handed nothing to this process, `%d/` is what `others` finds.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn resolve_with(name: &str, others: impl FnOnce() -> Option<PathBuf>) -> Result<PathBuf, String> {
    let name = name.trim();
    if let Some(rest) = name.strip_prefix("%d/") {
        let given = std::env::var_os(CREDENTIALS).map(PathBuf::from).or_else(others);
        let given = given.ok_or(
            "%d is the directory of systemd's credentials: none were handed to this process \
             (LoadCredential=), nor to a running one of this job that may be asked. As root, a command can \
             be given the file itself: --set KEY=FILE",
        )?;
        return Ok(given.join(rest));
    }
    if let Some(rest) = name.strip_prefix('~') {
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(
                "expected a path; ~ stands for your own home directory only, write the path in full".into()
            );
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.ok_or("~ cannot be replaced: no home directory is known, write the path in full")?;
        return Ok(home.join(rest.trim_start_matches('/')));
    }
    if name.is_empty() {
        return Err("expected a path".into());
    }
    std::path::absolute(Path::new(name))
        .map_err(|error| format!("cannot find the current directory: {error}"))
}

/// The directory of the credentials that a running process was handed: a command has none of its own. Root may ask, and
/// who runs it.
pub(crate) fn credentials_of(pid: i32) -> Option<PathBuf> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let found = variables.find_map(|one| one.strip_prefix(CREDENTIALS.as_bytes())?.strip_prefix(b"="));
    found.map(|directory| OsStr::from_bytes(directory).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_count_from_here_and_tilde_from_home() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(resolve("run/a.pid").unwrap(), here.join("run/a.pid"));
        assert_eq!(resolve("~/x/y").unwrap(), std::env::home_dir().unwrap().join("x/y"));
        assert!(resolve("~nobody/x").unwrap_err().contains("in full"));
    }
}
