//! Transactions of the old root that would keep the freeze waiting.

use pgq::switch;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("transactions", false, "Is no transaction open for long that has written?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let captured = switch::captured(&*sides.old, &sides.queue).await?;
    for writer in switch::writers(&*sides.old, &sides.queue, &captured).await? {
        let Some(pid) = writer.pid else {
            let name = writer.prepared.unwrap_or_default();
            let remedy = "commit prepared, or rollback prepared";
            findings.push(blocker(Place::Source, format!("prepared transaction {name}"), "is open", remedy));
            continue;
        };
        if writer.age > terms.max_transaction {
            findings.push(blocker(
                Place::Source,
                format!("server process {pid}"),
                format!(
                    "role {}, application \"{}\", has been in its transaction for {} s: {}",
                    writer.role,
                    writer.application,
                    writer.age.as_secs(),
                    writer.query
                ),
                format!("select pg_terminate_backend({pid})"),
            ));
        }
    }
    Ok(findings)
}
