//! File names from ini files.

use std::path::{Path, PathBuf};

/// Makes `name` absolute: `~/` is the home directory, anything relative counts from the directory
/// in which the command was given (as the older tools did), whatever becomes of the current
/// directory later. `%d/` is the directory of the credentials that systemd has handed over.
///
/// # Errors
/// A text naming the reason: no home directory, or the current directory is gone.
pub(crate) fn resolve(name: &str) -> Result<PathBuf, String> {
    let name = name.trim();
    if let Some(rest) = name.strip_prefix("%d/") {
        let given = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let given = given.ok_or("%d is the directory of systemd's credentials, and none were handed to this process (LoadCredential=)")?;
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
