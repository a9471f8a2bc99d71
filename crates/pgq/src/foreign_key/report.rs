//! Report of foreign keys at either end of tables: those that are there, those that are to come back, and failures.

use tokio_postgres::{GenericClient, Row};

use crate::error::Answer;

/// A foreign key as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The table that it belongs to.
    pub from_table: String,
    /// The table that it refers to.
    pub to_table: String,
    /// Its name.
    pub name: String,
    /// Its definition, or its state where it is not as it was.
    pub about: String,
}

fn shown(row: &Row) -> Shown {
    Shown { from_table: row.get(0), to_table: row.get(1), name: row.get(2), about: row.get(3) }
}

/// Those that are there.
pub async fn active<C: GenericClient>(client: &C, tables: &[&str]) -> Answer<Vec<Shown>> {
    let sql = "select distinct f.from_table, f.to_table, f.fkey_name, f.fkey_def \
                 from unnest($1::text[]) t (name) cross join lateral londiste.find_table_fkeys(t.name) f \
                order by 1, 3";
    Ok(client.query(sql, &[&tables]).await?.iter().map(shown).collect())
}

/// Those that replication has dropped, or has still to validate, with their state and the last failure.
pub async fn pending<C: GenericClient>(client: &C, tables: &[&str]) -> Answer<Vec<Shown>> {
    let sql = "select c.table_name, c.to_table, c.fkey_name, coalesce(c.state || ': ' || c.error, c.state) \
                 from londiste_rs.changed_fkey c \
                where (c.table_name = any ($1) or c.to_table = any ($1)) and c.state <> 'relaxed' \
                order by 1, 3";
    Ok(client.query(sql, &[&tables]).await?.iter().map(shown).collect())
}

/// A foreign key that the worker is about to bring back or to validate.
#[derive(Clone, Debug)]
pub struct Coming {
    /// The table that it belongs to.
    pub table: String,
    /// Its name.
    pub name: String,
    /// It is dropped; else it is there and not validated.
    pub dropped: bool,
}

/// Those that the worker is about to bring back or to validate. Those that wait for the copy of another table are left
/// out.
pub async fn coming<C: GenericClient>(client: &C, tables: &[&str]) -> Answer<Vec<Coming>> {
    let sql = "select c.table_name, c.fkey_name, c.state \
                 from londiste_rs.changed_fkey c \
                where (c.table_name = any ($1) or c.to_table = any ($1)) and c.error is null \
                  and (c.state = 'unvalidated' or c.state = 'dropped' and exists \
                       (select from londiste_rs.restorable_fkeys() r \
                         where r.from_table = c.table_name and r.fkey_name = c.fkey_name)) \
                order by 1, 2";
    let coming = |row: &Row| Coming {
        table: row.get(0),
        name: row.get(1),
        dropped: row.get::<_, &str>(2) == "dropped",
    };
    Ok(client.query(sql, &[&tables]).await?.iter().map(coming).collect())
}

/// Failures of foreign keys at either end of the tables: table, and what has failed with the remedy.
pub async fn troubles<C: GenericClient>(client: &C, tables: &[&str]) -> Answer<Vec<(String, String)>> {
    let sql = "select table_name, trouble from londiste_rs.fkey_troubles() \
                where table_name = any ($1) or to_table = any ($1)";
    Ok(client.query(sql, &[&tables]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The failure of one foreign key, with the remedy.
pub async fn trouble_of<C: GenericClient>(client: &C, table: &str, fkey: &str) -> Answer<Option<String>> {
    let sql =
        "select trouble from londiste_rs.fkey_troubles() where table_name = $1 and strpos(trouble, $2) > 0";
    Ok(client.query_opt(sql, &[&table, &fkey]).await?.map(|row| row.get(0)))
}
