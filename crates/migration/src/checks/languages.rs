//! Languages that functions of the source are written in.

use crate::beside::beside;
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check = Check::code(
    "languages",
    Place::Target,
    "Has the target the languages of the source's functions?",
    |context| Box::pin(ask(context)) as Found<'_>,
);

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let languages = beside(context, "select quote_ident(lanname) from pg_language").await?;
    let missing = languages.iter().filter(|language| !language.there);
    let found = missing.map(|language| {
        Finding::new(
            Verdict::Warning,
            Place::Target,
            format!("language {}", language.name),
            "is missing: functions that are written in it cannot be created",
            format!("create extension {}", language.name),
        )
    });
    Ok(found.collect())
}
