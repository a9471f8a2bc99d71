//! Words to systemd (`Type=notify`): ready, what it does, that it lives. Says nothing where nobody listens.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::status::Jobs;

/// Between two looks at the jobs.
const BEAT: Duration = Duration::from_secs(1);
/// A runtime that does not run an empty task for so long does not live.
const PULSE: Duration = Duration::from_secs(1);

/// What systemd has been told.
#[derive(Debug)]
pub(crate) struct Notifier {
    listening: bool,
    watchdog: bool,
    ready: bool,
    said: String,
    beat: Duration,
}

impl Notifier {
    /// Reads the environment. In the background systemd knows another process, which has ended.
    pub(crate) fn new(background: bool) -> Notifier {
        let listening = !background && std::env::var_os("NOTIFY_SOCKET").is_some();
        let watchdog = sd_notify::watchdog_enabled().filter(|_| listening);
        let beat = watchdog.map_or(BEAT, |limit| BEAT.min(limit / 3)).max(Duration::from_millis(10));
        Notifier { listening, watchdog: watchdog.is_some(), ready: false, said: String::new(), beat }
    }

    /// When [`Notifier::look`] is due.
    pub(crate) async fn due(&self) {
        match self.listening {
            true => tokio::time::sleep(self.beat).await,
            false => std::future::pending().await,
        }
    }

    /// Tells readiness when every job's work has once gone well, the state in words when it has changed, and that the
    /// process lives: the loop that steers it comes here, and the runtime still runs tasks. A database that is away is
    /// no reason to be killed.
    pub(crate) async fn look(&mut self, jobs: &Jobs) {
        let mut words = Vec::new();
        if !self.ready && jobs.are_ready() {
            self.ready = true;
            words.push(NotifyState::Ready);
        }
        let line = jobs.line();
        if line != self.said {
            words.push(NotifyState::Status(&line));
        }
        if self.watchdog && tokio::time::timeout(PULSE, tokio::spawn(async {})).await.is_ok() {
            words.push(NotifyState::Watchdog);
        }
        self.tell(&words);
        self.said = line;
    }

    /// The settings are read again. Done at once: parts are started anew one by one.
    pub(crate) fn reloading(&self) {
        let mut words = vec![NotifyState::Reloading];
        words.extend(NotifyState::monotonic_usec_now());
        self.tell(&words);
    }

    /// They have been read.
    pub(crate) fn reloaded(&self) {
        // a unit that was not ready before is not made so by this
        if self.ready {
            self.tell(&[NotifyState::Ready]);
        }
    }

    /// The process ends.
    pub(crate) fn stopping(&self) {
        self.tell(&[NotifyState::Stopping]);
    }

    fn tell(&self, words: &[NotifyState<'_>]) {
        if self.listening
            && !words.is_empty()
            && let Err(error) = sd_notify::notify(words)
        {
            tracing::debug!("systemd could not be told: {error}");
        }
    }
}
