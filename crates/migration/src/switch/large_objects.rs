//! Large objects: no trigger captures them, so they are compared and copied, before the freeze and in it.

use tokio_postgres::Client;

use crate::error::Result;
use crate::switch::Sides;

/// Bytes of an object that travel at once.
const PIECE: i64 = 4 << 20;

/// All of them with a sum of their bytes; what this role may not read has none. Read object by object: the server holds
/// one at a time.
const LISTED: &str = "select m.oid from pg_largeobject_metadata m order by m.oid";
const SUM: &str = "select md5(lo_get($1)), octet_length(lo_get($1))::int8";
const THERE: &str = "select exists (select from pg_largeobject_metadata where oid = $1)";

/// What was done about large objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// Objects of the old root.
    pub all: usize,
    /// Those that the new root lacked, or had otherwise.
    pub copied: usize,
}

/// Makes the new root's large objects the old root's, under the same numbers. Objects that only the new root has stay.
///
/// # Errors
/// One cannot be read or written: it is named by its number.
pub async fn carry_large_objects(sides: &mut Sides) -> Result<Carried> {
    let mut carried = Carried::default();
    let listed = sides.old.query(LISTED, &[]).await.map_err(pg::Error::from)?;
    for oid in listed.iter().map(|row| row.get::<_, u32>(0)) {
        carried.all += 1;
        let (sum, bytes) = sum(&sides.old, oid).await?;
        let is_there: bool = sides.new.query_one(THERE, &[&oid]).await.map_err(pg::Error::from)?.get(0);
        if is_there && self::sum(&sides.new, oid).await? == (sum, bytes) {
            continue;
        }
        copy(sides, oid, bytes, is_there).await?;
        carried.copied += 1;
    }
    Ok(carried)
}

async fn sum(client: &Client, oid: u32) -> Result<(String, i64)> {
    let row = client.query_one(SUM, &[&oid]).await.map_err(pg::Error::from)?;
    Ok((row.get(0), row.get(1)))
}

async fn copy(sides: &mut Sides, oid: u32, bytes: i64, is_there: bool) -> Result<()> {
    let transaction = sides.new.transaction().await.map_err(pg::Error::from)?;
    if is_there {
        transaction.execute("select lo_unlink($1)", &[&oid]).await.map_err(pg::Error::from)?;
    }
    transaction.execute("select lo_create($1)", &[&oid]).await.map_err(pg::Error::from)?;
    let mut at = 0;
    while at < bytes {
        let length = i32::try_from(PIECE.min(bytes - at)).unwrap_or(i32::MAX);
        let read = sides.old.query_one("select lo_get($1, $2, $3)", &[&oid, &at, &length]).await;
        let piece: Vec<u8> = read.map_err(pg::Error::from)?.get(0);
        transaction
            .execute("select lo_put($1, $2, $3)", &[&oid, &at, &piece])
            .await
            .map_err(pg::Error::from)?;
        at += i64::from(length);
    }
    Ok(transaction.commit().await.map_err(pg::Error::from)?)
}
