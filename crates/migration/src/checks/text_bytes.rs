//! Bytes that are no valid text: an `SQL_ASCII` source takes any, a UTF-8 target refuses them.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::session::THOROUGH;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check = Check::code(
    "text-bytes",
    Place::Source,
    "Are the texts of an SQL_ASCII source valid for the target?",
    |context| Box::pin(ask(context)) as Found<'_>,
)
.reading_rows();

const ENCODING: &str =
    "select pg_encoding_to_char(encoding) from pg_database where datname = current_database()";

const TABLES: &str = "select name from rel where relkind = 'r' order by name";

/// Valid UTF-8 in hexadecimal digits, which is how a server without encoding can look at bytes.
const VALID: &str = "^(?:[0-7][0-9a-f]|(?:c[2-9a-f]|d[0-9a-f])[89ab][0-9a-f]|e0[ab][0-9a-f][89ab][0-9a-f]\
    |e[1-9a-cef](?:[89ab][0-9a-f]){2}|ed[89][0-9a-f][89ab][0-9a-f]|f0[9ab][0-9a-f](?:[89ab][0-9a-f]){2}\
    |f[1-3](?:[89ab][0-9a-f]){3}|f48[0-9a-f](?:[89ab][0-9a-f]){2})*$";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let (source, target) = (context.source()?, context.target()?);
    let of = |rows: Vec<Vec<String>>| rows.into_iter().flatten().next().unwrap_or_default();
    let encodings = (of(catalog::rows(source, ENCODING).await?), of(catalog::rows(target, ENCODING).await?));
    // any other encoding takes any bytes, or has a check of its own that the copy meets
    if encodings != ("SQL_ASCII".to_owned(), "UTF8".to_owned()) {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    for table in catalog::rows(source, TABLES).await?.into_iter().flatten() {
        let sql = format!(
            "select count(*), (array_agg(at))[1] from (
               select r.ctid as at from only {table} r
                cross join lateral encode(convert_to(r::text, 'SQL_ASCII'), 'hex') t (hex)
                where t.hex !~ '{VALID}') b having count(*) > 0"
        );
        let object = format!("table {table}");
        match catalog::rows_within(source, THOROUGH, &sql).await {
            Err(error) => findings.push(Finding::unchecked(Place::Source, object, &error)),
            Ok(rows) => findings.extend(rows.iter().filter_map(|row| invalid(&object, &table, row))),
        }
    }
    Ok(findings)
}

fn invalid(object: &str, table: &str, row: &[String]) -> Option<Finding> {
    let [count, at] = row else { return None };
    Some(Finding::new(
        Verdict::Warning,
        Place::Source,
        object,
        format!(
            "{count} rows hold bytes that are no valid UTF-8, as the row at {at}: the target refuses them, and the \
             table is parked"
        ),
        format!("select ctid, * from only {table} where ctid = '{at}'"),
    ))
}
