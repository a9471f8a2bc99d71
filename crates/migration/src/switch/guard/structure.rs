//! Structure of replicated tables on both sides.

use std::collections::BTreeSet;

use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::{Error, Result};
use crate::schema::{Options, Schemas, Weight};
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("structure", false, "Are the replicated tables made alike on both sides?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let schemas = Schemas::open(&terms.old_at, &terms.new_at, terms.application).await;
    let schemas = schemas.map_err(Error::Structure)?;
    let comparison = schemas.compare(&Options::default()).await.map_err(Error::Structure)?;
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let replicated: BTreeSet<String> = tables
        .iter()
        .filter(|info| info.local)
        .map(|info| pg::QualifiedName::from_plain(&info.name).to_string())
        .collect();
    let concerned = comparison
        .differences
        .iter()
        .filter(|difference| difference.weight != Weight::Cosmetic && replicated.contains(&difference.table));
    let finding = |difference: &crate::schema::Difference| {
        let remedy = difference.statement.clone();
        blocker(Place::Target, difference.object(), difference.what(), remedy)
    };
    Ok(concerned.map(finding).collect())
}
