//! Stillness of a server: whether anything at all was committed there since a look.

use pg::Ask;

use crate::Result;
use crate::call::asked_one;

/// Which transactions of a server were over at one moment. While a later look answers the same, no transaction that
/// writes has begun or ended since, in whatever database: every table is as it was. Numbers given out by sequences,
/// locks and settings say nothing of themselves here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(String);

/// Looks: the smallest question that there is.
pub async fn look<C: Ask>(client: &C) -> Result<Seen> {
    let row = asked_one(
        client,
        "looking whether anything has happened",
        "select txid_current_snapshot()::text",
        &[],
    );
    Ok(Seen(row.await?.get(0)))
}
