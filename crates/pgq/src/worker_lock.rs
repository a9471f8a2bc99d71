//! Lock that the transaction of one worker holds while it applies a batch of its node.

use tokio_postgres::GenericClient;

use crate::advisory;
use crate::error::Answer;

pub use crate::advisory::Holder;

/// Takes the lock until the caller's transaction ends; false where another session has it.
pub async fn try_take<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<bool> {
    let sql = "select pg_try_advisory_xact_lock(hashtext('londiste_rs.worker'), \
                                              hashtext(concat($1::text, ' ', $2::text)))";
    Ok(client.query_one(sql, &[&queue, &consumer]).await?.get(0))
}

/// Who has the lock.
pub async fn holder<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<Option<Holder>> {
    advisory::holder(client, "londiste_rs.worker", &format!("{queue} {consumer}")).await
}
