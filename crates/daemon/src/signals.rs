//! Signals that steer the process, heard on a thread of their own and passed on in order.

use std::io;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;
use tokio::sync::mpsc;

use crate::orphans;

/// A signal that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// SIGINT: stop after what is in hand.
    Interrupt,
    /// SIGTERM: stop at once.
    Terminate,
    /// SIGHUP: read the settings anew, open the logs again.
    Hangup,
}

/// Hears signals until it is dropped.
#[derive(Debug)]
pub(crate) struct Signals {
    heard: mpsc::UnboundedReceiver<Heard>,
    thread: iterator::Handle,
}

impl Signals {
    pub(crate) fn hear() -> io::Result<Signals> {
        let mut signals = iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        if orphans::come_here() {
            signals.add_signal(SIGCHLD)?;
        }
        let thread = signals.handle();
        let (told, heard) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let heard = match signal {
                    SIGCHLD => {
                        orphans::reap();
                        continue;
                    }
                    SIGINT => Heard::Interrupt,
                    SIGTERM => Heard::Terminate,
                    _ => Heard::Hangup,
                };
                if told.send(heard).is_err() {
                    break;
                }
            }
        })?;
        Ok(Signals { heard, thread })
    }

    /// The next signal. Safe to drop at any time.
    pub(crate) async fn next(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            // the thread ends only when this is dropped
            None => std::future::pending().await,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.thread.close();
    }
}
