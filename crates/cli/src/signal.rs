//! `-s`, `-k`, `-r`: a word to the running process of an ini file, as pgqd and londiste have them.

use std::path::Path;

use anyhow::Result;
use daemon::control::{Signal, signal};
use daemon::{Error, Ini};

use crate::terminal::Terminal;

/// Tells the process of a file with this section. Other keys of the file may be wrong: that keeps nobody from stopping
/// what runs.
pub(crate) fn send(ini: &Path, section: &str, what: Signal, terminal: Terminal) -> Result<()> {
    let pidfile = Ini::load(ini, &[])?.pidfile(section)?;
    let pid = match signal(&pidfile, what) {
        // as the stock tools: scripts that stop a process twice go on
        Err(Error::NotRunning { reason }) => {
            terminal.warn(&format!("no process of {} runs: {reason}", ini.display()));
            return Ok(());
        }
        sent => sent?,
    };
    let done = match what {
        Signal::Stop => "stopped",
        Signal::Kill => "killed",
        Signal::Reload => "told to reload",
    };
    terminal.say(&format!("process {pid} {done}"));
    Ok(())
}
