//! One worker for each node: two of them (two ini files, two machines) would apply a batch twice.

use pg::Session;
use pgq::Batch;

use crate::error::During;
use crate::{Error, Result, Worker};

const LOCK: &str = "select pg_try_advisory_xact_lock(hashtext('londiste_rs.worker'), hashtext(concat($1::text, ' ', $2::text)))";

/// Sessions of other roles tell their process only.
const HOLDER: &str = "\
select l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine')
  from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
   and l.classid::int8 = hashtext('londiste_rs.worker')::int8 & 4294967295
   and l.objid::int8 = hashtext(concat($1::text, ' ', $2::text))::int8 & 4294967295";

/// Makes the transaction in hand the only one that applies a batch of this node, as long as it lasts. What was read of the position before
/// may have changed until then.
///
/// # Errors
/// [`Error::Rival`]: another session applies a batch, or has applied this one.
pub(crate) async fn claim(worker: &Worker, target: &Session, batch: &Batch) -> Result<()> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    // sent together, in this order: two statements, so that the second one sees what was committed before the lock was had
    let locked = async { target.query_one(LOCK, &[&queue, &consumer]).await.during("claiming the batch") };
    let (locked, state) = tokio::try_join!(biased; locked, worker.state(target))?;
    let rival = if !locked.get::<_, bool>(0) {
        match target.query_opt(HOLDER, &[&queue, &consumer]).await.during("looking who works on the node")? {
            Some(row) => {
                let (pid, application, from): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
                format!("server process {pid} for application \"{application}\" on {from}")
            }
            None => "it has ended just now".to_owned(),
        }
    } else if state.completed_tick != batch.previous_tick {
        format!("it has applied tick {} just now", state.completed_tick)
    } else {
        return Ok(());
    };
    Err(Error::Rival { consumer: consumer.to_owned(), queue: queue.to_owned(), rival })
}
