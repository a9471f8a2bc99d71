//! `stop`, `reload`, `kill`: a signal to each process that runs a job of the ini files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daemon::Error;
use daemon::control::{self, Signal};

use super::arguments::Files;
use super::files::expanded;
use super::pidfile;

/// One signal for each process, however many of the jobs it runs; false when a job does not run.
pub(crate) fn send(files: &Files, signal: Signal, quiet: bool) -> Result<bool, Error> {
    let mut processes: BTreeMap<i32, PathBuf> = BTreeMap::new();
    let mut all = true;
    for file in expanded(&files.files)? {
        let pidfile = pidfile(&file)?;
        match control::running(&pidfile) {
            Ok(pid) => _ = processes.entry(pid).or_insert(pidfile),
            Err(error) => {
                eprintln!("londisted: {}: {error}", file.display());
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
        let pid = control::signal(pidfile, signal)?;
        if !quiet {
            println!("londisted: process {pid} {done}");
        }
    }
    Ok(all)
}
