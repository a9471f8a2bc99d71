//! One worker for each node: two of them (two ini files, two machines) would apply a batch twice.

use pg::Session;
use pgq::{Batch, adoption};

use crate::error::During;
use crate::{Error, Result, Worker, subscriber};

const LOCK: &str =
    "pg_try_advisory_xact_lock(hashtext('londiste_rs.worker'), hashtext(concat($1::text, ' ', $2::text)))";

/// Sessions of other roles tell their process only.
const HOLDER: &str = "\
select l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine')
  from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
   and l.classid::int8 = hashtext('londiste_rs.worker')::int8 & 4294967295
   and l.objid::int8 = hashtext(concat($1::text, ' ', $2::text))::int8 & 4294967295";

/// Makes the transaction in hand the only one that applies a batch of this node, as long as it lasts. What was read of the position before
/// may have changed until then. Answers the tables that copies have handed over with their snapshots, of which there are no more until it ends.
///
/// # Errors
/// [`Error::Rival`]: another session applies a batch, or has applied this one.
pub(crate) async fn claim(worker: &Worker, target: &Session, batch: &Batch) -> Result<Vec<(String, String)>> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    // sent together: statements of their own, so that the later ones see what was committed before the locks were had
    let sql = format!(
        "select l.alone, case when l.alone then {}::text end from (select {LOCK} as alone offset 0) l",
        adoption::HOLD
    );
    let locked = async { target.query_one(&sql, &[&queue, &consumer]).await.during("claiming the batch") };
    let adopted = async { Ok(adoption::adopted(&**target, queue).await?) };
    let (locked, state, adopted) = tokio::try_join!(locked, subscriber::state(worker, target), adopted)?;
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
        return Ok(adopted);
    };
    Err(Error::Rival { consumer: consumer.to_owned(), queue: queue.to_owned(), rival })
}
