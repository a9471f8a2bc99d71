//! Position of this node, compared with its subscription at the provider: one of the two servers may have been set
//! back, by a failover to a copy that lacked its last seconds or by a restore.

use pg::Session;
use pgq::position::{self, Kept};
use pgq::{Batch, batch, node};

use crate::misfit::Misfit;
use crate::{Error, Result, Worker};

/// The position of this worker, as far as it is known which tick it is.
pub(crate) struct Position(Option<Kept>);

/// What a batch is to this node.
pub(crate) enum Fit {
    /// It comes next.
    Next,
    /// It was committed here, and not finished at the provider.
    Applied,
}

impl Position {
    /// Compares both sides before anything is read or written.
    ///
    /// # Errors
    /// [`Error::LostPosition`].
    pub(crate) async fn compare(worker: &Worker, provider: &Session, target: &Session) -> Result<Position> {
        let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
        let stands = position::subscription(&**provider, queue, consumer).await?;
        let state = worker.state(target).await?;
        let kept = position::kept(&**target, queue, consumer)
            .await?
            .filter(|kept| kept.tick == state.completed_tick);
        let applied = state.completed_tick;
        let mark = position::mark(&**provider, queue, applied).await?;
        let lost = |misfit| Err(lost(worker, applied, misfit));
        if let (Some(kept), Some(mark)) = (&kept, &mark)
            && !kept.may_be(applied, mark, &state.provider)
        {
            return lost(Misfit::OtherTick { applied: kept.mark.time, there: mark.time });
        }
        match stands {
            Some(s) if s.finished == applied || s.in_hand == Some(applied) => return Ok(Position(kept)),
            // another worker of this node may have gone on between the two questions: it is told of that where it
            // claims its batch
            _ if position::subscription(&**provider, queue, consumer).await? != stands => {
                return Ok(Position(kept));
            }
            _ => {}
        }
        let newest = batch::last_tick(&**provider, queue).await?.unwrap_or_default();
        lost(match stands {
            _ if applied > newest => {
                Misfit::ProviderBehind { newest, applied: kept.map(|kept| kept.mark.time) }
            }
            None => Misfit::Unsubscribed,
            Some(s) if s.finished > applied => {
                Misfit::NodeBehind { finished: s.finished, kept: mark.is_some() }
            }
            Some(s) => Misfit::Moved { finished: s.finished },
        })
    }

    /// Compares the position with a batch.
    ///
    /// # Errors
    /// [`Error::LostPosition`].
    pub(crate) async fn fit(
        &mut self,
        worker: &Worker,
        provider: &Session,
        target: &Session,
        state: &node::ConsumerState,
        batch: &Batch,
    ) -> Result<Fit> {
        let applied = state.completed_tick;
        if applied != batch.tick && applied != batch.previous_tick {
            *self = Position::compare(worker, provider, target).await?;
            return Err(lost(worker, applied, Misfit::Moved { finished: batch.previous_tick }));
        }
        if self.0.as_ref().is_none_or(|kept| kept.tick != applied) {
            let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
            self.0 = position::kept(&**target, queue, consumer).await?;
        }
        let mark = if applied == batch.tick { Some(&batch.mark) } else { batch.previous_mark.as_ref() };
        if let (Some(kept), Some(mark)) = (&self.0, mark)
            && !kept.may_be(applied, mark, &state.provider)
        {
            let misfit = Misfit::OtherTick { applied: kept.mark.time, there: mark.time };
            return Err(lost(worker, applied, misfit));
        }
        Ok(if applied == batch.tick { Fit::Applied } else { Fit::Next })
    }

    /// A batch has been applied.
    pub(crate) fn applied(&mut self, state: &node::ConsumerState, batch: &Batch) {
        self.0 = Some(Kept { tick: batch.tick, mark: batch.mark.clone(), provider: state.provider.clone() });
    }
}

fn lost(worker: &Worker, completed: i64, misfit: Misfit) -> Error {
    Error::LostPosition {
        consumer: worker.config.consumer().to_owned(),
        queue: worker.config.queue_name.clone(),
        completed,
        misfit,
    }
}
