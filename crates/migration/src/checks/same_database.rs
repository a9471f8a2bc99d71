//! Two databases: source and target may stand on one server, and must not be one.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("same-database", Place::Both, "Are source and target two databases?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// A lock with a random key, which whoever looks into the same database sees.
const LOCK: &str = "\
, key as materialized (select (random() * 2147483646)::int4 as one, (random() * 2147483646)::int4 as two)
select one, two, pg_try_advisory_lock(one, two) from key";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let (source, target) = (context.source()?, context.target()?);
    let locked = catalog::rows(target, LOCK).await?;
    let Some([one, two, _]) = locked.first().map(Vec::as_slice) else { return Ok(Vec::new()) };
    let sighted = format!(
        "select 1 from pg_locks l join pg_database d on d.oid = l.database \
          where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid::bigint = {one} \
            and l.objid::bigint = {two} and d.datname = current_database()"
    );
    let sighted = catalog::rows(source, &sighted).await;
    catalog::rows(target, &format!("select pg_advisory_unlock({one}, {two})")).await?;
    let same = !sighted?.is_empty();
    Ok(same
        .then(|| {
            Finding::new(
                Verdict::Blocker,
                Place::Both,
                "database",
                "source and target are one database",
                "correct db in the target's ini file, or --source",
            )
        })
        .into_iter()
        .collect())
}
