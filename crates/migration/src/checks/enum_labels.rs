//! Labels of enum types, in order.

use crate::beside::{Beside, beside};
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check = Check::code(
    "enum-labels",
    Place::Target,
    "Have the target's enum types the source's labels, in the same order?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

const LABELS: &str = "\
select format('%I.%I', n.nspname, t.typname), string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
  from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
 where n.nspname not in (select schema from ours) group by 1";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    Ok(beside(context, LABELS).await?.iter().filter_map(difference).collect())
}

/// A type that is missing is missed with its table's column.
fn difference(beside: &Beside) -> Option<Finding> {
    let (source, target) = (beside.source.first()?, beside.target.as_ref()?.first()?);
    (source != target).then(|| {
        Finding::new(
            Verdict::Warning,
            Place::Target,
            format!("type {}", beside.name),
            format!(
                "has labels {target}, and {source} on the source: a row with another label parks its table"
            ),
            format!("alter type {} add value 'LABEL' before 'OTHER'", beside.name),
        )
    })
}
