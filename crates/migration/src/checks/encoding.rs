//! Encodings of the two databases.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("encoding", Place::Both, "Are the encodings equal, and is neither SQL_ASCII?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let of = |rows: Vec<Vec<String>>| rows.into_iter().flatten().next().unwrap_or_default();
    let sql = "select pg_encoding_to_char(encoding) from pg_database where datname = current_database()";
    let source = of(catalog::rows(context.source()?, sql).await?);
    let target = of(catalog::rows(context.target()?, sql).await?);
    let found = match (source.as_str(), target.as_str()) {
        (one, other) if one == other && one != "SQL_ASCII" => return Ok(Vec::new()),
        ("SQL_ASCII", "SQL_ASCII") => {
            (Verdict::Info, "neither database checks its texts: bytes travel as they are")
        }
        ("SQL_ASCII", _) => (
            Verdict::Warning,
            "the source never checked its texts: a row with bytes that are no text there parks its table",
        ),
        (_, "UTF8") => (Verdict::Info, "texts are converted"),
        (_, "SQL_ASCII") => {
            (Verdict::Warning, "the target does not check its texts, and does not know its letters")
        }
        _ => (
            Verdict::Warning,
            "texts are converted: a row with a letter that the target lacks parks its table",
        ),
    };
    Ok(vec![Finding::new(
        found.0,
        Place::Both,
        format!("encoding {source} / {target}"),
        found.1,
        "create database NAME template template0 encoding 'UTF8'",
    )])
}
