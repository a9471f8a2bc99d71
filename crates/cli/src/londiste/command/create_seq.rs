//! `add-seq --create`: a sequence that is missing on this node, made as the provider has it.

use anyhow::Result;
use pg::Client;
use tokio_postgres::Transaction;

use crate::londiste::command::create_table::Plan;

const DEFINITION: &str = "\
select n.nspname::text,
       pg_catalog.format('create sequence %I.%I as %s increment by %s minvalue %s maxvalue %s start with %s \
                          cache %s %s',
                         n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, null), s.seqincrement,
                         s.seqmin, s.seqmax, s.seqstart, s.seqcache,
                         case when s.seqcycle then 'cycle' else 'no cycle' end)
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_class c on c.oid = s.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where pg_catalog.concat(n.nspname, '.', c.relname) = $1";

/// Whether a sequence of this name, `schema.sequence` unquoted, is there.
pub(crate) async fn exists(session: &Client, name: &str) -> Result<bool> {
    Ok(session.query_opt(DEFINITION, &[&name]).await.map_err(pg::Error::from)?.is_some())
}

/// What makes the provider's sequence here: type, increment, bounds, start, cache and cycle. Nothing where the provider
/// has none of this name.
pub(crate) async fn plan(provider: &Client, name: &str) -> Result<Plan> {
    let mut plan = Plan::default();
    if let Some(row) = provider.query_opt(DEFINITION, &[&name]).await.map_err(pg::Error::from)? {
        plan.schema(row.get(0));
        plan.must(row.get(1));
    }
    Ok(plan)
}

/// Makes it in the caller's transaction, and takes it into replication.
pub(crate) async fn add(transaction: &Transaction<'_>, queue: &str, name: &str, plan: &Plan) -> Result<()> {
    plan.carry_out(transaction).await?;
    pgq::seq::add(transaction, queue, name).await?;
    Ok(())
}
