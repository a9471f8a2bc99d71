//! Triggers of the new root's tables that fire for replayed rows: what they write is not what the old root has.

use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("triggers", false, "Does no trigger of the new root fire for replayed rows?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

const FIRING: &str = "\
select distinct c.oid::regclass::text, quote_ident(t.tgname), t.tgenabled::text
  from unnest($1::text[]) u (name) join pg_class top on top.oid = to_regclass(u.name)
  join pg_trigger t on not t.tgisinternal and t.tgenabled in ('A', 'R')
  join pg_class c on c.oid = t.tgrelid
  join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
 where c.oid in (select relid from $TREE s) and n.nspname <> all ($2) order by 1, 2";

async fn ask(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let local = tables.iter().filter(|info| info.local);
    let names: Vec<String> =
        local.map(|info| pg::QualifiedName::from_plain(info.dest()).to_string()).collect();
    let sql = FIRING.replace("$TREE", &pg::partition_tree("top.oid"));
    let ours: &[&str] = &pgq::install::SCHEMAS;
    let firing = sides.new.query(&sql, &[&names, &ours]).await.map_err(pg::Error::from)?;
    let finding = |row: &tokio_postgres::Row| {
        let (table, trigger, enabled): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let when = if enabled == "A" { "as well" } else { "and for no others" };
        let found = format!("fires for each replayed row {when}: rows may become others than the old root's");
        let remedy = format!("alter table {table} enable trigger {trigger}, then compare {table}");
        blocker(Place::Target, format!("trigger {trigger} on table {table}"), found, remedy)
    };
    Ok(firing.iter().map(finding).collect())
}
