//! Foreign keys that replication drops, relaxes, brings back and validates: `londiste_rs.changed_fkey`.

pub mod report;

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// What a foreign key needs to become as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was dropped, and is created again, NOT VALID where that is quicker.
    Restore,
    /// It is there, and its rows are still to be validated.
    Validate,
}

impl Step {
    /// Its word in the SQL API.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Restore => "restore",
            Step::Validate => "validate",
        }
    }

    /// Takes the step for a foreign key.
    ///
    /// # Errors
    /// A refusal of the server, such as rows without a partner.
    pub async fn take<C: GenericClient>(self, client: &C, table: &str, fkey: &str) -> Answer<()> {
        let sql = match self {
            Step::Restore => "select londiste_rs.restore_fkey($1, $2)",
            Step::Validate => "select londiste_rs.validate_fkey($1, $2)",
        };
        client.query_one(sql, &[&table, &fkey]).await?;
        Ok(())
    }
}

/// Whether a foreign key can be restored or validated now.
pub async fn has_work<C: GenericClient>(client: &C) -> Answer<bool> {
    let sql = "select exists (select from londiste_rs.fkey_work())";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// Foreign keys that are due for a step: table and name. One that has failed is left out for a while.
pub async fn due<C: GenericClient>(client: &C, step: Step) -> Answer<Vec<(String, String)>> {
    let sql = "select table_name, fkey_name from londiste_rs.fkey_work() where step = $1";
    Ok(client.query(sql, &[&step.as_str()]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Foreign keys for which a step is possible, those that have failed included: table and name.
pub async fn possible<C: GenericClient>(client: &C, step: Step) -> Answer<Vec<(String, String)>> {
    let sql = "select c.table_name, c.fkey_name from londiste_rs.changed_fkey c \
                where case c.state when 'unvalidated' then $1 = 'validate' \
                      when 'dropped' then $1 = 'restore' and exists \
                      (select from londiste_rs.restorable_fkeys() r \
                        where r.from_table = c.table_name and r.fkey_name = c.fkey_name) \
                      else false end order by 1, 2";
    Ok(client.query(sql, &[&step.as_str()]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Stores why a foreign key does not come back.
pub async fn set_error<C: GenericClient>(client: &C, table: &str, fkey: &str, error: &str) -> Answer<()> {
    let sql = "select londiste_rs.fkey_failed($1, $2, $3)";
    client.query_one(sql, &[&table, &fkey, &error]).await?;
    Ok(())
}

/// Drops the foreign keys at either end of a table until it is `ok`.
pub async fn drop<C: GenericClient>(client: &C, table: &str) -> Answer<()> {
    client.query_one("select londiste_rs.drop_fkeys($1)", &[&table]).await?;
    Ok(())
}

/// Drops the foreign keys at either end of tables, relaxes those that cannot go, and switches user triggers off, table
/// by table; answers how many foreign keys of each were dropped.
pub async fn free<C: GenericClient>(client: &C, tables: &[&str]) -> Answer<Vec<i32>> {
    let sql = "select londiste_rs.drop_fkeys(d), londiste_rs.relax_table(d) \
                 from unnest($1::text[]) with ordinality t (d, place) order by place";
    Ok(client.query(sql, &[&tables]).await?.iter().map(|row| row.get(0)).collect())
}

/// Makes foreign keys of replicated tables deferrable and switches their user triggers off, where the role may not
/// bypass them; answers how many were changed.
pub async fn relax_tables<C: GenericClient>(client: &C) -> Answer<i32> {
    Ok(client.query_one("select londiste_rs.relax_tables()", &[]).await?.get(0))
}

/// Brings a foreign key or trigger back that is not as it was before replication, although no table at it is replicated
/// into this node any more; answers the number of changes made. To be called, each time in a transaction of its own,
/// until there is none.
pub async fn restore_one_relaxed<C: GenericClient>(client: &C) -> Answer<i32> {
    Ok(client.query_one("select londiste_rs.restore_relaxed_now()", &[]).await?.get(0))
}
