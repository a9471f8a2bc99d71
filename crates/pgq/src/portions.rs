//! Portions of a large batch: the events of some ticks each, one portion behind the other.
//!
//! The server has to sort all that a statement reads before it sends the first row. A batch that is read in portions,
//! still by one statement, comes as soon as the first of them is sorted; the server sorts the next one while the
//! reader works on what it has sent. Events stay in an order in which they may be applied: a transaction that saw
//! another one's changes is seen by no tick that does not see that one as well.

use tokio_postgres::GenericClient;

use crate::call::rows;
use crate::snapshot::Snapshot;
use crate::{Error, Result};

/// Where so many transactions have begun since the oldest one that was running, each portion would look through too
/// many events of others.
const FAR: i64 = 100_000;

/// SQL conditions on `ev_txid` that divide the events between two ticks, of which the first one is `begin`, into
/// portions of about so many, since no tick is divided; empty where they are to be read as a whole.
pub(crate) async fn of<C: GenericClient>(
    client: &C,
    queue: &str,
    (first, last): (i64, i64),
    begin: &str,
    events: i64,
) -> Result<Vec<String>> {
    let sql = "select tick_id, tick_snapshot::text \
                 from (select k.tick_id, k.tick_snapshot, \
                              row_number() over (partition by (k.tick_event_seq - l.tick_event_seq - 1) / $4 \
                                                 order by k.tick_id desc) as nth \
                         from pgq.queue q \
                         join pgq.tick l on l.tick_queue = q.queue_id and l.tick_id = $2 \
                         join pgq.tick k on k.tick_queue = q.queue_id and k.tick_id > $2 and k.tick_id <= $3 \
                        where q.queue_name = $1) t \
                where nth = 1 order by tick_id";
    let found = rows(client, "ticks of a batch", sql, &[&queue, &first, &last, &events]).await?;
    let is_whole = found.last().is_some_and(|row| row.get::<_, i64>(0) == last);
    if !is_whole || found.len() < 2 {
        return Ok(Vec::new());
    }
    let snapshots = std::iter::once(begin.to_owned()).chain(found.iter().map(|row| row.get(1)));
    let parsed = snapshots.map(|text| text.parse().map_err(Error::Snapshot)).collect::<Result<Vec<_>>>()?;
    Ok(divide(&parsed).unwrap_or_default())
}

/// Conditions for the events between each snapshot and the next one; `None` where they would not be worth it.
fn divide(snapshots: &[Snapshot]) -> Option<Vec<String>> {
    snapshots.windows(2).map(|pair| pair.first().zip(pair.get(1))).map(|pair| between(pair?)).collect()
}

/// Transactions that the earlier snapshot does not see and the later one does.
fn between((earlier, later): (&Snapshot, &Snapshot)) -> Option<String> {
    let (running, next) = earlier.unseen();
    let (not_yet, end) = later.unseen();
    let oldest = running.iter().copied().min().unwrap_or(next).min(next);
    let list = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    (next - oldest < FAR).then(|| {
        format!(
            "ev_txid >= {oldest} and ev_txid < {end} \
             and (ev_txid >= {next} or ev_txid = any ('{{{}}}'::int8[])) \
             and ev_txid <> all ('{{{}}}'::int8[])",
            list(running),
            list(not_yet)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(snapshots: &[&str]) -> Option<Vec<String>> {
        let parsed: Vec<Snapshot> = snapshots.iter().map(|text| text.parse().unwrap()).collect();
        divide(&parsed)
    }

    #[test]
    fn portions_follow_each_other_from_snapshot_to_snapshot() {
        let portions = divided(&["10:20:12,15", "15:30:15,28", "40:40:"]).unwrap();
        assert_eq!(
            portions,
            [
                "ev_txid >= 12 and ev_txid < 30 and (ev_txid >= 20 or ev_txid = any ('{12,15}'::int8[])) \
                 and ev_txid <> all ('{15,28}'::int8[])",
                "ev_txid >= 15 and ev_txid < 40 and (ev_txid >= 30 or ev_txid = any ('{15,28}'::int8[])) \
                 and ev_txid <> all ('{}'::int8[])",
            ]
        );
    }

    #[test]
    fn a_transaction_that_has_gone_on_for_long_leaves_the_batch_whole() {
        assert!(divided(&["10:20:10", "10:200030:10", "10:200040:10"]).is_none());
    }
}
