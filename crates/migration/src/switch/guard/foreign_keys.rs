//! Foreign keys of the new root: there, and validated.

use pgq::foreign_key::report;
use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("foreign-keys", false, "Are all foreign keys there and valid?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let names: Vec<&str> = tables.iter().filter(|info| info.local).map(|info| info.dest()).collect();
    let mut findings = Vec::new();
    for (table, trouble) in report::troubles(&*sides.new, &names).await.map_err(pg::Error::from)? {
        findings.push(blocker(Place::Target, format!("table {table}"), trouble, "fkeys tells all"));
    }
    for coming in report::coming(&*sides.new, &names).await.map_err(pg::Error::from)? {
        let found = if coming.dropped { "is to come back" } else { "is to be validated" };
        let object = format!("foreign key {} of {}", coming.name, coming.table);
        let remedy = "the worker does it: wait, and see fkeys";
        findings.push(blocker(Place::Target, object, found, remedy));
    }
    Ok(findings)
}
