//! `stop`, `reload`, `kill`: a signal to each process that runs a job of the ini files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daemon::Error;
use daemon::control::{self, Signal};
use daemon::files::expanded;

use super::arguments::Files;
use super::job_file::{about, pidfile};
use crate::terminal::Terminal;

/// One signal for each process, however many of the jobs it runs; false when a job does not run, or a process was not
/// to be told. The others are told all the same.
pub(crate) fn send(files: &Files, signal: Signal, terminal: Terminal) -> Result<bool, Error> {
    let mut processes: BTreeMap<i32, PathBuf> = BTreeMap::new();
    let mut all = true;
    for file in expanded(&files.files)? {
        let found = pidfile(&file).and_then(|pidfile| Ok((control::running(&pidfile)?, pidfile)));
        match found {
            Ok((pid, pidfile)) => _ = processes.entry(pid).or_insert(pidfile),
            Err(error) => {
                terminal.complain(&about(&file, &error));
                all = false;
            }
        }
    }
    let done = match signal {
        Signal::Stop => "stopped",
        Signal::Kill => "killed",
        Signal::Reload => "told to reload",
    };
    for pidfile in processes.values() {
        match control::signal(pidfile, signal) {
            Ok(pid) => terminal.say(&format!("londisted: process {pid} {done}")),
            Err(error) => {
                terminal.complain(&error.to_string());
                all = false;
            }
        }
    }
    Ok(all)
}
