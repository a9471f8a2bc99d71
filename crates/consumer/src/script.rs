//! Scripts that `EXECUTE` events bring: each runs once, in its place between the changes, in the batch's transaction.

use pg::Session;
use pgq::replay;
use pgq::script::{self, Attributes, Need};
use tracing::info;

use crate::error::During;
use crate::{Result, Worker};

/// What a script may find, and what it may leave: constraints that are still to be checked would keep it from altering
/// their tables, and settings of the session would change how values are read.
pub(crate) async fn perform(
    worker: &Worker,
    target: &Session,
    bypass_triggers: bool,
    script: &str,
    sql: &str,
    attributes: &[(String, Option<String>)],
) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let client = &**target;
    if worker.config.drops_scripts() {
        info!(job, queue, script, "script is not run: local_only_drop_execute");
        return Ok(());
    }
    let attributes = Attributes::of_event(attributes)?;
    if !script::start(client, queue, script, sql, false, &attributes).await? {
        info!(job, queue, script, "script has been run here, or was skipped by hand");
        return Ok(());
    }
    match attributes.need(client, queue, sql).await? {
        Need::Nothing => info!(job, queue, script, "script is not needed on this node"),
        Need::Run(text) => {
            check_constraints(target).await?;
            set_role(target, bypass_triggers, "local").await?;
            script::run(client, script, &text).await?;
            set_role(target, bypass_triggers, "replica").await?;
            let (settle, limits) =
                ("set constraints all deferred; reset role; reset search_path", worker.config.limits);
            let settle = format!("{settle}; {}; {}", limits.as_sql(), limits.unhurried().as_local_sql());
            target.batch_execute(&settle).await.during("going on after a script")?;
            apply::pin_session(client).await?;
            info!(job, queue, script, "script was run");
        }
    }
    Ok(script::finish(client, queue, script).await?)
}

/// As far as they hold by now: what a transaction of the source had not completed when the script's event was written
/// is checked later.
async fn check_constraints(target: &Session) -> Result<()> {
    let check =
        "savepoint londiste_rs_script; set constraints all immediate; release savepoint londiste_rs_script";
    if target.batch_execute(check).await.is_err() {
        let back = "rollback to savepoint londiste_rs_script; release savepoint londiste_rs_script";
        target.batch_execute(back).await.during("going back before a script")?;
    }
    Ok(())
}

/// A script is the node's own: its triggers fire, where they can be kept quiet for replay.
async fn set_role(target: &Session, bypass_triggers: bool, role: &str) -> Result<()> {
    if bypass_triggers {
        replay::set_role(&**target, role).await.during("londiste.set_session_replication_role")?;
    }
    Ok(())
}
