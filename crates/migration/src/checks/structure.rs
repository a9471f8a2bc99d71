//! What else differs between both schemas, in numbers: the command `schema` tells each.

use std::collections::BTreeMap;

use super::{columns, enum_labels};
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::schema::{Difference, How, Weight};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check = Check::code(
    "structure",
    Place::Target,
    "Is everything else of the target's schema as on the source?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

/// Kinds that other checks are about.
const ELSEWHERE: [&str; 2] = ["extension", "role"];

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let structure = context.structure().await?;
    let mut groups: BTreeMap<(Weight, &str), Vec<&Difference>> = BTreeMap::new();
    for found in structure.differences.iter().filter(|found| !is_told_elsewhere(found)) {
        groups.entry((found.weight, found.kind)).or_default().push(found);
    }
    let mut findings: Vec<Finding> =
        groups.iter().map(|((weight, _), group)| finding(*weight, group)).collect();
    findings.extend(structure.unread.iter().map(|unread| {
        Finding::new(Verdict::Unchecked, unread.place, unread.object.clone(), unread.why.clone(), "")
    }));
    Ok(findings)
}

fn is_told_elsewhere(found: &Difference) -> bool {
    ELSEWHERE.contains(&found.kind)
        || found.how == enum_labels::LABELS
        || (found.kind == "table" && found.how == How::Missing)
        || (found.kind == columns::COLUMN && columns::finding(found).is_some())
}

fn finding(weight: Weight, group: &[&Difference]) -> Finding {
    let verdict = if weight == Weight::Stops { Verdict::Warning } else { Verdict::Info };
    let first = group[0];
    let object = match group.len() {
        1 => first.object(),
        number => format!("{number} differences: {}", first.kind),
    };
    let found = match group.len() {
        1 => format!("{} ({weight})", first.what()),
        _ => format!("({weight}) the first: {} {}", first.name, first.what()),
    };
    Finding::new(
        verdict,
        Place::Target,
        object,
        found,
        "the command schema tells all, each with its statement",
    )
}
