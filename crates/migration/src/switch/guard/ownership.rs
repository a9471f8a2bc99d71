//! Ownership of the new root's tables: its triggers are made, and switched on.

use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("ownership", true, "Does the new root's role own its tables?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

const FOREIGN: &str = "\
select c.oid::regclass::text, pg_get_userbyid(c.relowner)::text, current_user::text
  from unnest($1::text[]) u (name) join pg_class c on c.oid = to_regclass(u.name)
 where not pg_has_role(c.relowner, 'usage') order by 1";

async fn ask(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let local = tables.iter().filter(|info| info.local);
    let names: Vec<String> =
        local.map(|info| pg::QualifiedName::from_plain(info.dest()).to_string()).collect();
    let foreign = sides.new.query(FOREIGN, &[&names]).await.map_err(pg::Error::from)?;
    let finding = |row: &tokio_postgres::Row| {
        let (table, owner, role): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let found = format!("belongs to role {owner}, of which {role} is no member");
        let remedy = format!("alter table {table} owner to {role}");
        blocker(Place::Target, format!("table {table}"), found, remedy)
    };
    Ok(foreign.iter().map(finding).collect())
}
