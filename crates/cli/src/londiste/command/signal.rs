//! `-s`, `-k`, `-r`: a word to the running worker.

use std::path::Path;

use anyhow::Result;
use daemon::control::{Signal, signal};
use daemon::{Error, Ini};

use crate::londiste::support::outcome::Outcome;
use crate::terminal::Terminal;

pub(crate) fn send(ini: &Path, what: Signal, terminal: Terminal) -> Result<Outcome> {
    let pidfile = Ini::load(ini, &[])?.pidfile("londiste")?;
    let pid = match signal(&pidfile, what) {
        // as the stock tool: scripts that stop a worker twice go on
        Err(Error::NotRunning { reason }) => {
            terminal.warn(&format!("no process of {} runs: {reason}", ini.display()));
            return Ok(Outcome::Done);
        }
        sent => sent?,
    };
    let done = match what {
        Signal::Stop => "stopped",
        Signal::Kill => "killed",
        Signal::Reload => "told to reload",
    };
    terminal.say(&format!("process {pid} {done}"));
    Ok(Outcome::Done)
}
