//! Indexes and their constraints go before the rows come, and come back after them. What was dropped is kept in `londiste_rs.copy_index`, in the
//! transaction that drops it, and in `londiste.table_info.dropped_ddl`, where the stock worker looks for it.

use pg::{Client, ConstraintKind, Ident, Index, QualifiedName, SqlState, literal};
use pgq::fail_point;
use pgq::table::TableInfo;
use tracing::{debug, warn};

use crate::Result;
use crate::error::During;

/// What was dropped, and what could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PutAway {
    /// Indexes that are away, those of an earlier attempt included.
    pub(crate) away: i64,
    /// An index stays that allows no two equal rows.
    pub(crate) unique_stays: bool,
}

/// Drops the table's indexes, in the caller's transaction. One that other objects need (a view that groups by the primary key) stays, and so
/// does one that was invalid before: it would not come back the same. Bigger indexes are built first; `sizes` tells those of the source.
pub(crate) async fn put_away(
    client: &Client,
    queue: &str,
    info: &TableInfo,
    table: &QualifiedName,
    sizes: &[(String, i64)],
) -> Result<PutAway> {
    let reading = || format!("reading the indexes of {table}");
    forget_stale(client, info).await?;
    let sql = "select londiste_rs.copy_adopt_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during(reading())?;
    let present = defined(client, table).await?;
    let mut put_away = PutAway::default();
    for index in present.into_iter().filter(|index| !index.inherited) {
        if !index.valid {
            put_away.unique_stays |= index.unique || index.exclusion;
            continue;
        }
        let place = sizes.iter().position(|(name, _)| *name == index.name).unwrap_or(sizes.len());
        client.batch_execute("savepoint londiste_rs_index").await.during("dropping an index")?;
        match client.batch_execute(&drop_sql(table, &index)).await.map_err(pg::Error::from) {
            Ok(()) => {
                client.batch_execute("release londiste_rs_index").await.during("dropping an index")?;
                keep(client, info.dest(), table, &index, place as i32).await?;
            }
            Err(error) if error.sqlstate() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
                let back = "rollback to londiste_rs_index; release londiste_rs_index";
                client.batch_execute(back).await.during("keeping an index")?;
                put_away.unique_stays |= index.unique || index.exclusion;
                let (table, index) = (table.plain(), &index.name);
                warn!(table, index, "index stays during the copy: other objects need it");
            }
            Err(error) => return Err(error).during(format!("dropping index {} of {table}", index.name)),
        }
    }
    let sql = "select londiste_rs.copy_note_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during("keeping what was dropped")?;
    let sql = "select count(*) from londiste_rs.copy_index where dest_table = $1";
    put_away.away = client.query_one(sql, &[&info.dest()]).await.during(reading())?.get(0);
    Ok(put_away)
}

/// Where the stock worker has brought the indexes back, or somebody by hand, the table itself knows better what they are now.
async fn forget_stale(client: &Client, info: &TableInfo) -> Result<()> {
    if info.dropped_ddl.is_some() {
        return Ok(());
    }
    let sql = "delete from londiste_rs.copy_index where dest_table = $1 and londiste_rs.copy_has_index(dest_table, index_name)";
    client.execute(sql, &[&info.dest()]).await.during("forgetting indexes that are back")?;
    Ok(())
}

/// The indexes, with definitions that mean the same under any `search_path`.
async fn defined(client: &Client, table: &QualifiedName) -> Result<Vec<Index>> {
    let reading = || format!("reading the indexes of {table}");
    let sql = "select current_setting('search_path'), set_config('search_path', 'pg_catalog', true)";
    let path: String = client.query_one(sql, &[]).await.during(reading())?.get(0);
    let indexes = pg::indexes(client, table).await.during(reading())?;
    let sql = "select set_config('search_path', $1, true)";
    client.query_one(sql, &[&path]).await.during(reading())?;
    Ok(indexes)
}

fn drop_sql(table: &QualifiedName, index: &Index) -> String {
    match &index.constraint {
        Some(constraint) => format!("alter table {table} drop constraint {}", Ident::new(&constraint.name)),
        None => format!("drop index {}", name(table, index)),
    }
}

async fn keep(client: &Client, dest: &str, table: &QualifiedName, index: &Index, place: i32) -> Result<()> {
    let kept = Kept::of(table, index);
    // a row that is there already is of an attempt that was broken off: what it tells was the whole truth then
    let sql = "insert into londiste_rs.copy_index \
                      (dest_table, index_name, place, alone, create_sql, constraint_name, constraint_sql, mark_sql) \
               values ($1, $2, $3, $4, $5, $6, $7, $8) \
               on conflict (dest_table, index_name) do update set created = false";
    let constraint = index.constraint.as_ref().filter(|_| !kept.alone).map(|constraint| &constraint.name);
    client
        .execute(
            sql,
            &[
                &dest,
                &index.name,
                &place,
                &kept.alone,
                &kept.create,
                &constraint,
                &kept.constraint,
                &kept.marks,
            ],
        )
        .await
        .during(format!("keeping index {} of {table}", index.name))?;
    Ok(())
}

/// The statements that bring an index back.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    /// It is made together with its constraint, which locks the table against everybody.
    alone: bool,
    create: String,
    constraint: Option<String>,
    marks: Option<String>,
}

