//! Labels of enum types, in order.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::schema::{Difference, How};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check = Check::code(
    "enum-labels",
    Place::Target,
    "Have the target's enum types the source's labels, in the same order?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

/// The property's name in comparisons of schemas.
pub(super) const LABELS: How = How::Property("labels");

/// A type that is missing is missed with its table's column.
async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let differences = context.structure().await?.differences.iter();
    Ok(differences.filter(|found| found.how == LABELS).map(finding).collect())
}

fn finding(labels: &Difference) -> Finding {
    let (source, target) = (&labels.source, &labels.target);
    Finding::new(
        Verdict::Warning,
        Place::Target,
        labels.object(),
        format!("has labels {target}, and {source} on the source: a row with another label parks its table"),
        labels.statement.clone(),
    )
}
