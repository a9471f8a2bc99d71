//! Environment of the process: `PG…` variables, home directory, operating system user.

use std::collections::HashMap;
use std::path::PathBuf;

/// The surroundings a connect string is read in.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) variables: HashMap<String, String>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) user: Option<String>,
}

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("PG"))
            .collect();
        Self { variables, home: std::env::home_dir(), user: whoami::username().ok() }
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A file below the home directory.
    pub(crate) fn at_home(&self, file: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(file))
    }
}
