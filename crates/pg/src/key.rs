//! Columns that identify a row of a table, by the rule of `sql/londiste_rs/key_columns.sql`.

use std::collections::HashMap;

use tokio_postgres::Client;

/// The file with the rule's one text; capture asks it as an SQL function.
const FILE: &str = include_str!("../../../sql/londiste_rs/key_columns.sql");

/// The query between the file's marks, about the table `i_rel`.
fn rule() -> &'static str {
    let after = FILE.split_once("-- rule of the key: begin").map_or("", |(_, after)| after);
    after.split_once("-- rule of the key: end").map_or("", |(rule, _)| rule)
}

/// The condition by which the rule leaves out keys that are checked at a transaction's end.
const AT_ONCE: &str = "i.indimmediate and ";

/// The key columns of tables, by their object ids, in the order of the index. Tables without a key are left out.
///
/// # Errors
/// The query failed.
pub async fn key_columns(
    client: &Client,
    oids: &[u32],
) -> Result<HashMap<u32, Vec<String>>, tokio_postgres::Error> {
    ask(client, rule(), oids).await
}

/// The same for keys that may be checked late: what they hold identifies a row once its transaction is over.
///
/// # Errors
/// The query failed.
pub async fn late_key_columns(
    client: &Client,
    oids: &[u32],
) -> Result<HashMap<u32, Vec<String>>, tokio_postgres::Error> {
    ask(client, &rule().replace(AT_ONCE, ""), oids).await
}

async fn ask(
    client: &Client,
    rule: &str,
    oids: &[u32],
) -> Result<HashMap<u32, Vec<String>>, tokio_postgres::Error> {
    let sql = format!("select t.i_rel, ({rule}) from pg_catalog.unnest($1::pg_catalog.oid[]) as t (i_rel)");
    let found = client.query(&sql, &[&oids]).await?;
    Ok(found.iter().filter_map(|row| Some((row.get(0), row.get::<_, Option<_>>(1)?))).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_marks_the_rule() {
        let rule = super::rule().trim();
        assert!(rule.starts_with("select") && rule.ends_with("limit 1"), "{rule}");
        assert_eq!(rule.matches(super::AT_ONCE).count(), 1, "{rule}");
    }
}