impl Kept {
    fn of(table: &QualifiedName, index: &Index) -> Kept {
        let attached = index.constraint.as_ref().filter(|_| !index.exclusion && index.method == "btree");
        let alone = index.constraint.is_some() && attached.is_none();
        let create = match &index.constraint {
            Some(constraint) if alone => {
                let named = Ident::new(&constraint.name);
                format!("alter table {table} add constraint {named} {}", constraint.definition)
            }
            _ => index.definition.clone(),
        };
        let constraint = attached.map(|constraint| {
            let kind = match constraint.kind {
                ConstraintKind::PrimaryKey => "primary key",
                _ => "unique",
            };
            let deferral = match (constraint.deferrable, constraint.deferred) {
                (true, true) => " deferrable initially deferred",
                (true, false) => " deferrable",
                _ => "",
            };
            let (named, by) = (Ident::new(&constraint.name), Ident::new(&index.name));
            format!("alter table {table} add constraint {named} {kind} using index {by}{deferral}")
        });
        Kept { alone, create: in_tablespace(create, index), constraint, marks: marks(table, index) }
    }
}

/// Neither form of definition tells the tablespace.
fn in_tablespace(create: String, index: &Index) -> String {
    match &index.tablespace {
        Some(tablespace) => {
            let name = literal(tablespace);
            format!(
                "set local default_tablespace = {name};\n{create};\nset local default_tablespace to default"
            )
        }
        None => create,
    }
}

fn marks(table: &QualifiedName, index: &Index) -> Option<String> {
    let ident = Ident::new(&index.name);
    let mut marks = Vec::new();
    for (column, target) in &index.statistics {
        marks.push(format!(
            "alter index {} alter column {column} set statistics {target}",
            name(table, index)
        ));
    }
    if let Some(comment) = index.constraint.as_ref().and_then(|constraint| constraint.comment.as_ref()) {
        let named = Ident::new(index.constraint.as_ref().map_or("", |constraint| &constraint.name));
        marks.push(format!("comment on constraint {named} on {table} is {}", literal(comment)));
    }
    if let Some(comment) = &index.comment {
        marks.push(format!("comment on index {} is {}", name(table, index), literal(comment)));
    }
    if index.clustered {
        marks.push(format!("alter table {table} cluster on {ident}"));
    }
    if index.replica_identity {
        marks.push(format!("alter table {table} replica identity using index {ident}"));
    }
    (!marks.is_empty()).then(|| marks.join(";\n"))
}

fn name(table: &QualifiedName, index: &Index) -> QualifiedName {
    QualifiedName { schema: table.schema.clone(), name: index.name.clone() }
}

/// An index that is to be built.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub(crate) name: String,
    /// It locks the table against everybody.
    pub(crate) alone: bool,
    create: String,
}

/// The indexes still to be built, the biggest first, those that need the table alone at the end.
pub(crate) async fn to_build(client: &Client, dest: &str) -> Result<Vec<Build>> {
    let sql = "select index_name, alone, create_sql from londiste_rs.copy_index \
                where dest_table = $1 and not created order by alone, place, index_name";
    let rows = client.query(sql, &[&dest]).await.during(format!("listing the indexes of {dest} to build"))?;
    Ok(rows.iter().map(|row| Build { name: row.get(0), alone: row.get(1), create: row.get(2) }).collect())
}

/// Builds one index in a transaction of its own.
pub(crate) async fn build(client: &mut Client, queue: &str, info: &TableInfo, index: &Build) -> Result<()> {
    let what = || format!("building index {} of {}", index.name, info.dest());
    let transaction = client.transaction().await.during(what())?;
    // the stock worker, or somebody by hand, may have been here
    let sql = "select londiste_rs.copy_has_index($1, $2)";
    let there: bool = transaction.query_one(sql, &[&info.dest(), &index.name]).await.during(what())?.get(0);
    if !there {
        transaction.batch_execute(&index.create).await.during(what())?;
    }
    let sql = "select londiste_rs.copy_index_created($1, $2, $3, $4)";
    let key: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&queue, &info.name, &info.dest(), &index.name];
    transaction.query_one(sql, &key).await.during(what())?;
    fail_point::reached("index-before-commit");
    transaction.commit().await.during(what())
}

/// Makes the built indexes their constraints', with their marks and comments, in the caller's transaction. What was dropped is forgotten.
pub(crate) async fn finish(client: &Client, queue: &str, info: &TableInfo) -> Result<()> {
    let sql = "select x from londiste_rs.copy_restore_dropped($1) x";
    let refused =
        client.query(sql, &[&info.dest()]).await.during("bringing constraints and comments back")?;
    if let Some(refused) = refused.first() {
        return Err(crate::Error::NotRestored { table: info.dest().to_owned(), reason: refused.get(0) });
    }
    let sql = "select londiste_rs.copy_note_dropped($1, $2, $3)";
    client.query(sql, &[&queue, &info.name, &info.dest()]).await.during("bringing indexes back")?;
    debug!(queue, table = info.name, "what the copy had dropped is back");
    Ok(())
}

/// Names and sizes of a table's indexes, the biggest first.
pub(crate) async fn sizes(client: &Client, table: &QualifiedName) -> Result<Vec<(String, i64)>> {
    let indexes = pg::indexes(client, table).await.during(format!("reading the indexes of {table}"))?;
    let mut sizes: Vec<_> = indexes.into_iter().map(|index| (index.name, index.bytes)).collect();
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(sizes)
}
