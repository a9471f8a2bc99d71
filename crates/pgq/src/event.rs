//! Events of a queue.

use pg::raw::RawText;
use tokio_postgres::Row;

/// One event as a batch delivers it, its texts as [`pg::raw`] keeps them. Its columns are `spec` names without their
/// prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Number within the queue, in the order of creation.
    pub id: i64,
    /// Transaction that created it on the root (64 bits, with epoch).
    pub txid: i64,
    /// `ev_type`.
    pub kind: String,
    /// `ev_data`.
    pub data: Option<String>,
    /// `ev_extra1`: mostly the table.
    pub extra1: Option<String>,
    /// `ev_extra2`
    pub extra2: Option<String>,
    /// `ev_extra3`
    pub extra3: Option<String>,
    /// `ev_extra4`
    pub extra4: Option<String>,
}

impl Event {
    /// A row of the columns that [`reading`](crate::reading) asks for, in that order.
    pub(crate) fn from_row(row: &Row) -> Result<Event, tokio_postgres::Error> {
        let text = |at: usize| {
            Ok::<_, tokio_postgres::Error>(row.try_get::<_, Option<RawText>>(at)?.map(|text| text.0))
        };
        Ok(Event {
            id: row.try_get(0)?,
            txid: row.try_get(1)?,
            kind: text(2)?.unwrap_or_default(),
            data: text(3)?,
            extra1: text(4)?,
            extra2: text(5)?,
            extra3: text(6)?,
            extra4: text(7)?,
        })
    }
}
