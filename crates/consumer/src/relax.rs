//! Foreign keys and triggers of replicated tables, where the role may not go past them.

use pg::Session;
use pgq::foreign_key;
use tracing::{info, warn};

use crate::Result;
use crate::error::During;

/// Makes foreign keys deferrable and switches user triggers off where the role may not go past them. A lock that is not
/// to be had now is tried for again at the next look.
pub(crate) async fn relax(job: &str, queue: &str, target: &Session) -> Result<i32> {
    match foreign_key::relax_tables(&**target).await {
        Ok(changes) => {
            if changes > 0 {
                info!(
                    job,
                    queue,
                    changes,
                    "foreign keys made deferrable and user triggers switched off while replicated"
                );
            }
            Ok(changes)
        }
        Err(error) => {
            let error = pg::Error::from(error);
            if !error.is_lock_timeout() {
                return Err(error).during("relaxing foreign keys and triggers of replicated tables");
            }
            warn!(
                job,
                queue,
                "foreign keys and triggers of replicated tables are locked by others, trying again: {error}"
            );
            Ok(0)
        }
    }
}

/// Brings back what was relaxed while this node was a leaf: nothing of it is left on a root. False where a lock was not
/// to be had: it is tried for again at the next look.
pub(crate) async fn restore(job: &str, queue: &str, target: &Session) -> Result<bool> {
    let (mut changes, mut all) = (0, true);
    loop {
        match foreign_key::restore_one_relaxed(&**target).await.map_err(pg::Error::from) {
            Ok(0) => break,
            Ok(more) => changes += more,
            Err(error) if error.is_lock_timeout() => {
                warn!(
                    job,
                    queue, "foreign keys of this root's tables are locked by others, trying again: {error}"
                );
                all = false;
                break;
            }
            Err(error) => {
                return Err(error).during("bringing foreign keys and triggers of this root's tables back");
            }
        }
    }
    if changes > 0 {
        info!(job, queue, changes, "foreign keys and user triggers are as before replication");
    }
    Ok(all)
}
