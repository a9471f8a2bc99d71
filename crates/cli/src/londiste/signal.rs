//! `-s`, `-k`, `-r`: a word to the running worker.

use std::path::Path;

use anyhow::Result;
use daemon::Ini;
use daemon::control::{Signal, signal};

use super::Outcome;
use super::terminal::Terminal;

pub(crate) fn send(ini: &Path, what: Signal, terminal: Terminal) -> Result<Outcome> {
    let pidfile = Ini::load(ini, &[])?.pidfile("londiste")?;
    let pid = signal(&pidfile, what)?;
    let done = match what {
        Signal::Stop => "stopped",
        Signal::Kill => "killed",
        Signal::Reload => "told to reload",
    };
    terminal.say(&format!("process {pid} {done}"));
    Ok(Outcome::Done)
}
