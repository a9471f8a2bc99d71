//! Structure of replicated tables on both sides.

use std::collections::BTreeSet;

use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::{Error, Result};
use crate::schema::{Difference, How, Schemas, Weight};
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("structure", false, "Are the replicated tables made alike on both sides?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let schemas = Schemas::open(&terms.old_at, &terms.new_at, terms.application).await;
    let schemas = schemas.map_err(Error::Structure)?;
    let comparison = schemas.compare(&terms.schema).await.map_err(Error::Structure)?;
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let replicated: BTreeSet<&str> =
        tables.iter().filter(|info| info.local).map(|info| info.name.as_str()).collect();
    let is_replicated = |difference: &Difference| {
        let table = pg::QualifiedName::leading(&difference.table);
        table.is_some_and(|table| replicated.contains(table.plain().as_str()))
    };
    // a column of one side alone holds the table, one way or the other
    let is_column = |difference: &Difference| {
        difference.kind == "column" && matches!(difference.how, How::Missing | How::Extra)
    };
    let concerned = comparison.differences.iter().filter(|difference| {
        is_replicated(difference) && (is_column(difference) || difference.weight != Weight::Cosmetic)
    });
    let finding = |difference: &Difference| {
        let remedy = difference.statement.clone();
        blocker(Place::Target, difference.object(), difference.what(), remedy)
    };
    Ok(concerned.map(finding).collect())
}
