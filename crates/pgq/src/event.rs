//! An event as a batch delivers it.

/// One row of a batch, in the order of `ev_id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// `ev_id`: position in the queue.
    pub id: i64,
    /// `ev_txid`: the transaction that wrote the event on the root.
    pub txid: i64,
    /// `ev_type`.
    pub kind: String,
    /// `ev_data`.
    pub data: Option<String>,
    /// `ev_extra1`: for changes, the table as `schema.table`.
    pub extra1: Option<String>,
    /// `ev_extra2`.
    pub extra2: Option<String>,
    /// `ev_extra3`.
    pub extra3: Option<String>,
    /// `ev_extra4`.
    pub extra4: Option<String>,
}
