//! Turn of a copy that waits for connections; one of those that wait looks at the priorities of all.

use std::time::Duration;

use pgq::copy::record::{self, Waiting};
use pgq::table::MergeState;
use tokio::time::{Instant, sleep};

use crate::error::During;
use crate::schedule::permits::{Turn, Waiter};
use crate::schedule::priority::Rank;
use crate::{Copier, Result};

/// How often it is said that a copy stands at the gate.
const SHOW: Duration = Duration::from_secs(1);

/// Waits for the copy's turn. Its rank may change meanwhile: the worker marks tables whether they hold connections or
/// not, and rings.
pub(crate) async fn turn(copier: &Copier, place: &mut Waiter<'_>) -> Result<Turn> {
    let mut bell = copier.bell.listen();
    let delay = copier.config.patience();
    let mut shown = false;
    loop {
        bell.hush();
        let has_its_rows = place.rank().is_none_or(Rank::has_its_rows);
        if has_its_rows {
            look(copier).await?;
        }
        let held = place.rank() == Some(Rank::Begins) && copier.gate.obstacle().is_some();
        if held != shown {
            copier.progress.waits(&copier.table, held);
            shown = held;
        }
        let again = async { if has_its_rows { bell.wait(delay).await } else { sleep(SHOW).await } };
        tokio::select! {
            biased;
            turn = place.turn() => {
                if shown {
                    copier.progress.waits(&copier.table, false);
                }
                return Ok(turn);
            }
            () = again => {}
        }
    }
}

/// Looks at the ranks of all who wait, for all of them; not where another one has looked since this was wanted.
async fn look(copier: &Copier) -> Result<()> {
    let wanted = Instant::now();
    let mut looked = copier.permits.looked.lock().await;
    if looked.is_some_and(|looked| looked > wanted) {
        return Ok(());
    }
    let began = Instant::now();
    let (numbers, tables) = copier.permits.seated();
    let node = copier.connections.report().await?;
    let waiting = record::waiting(&*node, &copier.config.queue_name, &numbers, &tables).await;
    let rank = |waiting: Waiting| {
        let state = MergeState::parse(waiting.state.as_deref()).unwrap_or(MergeState::Ok);
        (waiting.number, Rank::of(state, waiting.begun))
    };
    copier.permits.rank(waiting.during("looking which copies come first")?.into_iter().map(rank));
    *looked = Some(began);
    Ok(())
}
