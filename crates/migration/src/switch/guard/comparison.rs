//! Comparison of all rows: made, equal, and not long ago.

use std::time::SystemTime;

use pgq::comparison::{self, Comparison, Verdict};
use pgq::table;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("comparison", false, "Did the last comparison find every table equal?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let known = comparison::list(&*sides.new, &sides.queue).await?;
    let mut findings = Vec::new();
    for info in table::list(&*sides.new, &sides.queue).await?.iter().filter(|info| info.local) {
        let last = known.iter().find(|compared| compared.table == info.name);
        let last = last.and_then(Comparison::known);
        let age = last.and_then(|known| SystemTime::now().duration_since(known.finished?).ok());
        let found = match last.map(|known| known.verdict) {
            Some(Verdict::Equal) if age.is_none_or(|age| age <= terms.max_compare_age) => continue,
            Some(Verdict::Equal) => {
                let hours = age.unwrap_or_default().as_secs() / 3600;
                format!("was equal {hours} h ago")
            }
            Some(Verdict::Differs) => "differs".to_owned(),
            Some(Verdict::Unverified) => "could not be compared".to_owned(),
            None => "was never compared to its end".to_owned(),
        };
        let remedy = format!("compare {}", info.name);
        findings.push(blocker(Place::Target, format!("table {}", info.name), found, remedy));
    }
    Ok(findings)
}
