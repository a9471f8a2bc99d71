//! Background start of the daemon. The command on the terminal ends when the daemon is ready, or tells why it is not.

use std::io::{PipeReader, PipeWriter, Read, Write};

use daemonize::{Daemonize, Outcome};

use crate::Error;

/// First byte on the pipe when all went well; anything else is an error text.
const READY: &[u8] = b"\0";

/// Which of the two processes goes on here.
#[derive(Debug)]
pub(crate) enum Side {
    /// The one on the terminal: only has to wait.
    Terminal(Waiting),
    /// The one in the background.
    Daemon(Announce),
}

/// The daemon's word on how its start went.
#[derive(Debug)]
pub(crate) struct Announce(PipeWriter);

/// The terminal's wait for that word.
#[derive(Debug)]
pub(crate) struct Waiting(PipeReader);

/// Forks away from the terminal, staying in the current directory: relative names in ini files and connect strings
/// mean the same as before, also when they are read again. Must be called before any thread or runtime exists.
pub(crate) fn fork() -> Result<Side, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Background(error.to_string());
    let (reader, writer) = std::io::pipe().map_err(|error| failed(&error))?;
    let here = std::env::current_dir().map_err(|error| failed(&error))?;
    match Daemonize::new().working_directory(here).umask(0o027).execute() {
        Outcome::Parent(Err(error)) => Err(failed(&error)),
        Outcome::Parent(Ok(_)) => {
            drop(writer);
            Ok(Side::Terminal(Waiting(reader)))
        }
        Outcome::Child(forked) => {
            drop(reader);
            let announce = Announce(writer);
            match forked {
                Ok(_) => Ok(Side::Daemon(announce)),
                Err(error) => {
                    let error = failed(&error);
                    announce.failed(&error);
                    Err(error)
                }
            }
        }
    }
}

impl Announce {
    /// The checks have passed: the command on the terminal may end.
    pub(crate) fn ready(mut self) {
        // Nobody listens any more when the terminal has gone: that changes nothing.
        _ = self.0.write_all(READY);
    }

    /// The start failed: the command on the terminal prints this and fails.
    pub(crate) fn failed(mut self, error: &Error) {
        _ = self.0.write_all(error.to_string().as_bytes());
    }
}

impl Waiting {
    /// Returns when the daemon is ready.
    ///
    /// # Errors
    /// What the daemon said, or that it died without a word.
    pub(crate) fn wait(mut self) -> Result<(), Error> {
        let mut word = Vec::new();
        self.0.read_to_end(&mut word).map_err(|error| Error::Background(error.to_string()))?;
        match word.as_slice() {
            READY => Ok(()),
            [] => {
                Err(Error::Background("the daemon ended while it started; its log file may tell why".into()))
            }
            text => Err(Error::Startup(String::from_utf8_lossy(text).into_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_hears_how_it_went() {
        let heard = |speak: fn(Announce)| {
            let (reader, writer) = std::io::pipe().unwrap();
            speak(Announce(writer));
            Waiting(reader).wait().map_err(|error| error.to_string())
        };
        assert_eq!(heard(Announce::ready), Ok(()));
        assert_eq!(heard(|a| a.failed(&Error::Startup("no luck".into()))), Err("no luck".into()));
        assert!(heard(drop).unwrap_err().contains("ended while it started"));
    }
}
