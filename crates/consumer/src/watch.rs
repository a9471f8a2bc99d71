//! Watch over the migration: where its node stands, for the worker's report. What cannot be learned stops nobody.

use std::sync::Arc;
use std::time::Duration;

use pg::Session;
use pgq::{outlook, queue, switch};
use tracing::debug;

use crate::due::Due;
use crate::error::During;
use crate::stillness::{QUIET_PROVIDER, STILL};
use crate::{Result, Worker};

/// How often the node is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is looked how far a switch is.
const LIVE: Duration = Duration::from_millis(500);
/// How often the provider is asked whether events wait, while no tick brings any.
const LEVEL: Duration = Duration::from_secs(3);
/// How long the provider's word may be old, beside the worker's own pauses: it is asked again within that.
const GRACE: Duration = Duration::from_secs(QUIET_PROVIDER.as_secs() + STILL.as_secs() + 1);

/// What is due for it.
pub(crate) struct Watch {
    look: Due,
    live: Due,
    level: Due,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch { look: Due::now(), live: Due::now(), level: Due::now() }
    }

    /// Looks at the node, when that is due; while a switch is under way oftener at what is recorded of it. `size` tells
    /// the bytes of tables that wait for their copies.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn look(
        &mut self,
        worker: &Worker,
        target: &Session,
        size: impl Fn(&str) -> Option<i64>,
    ) -> Result<()> {
        if !self.look.comes(LOOK) {
            return if is_live(worker) { self.look_at_switch(worker, target).await } else { Ok(()) };
        }
        match outlook::look(target, &worker.config.queue_name).await {
            Err(error) if error.is_connection_lost() => return Err(error.into()),
            Err(error) => {
                debug!("where the migration stands cannot be told: {error}");
                worker.report.note(|facts| facts.outlook = None);
            }
            Ok(mut seen) => {
                seen.tables.iter_mut().for_each(|table| table.size = size(&table.name));
                worker.report.tell(|facts| facts.outlook = Some(Arc::new(seen)));
            }
        }
        Ok(())
    }

    /// The same for what is recorded of the switch alone: a query of one row, since the outage waits for this worker.
    ///
    /// # Errors
    /// The connection is lost.
    async fn look_at_switch(&mut self, worker: &Worker, target: &Session) -> Result<()> {
        if !self.live.comes(LIVE) {
            return Ok(());
        }
        let recorded = switch::recorded(&**target, &worker.config.queue_name).await?;
        worker.report.tell(|facts| {
            if let Some(seen) = facts.outlook.as_mut().filter(|seen| seen.switch != recorded) {
                Arc::make_mut(seen).switch = recorded;
            }
        });
        Ok(())
    }

    /// No tick has come: asks the provider, when that is due, whether events wait for one.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn level(&mut self, worker: &Worker, provider: &Session) -> Result<()> {
        if !self.level.comes(LEVEL) {
            return Ok(());
        }
        let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
        let asked = queue::nothing_waits(&**provider, queue, consumer).await;
        match asked.during("asking the provider whether events wait") {
            Ok(true) => worker.report.level(grace(worker)),
            Ok(false) => worker.report.behind(),
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => {
                debug!("whether events wait cannot be told: {error}");
                worker.report.behind();
            }
        }
        Ok(())
    }

    /// Nothing has happened at the provider since it was asked: no event waits now if none waited then.
    pub(crate) fn still_level(&self, worker: &Worker) {
        if worker.report.facts().level.is_some_and(|level| level.until.is_some()) {
            worker.report.level(grace(worker));
        }
    }
}

/// How long the word that no events wait is good.
fn grace(worker: &Worker) -> Duration {
    GRACE + worker.config.loop_delay * 2
}

/// Whether a switch is known to be under way.
pub(crate) fn is_live(worker: &Worker) -> bool {
    let seen = worker.report.facts().outlook;
    seen.as_ref().and_then(|seen| seen.switch.as_ref()).is_some_and(|known| known.is_under_way())
}
