//! Subscription of copies at the provider, and tables freed of their foreign keys before their rows go.

use parts::fail_point;
use pgq::table::TableInfo;
use pgq::{batch, foreign_key};
use tracing::info;

use crate::error::During;
use crate::schedule::connections::Sides;
use crate::{Copier, Result};

/// Subscribes consumers of copies at a fresh tick, whatever an earlier attempt has left.
pub(crate) async fn subscribe(sides: &Sides, queue: &str, consumers: &[&str]) -> Result<i64> {
    let tick = batch::subscribe_all(&*sides.provider, queue, consumers).await?;
    fail_point::reached("copy-registered");
    Ok(tick.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?)
}

/// Foreign keys at either end go in a short transaction of their own: their locks on other tables must not last as long
/// as a copy. What cannot go is made deferrable, and user triggers are switched off.
pub(crate) async fn free(copier: &Copier, sides: &mut Sides, infos: &[&TableInfo]) -> Result<()> {
    let dests: Vec<&str> = infos.iter().map(|info| info.dest()).collect();
    let what = || format!("dropping the foreign keys of {}", dests.join(", "));
    let dropped = foreign_key::free(&*sides.target, &dests).await.during(what())?;
    fail_point::reached("fkeys-dropped");
    let (job, queue) = (&copier.config.job_name, &copier.config.queue_name);
    for (info, dropped) in infos.iter().zip(dropped) {
        if dropped > 0 {
            info!(
                job,
                queue,
                table = info.name,
                foreign_keys = dropped,
                "foreign keys are dropped until the table is ok"
            );
        }
    }
    Ok(())
}
