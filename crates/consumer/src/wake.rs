//! Wake-up of a worker: a ring in its own process, a notification of a ticker or a command in another one, or the end
//! of its patience.

use std::time::Duration;

use parts::Bell;
use parts::bell::Listener;
use pg::Session;
use pgq::maintenance::{ASKED_FOR, TICKS};
use pgq::table::TABLES;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The shortest wait while nobody announces ticks.
const SHORTEST: Duration = Duration::from_millis(50);

/// What passes between two batches, before there were any.
const FIRST: Duration = Duration::from_secs(1);

/// Waits between two looks for a batch.
///
/// While ticks are announced (the ticker is in this process, or notifies) a wait lasts until then. Where they are not
/// (a stock ticker, or a pooler that keeps notifications) it looks ten times in the time that passes between batches,
/// so that a busy queue is looked at often and an idle one seldom.
pub(crate) struct Wake {
    bell: Listener,
    ticks: Listener,
    announced: bool,
    last: Instant,
    gap: Duration,
    /// How the last wait ended, until the next batch.
    waited: Option<Waited>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waited {
    Rung,
    Announced,
    InVain,
}

impl Wake {
    /// Listens to both bells, and where that is possible to the provider's ticker and to commands on the node.
    pub(crate) async fn listen(bell: &Bell, ticks: &Bell, provider: &Session, target: &Session) -> Wake {
        // not every pooler lets LISTEN pass; nothing depends on it
        for (session, channel) in [(provider, TICKS), (target, TABLES)] {
            if let Err(error) = session.batch_execute(&format!("listen {channel}")).await {
                let error = pg::Error::from(error);
                tracing::debug!(channel, "it is looked for what could have been listened to: {error}");
            }
        }
        let (bell, ticks) = (bell.listen(), ticks.listen());
        Wake { bell, ticks, announced: false, last: Instant::now(), gap: FIRST, waited: None }
    }

    /// Forgets what was heard before: to be called before looking at what the next wait is about.
    pub(crate) fn hush(&mut self, provider: &Session, target: &Session) {
        self.bell.hush();
        self.ticks.hush();
        provider.hush();
        target.hush();
    }

    /// Whether the last wait ended because of a ring or a notification.
    pub(crate) fn has_heard(&self) -> bool {
        self.waited.is_some_and(|waited| waited != Waited::InVain)
    }

    /// Whether the last wait ended because of a ring, or a notification on this node: something has changed here.
    pub(crate) fn was_rung(&self) -> bool {
        self.waited == Some(Waited::Rung)
    }

    /// Whether something was heard since [`hush`](Self::hush).
    pub(crate) fn hears(&self, provider: &Session, target: &Session) -> bool {
        let rung = self.bell.has_rung() || self.ticks.has_rung();
        rung || provider.has_notification() || target.has_notification()
    }

    /// Whether each tick is told of.
    pub(crate) fn is_announced(&self) -> bool {
        self.announced
    }

    /// There was a batch.
    pub(crate) fn found(&mut self) {
        match self.waited.take() {
            Some(Waited::Announced) => self.announced = true,
            Some(Waited::InVain) => self.announced = false,
            Some(Waited::Rung) | None => {}
        }
        self.gap = self.last.elapsed();
        self.last = Instant::now();
    }

    /// Waits until it is worth looking again, at most as long as given, or until stopped.
    pub(crate) async fn wait(
        &mut self,
        provider: &Session,
        target: &Session,
        longest: Duration,
        stop: &CancellationToken,
    ) {
        let patience = if self.announced {
            longest
        } else {
            (self.gap.max(self.last.elapsed()) / 10).clamp(SHORTEST.min(longest), longest)
        };
        self.waited = Some(tokio::select! {
            () = stop.cancelled() => Waited::InVain,
            rung = self.bell.rung(patience) => if rung { Waited::Rung } else { Waited::InVain },
            rung = self.ticks.rung(longest) => if rung { Waited::Announced } else { Waited::InVain },
            // a lost connection shows in the next statement
            heard = provider.notification() => match heard {
                Ok(notification) if notification.payload() == ASKED_FOR => Waited::Rung,
                Ok(_) => Waited::Announced,
                Err(_) => Waited::InVain,
            },
            heard = target.notification() => if heard.is_ok() { Waited::Rung } else { Waited::InVain },
        });
    }
}
