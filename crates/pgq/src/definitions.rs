//! Definitions of a server's tables: whether they may have changed since a look, without looking at them.
//!
//! Each change of a definition writes rows of the catalogs, and the server counts rows written. Its sessions hand their
//! counts over when they end, a second after they did so the last time, or when they have been idle for ten seconds: a
//! change may be counted a moment after it can be seen.

use pg::Ask;
use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{asked_one, row};

/// So long after a transaction the server has counted what it has written, unless its session has begun another one.
pub const COUNTED: std::time::Duration = std::time::Duration::from_secs(12);

/// Catalogs that tell of tables, and our tables that tell what was made of them.
const RELATIONS: [&str; 20] = [
    "pg_catalog.pg_class",
    "pg_catalog.pg_attribute",
    "pg_catalog.pg_type",
    "pg_catalog.pg_index",
    "pg_catalog.pg_constraint",
    "pg_catalog.pg_trigger",
    "pg_catalog.pg_inherits",
    "pg_catalog.pg_namespace",
    "pg_catalog.pg_proc",
    "pg_catalog.pg_cast",
    "londiste.table_info",
    "londiste.seq_info",
    "londiste.pending_fkeys",
    "londiste_rs.capture",
    "londiste_rs.capture_part",
    "londiste_rs.capture_setting",
    "londiste_rs.foreign_key",
    "londiste_rs.relaxed_trigger",
    "londiste_rs.new_partition_row",
    "londiste_rs.table_identity",
];

/// The relations whose rows are counted, by object id. `None` where the server does not count, or asking for it is
/// dear: until version 14 whoever asks reads the counts of the whole database.
pub async fn counted<C: GenericClient>(client: &C) -> Result<Option<Vec<u32>>> {
    let sql = "select case when current_setting('server_version_num')::integer >= 150000 \
                            and current_setting('track_counts')::boolean \
                           then array(select pg_catalog.to_regclass(n)::oid from pg_catalog.unnest($1) n \
                                       where pg_catalog.to_regclass(n) is not null) end";
    let names: Vec<&str> = RELATIONS.to_vec();
    Ok(row(client, "looking for what counts rows", sql, &[&names]).await?.get(0))
}

/// Rows of these relations that were written, altogether.
pub async fn written<C: Ask>(client: &C, relations: &[u32]) -> Result<i64> {
    let sql = "select coalesce(sum(pg_catalog.pg_stat_get_tuples_inserted(r) \
                                   + pg_catalog.pg_stat_get_tuples_updated(r) \
                                   + pg_catalog.pg_stat_get_tuples_deleted(r)), 0)::int8 \
                 from pg_catalog.unnest($1) r";
    Ok(asked_one(client, "counting changes of definitions", sql, &[&relations]).await?.get(0))
}
