//! `status`: asks the control socket of each job.

use std::path::{Path, PathBuf};

use daemon::{Error, control, socket};

use super::job_file::{about, pidfile};
use crate::terminal::Terminal;

/// Prints how the jobs fare; false when one of them does not run.
pub(crate) fn show(files: &[PathBuf], json: bool, terminal: Terminal) -> bool {
    let mut all = true;
    for (at, file) in files.iter().enumerate() {
        if at > 0 && !json {
            terminal.print("");
        }
        match ask(file, json) {
            Ok(answer) => terminal.print(answer.trim_end()),
            Err(error) => {
                terminal.complain(&about(file, &error));
                all = false;
            }
        }
    }
    all
}

fn ask(file: &Path, json: bool) -> Result<String, Error> {
    let pidfile = pidfile(file)?;
    control::running(&pidfile)?;
    socket::ask(&pidfile, if json { "status json" } else { "status" })
}
