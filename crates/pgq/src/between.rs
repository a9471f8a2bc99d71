//! Events between two snapshots, without a consumer.
//!
//! A batch is what one tick's snapshot does not see and a later one's does. The same holds of any two snapshots of the
//! root, as long as no event table has been emptied since the first one was taken; [`Rotation`] tells that.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio_postgres::GenericClient;
use tokio_postgres::types::{ToSql, Type};

use crate::call::{failed, row};
use crate::event::Event;
use crate::reading::{COLUMNS, RAW_TEXTS};
use crate::{Result, Snapshot};

/// Which event table is written into now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    current: i32,
    tables: i32,
    switched_by: i64,
}

impl Rotation {
    /// Whether what was written when this was asked is still there: an event table is emptied no sooner than by the
    /// last rotation but one of a round.
    pub fn keeps_until(&self, later: &Rotation) -> bool {
        let next = (self.current + 1) % self.tables.max(1);
        self.switched_by == later.switched_by || (self.tables > 2 && later.current == next)
    }
}

/// Asks which event table is written into.
pub async fn rotation<C: GenericClient>(client: &C, queue: &str) -> Result<Rotation> {
    let sql =
        "select queue_cur_table, queue_ntables, queue_switch_step1 from pgq.queue where queue_name = $1";
    let found = row(client, "looking at the queue's rotation", sql, &[&queue]).await?;
    Ok(Rotation { current: found.get(0), tables: found.get(1), switched_by: found.get(2) })
}

/// Events of some tables that `earlier` does not see and `later` does, in order, as they arrive.
pub async fn events<C: GenericClient>(
    client: &C,
    queue: &str,
    (earlier, later): (&Snapshot, &Snapshot),
    tables: &[String],
) -> Result<Pin<Box<dyn Stream<Item = Result<Event>> + Send>>> {
    const WHAT: &str = "reading the events between two snapshots";
    let sql = "select queue_data_pfx, current_setting('server_encoding') = 'SQL_ASCII' from pgq.queue \
                where queue_name = $1";
    let found = row(client, "looking for the queue's event tables", sql, &[&queue]).await?;
    let prefix: String = found.get(0);
    let parent = pg::QualifiedName::from_plain(&prefix);
    let texts = if found.get(1) { RAW_TEXTS } else { COLUMNS };
    let (running, next) = earlier.unseen();
    let (not_yet, end) = later.unseen();
    // the union lets the index on transactions serve both
    let sql = format!(
        "select {texts} from ( \
            select * from {parent} where ev_txid >= $1 and ev_txid < $2 \
             union all \
            select * from {parent} where ev_txid = any ($3) and ev_txid < $1) e \
          where ev_txid <> all ($4) and ev_extra1 = any ($5) order by ev_id"
    );
    let parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![
        (&next, Type::INT8),
        (&end, Type::INT8),
        (&running, Type::INT8_ARRAY),
        (&not_yet, Type::INT8_ARRAY),
        (&tables, Type::TEXT_ARRAY),
    ];
    let rows = client.query_typed_raw(&sql, parameters).await.map_err(failed(WHAT))?;
    Ok(Box::pin(
        rows.map_err(|source| failed(WHAT)(source))
            .map(|row| row.and_then(|row| Event::from_row(&row).map_err(|source| failed(WHAT)(source)))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rotation_empties_nothing_that_is_young() {
        let at = |current, switched_by| Rotation { current, tables: 3, switched_by };
        assert!(at(1, 10).keeps_until(&at(1, 10)) && at(2, 10).keeps_until(&at(0, 20)));
        assert!(!at(1, 10).keeps_until(&at(1, 40)) && !at(1, 10).keeps_until(&at(0, 30)));
        let two = |current, switched_by| Rotation { current, tables: 2, switched_by };
        assert!(!two(0, 10).keeps_until(&two(1, 20)), "the one before is emptied next");
    }
}
