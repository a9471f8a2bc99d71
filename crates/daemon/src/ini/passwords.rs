//! Passwords in files of their own, and ini files that others can read.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pg::ConnectString;

use super::file::{DEFAULTS, Ini, Pairs, read};
use crate::control;
use crate::path::{credentials_of, resolve_with};

/// Which key's file holds the password of which connect string.
const FILES: [(&str, &str, &str); 3] = [
    ("pgqd", "password_file", "base_connstr"),
    ("londiste", "password_file", "db"),
    ("londiste", "remote_password_file", "remote_extra_connstr"),
];

/// Puts the passwords of `password_file` and `remote_password_file` where they belong. The answer: keys, and what is
/// wrong with them.
pub(super) fn fill(section: &str, values: &mut Pairs) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    for (_, key, target) in FILES.iter().filter(|(of, _, _)| *of == section) {
        let Some(file) = values.get(*key) else { continue };
        let connect = values.get(*target).cloned().unwrap_or_default();
        match filled(Path::new(file), &connect) {
            // What is wrong with the connect string itself is told where it is read.
            Ok(None) => {}
            Ok(Some(connect)) => _ = values.insert((*target).to_owned(), connect),
            Err(text) => problems.push((*key, text.replace("TARGET", target))),
        }
    }
    problems
}

fn filled(file: &Path, connect: &str) -> Result<Option<String>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        return Err("its first line should be the password, and is empty".into());
    }
    let Ok(connect) = connect.parse::<ConnectString>() else { return Ok(None) };
    if connect.get("password").is_some() {
        return Err("there is a password in TARGET as well: one of the two has to go".into());
    }
    Ok(Some(connect.with("password", password).to_conninfo()))
}

impl Ini {
    /// A file name. Credentials of systemd are this process's, or those of the process that runs the job.
    pub(super) fn path(&self, section: &str, name: &str) -> Result<PathBuf, String> {
        resolve_with(name, || {
            let pidfile = self.pidfile(section).ok()?;
            credentials_of(control::running(&pidfile).ok()?)
        })
    }

    /// A warning for each file with a password that everybody on this machine can read.
    pub(super) fn exposed(&self, section: &str) -> Vec<String> {
        let raw = self.raw(section);
        let names = self.names(section, &raw).unwrap_or_default();
        // what the environment gives does not stand in the file
        let written = self.names(section, &self.written(section)).unwrap_or_default();
        let mut lines = Vec::new();
        let holds = [
            "db",
            "base_connstr",
            "public_node_location",
            "initial_provider_location",
            "remote_extra_connstr",
        ]
        .iter()
        .find(|key| {
            let mut here = [section, DEFAULTS].into_iter().filter_map(|of| self.sections.get(of)?.get(**key));
            here.next()
                .and_then(|text| read(section, text, &written).ok()?.parse::<ConnectString>().ok())
                .is_some_and(|read| read.get("password").is_some())
        });
        if let Some(key) = holds
            && is_open_to_all(&self.file)
        {
            lines.push(format!(
                "{}: everybody on this machine can read the password in {key}; chmod 600, or use password_file",
                self.file.display()
            ));
        }
        for (_, key, _) in FILES.iter().filter(|(of, _, _)| *of == section) {
            let file =
                raw.get(*key).and_then(|name| self.path(section, &read(section, name, &names).ok()?).ok());
            if let Some(file) = file.filter(|file| is_open_to_all(file)) {
                lines.push(format!("{}: everybody on this machine can read it; chmod 600", file.display()));
            }
        }
        lines
    }
}

fn is_open_to_all(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}
