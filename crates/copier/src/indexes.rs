//! Indexes and their constraints go before the rows come, and come back after them: in the copy's own transaction, so that a crash leaves
//! them as they were.

use pg::{Client, ConstraintKind, Ident, Index, QualifiedName, SqlState, literal};
use pgq::table::{self, TableInfo};
use tracing::{info, warn};

use crate::Result;
use crate::error::During;

/// Indexes that were dropped, with all it takes to bring them back.
pub(crate) struct Dropped {
    table: QualifiedName,
    indexes: Vec<Index>,
}

/// Drops the table's indexes. One that other objects need (a view that groups by the primary key) stays, and so does one that was
/// invalid before: it would not come back the same.
pub(crate) async fn drop(client: &Client, table: &QualifiedName) -> Result<Dropped> {
    let mut dropped = Dropped { table: table.clone(), indexes: Vec::new() };
    let present = pg::indexes(client, table).await.during(format!("reading the indexes of {table}"))?;
    for index in present.into_iter().filter(|index| index.valid && !index.inherited) {
        let statement = match &index.constraint {
            Some(constraint) => format!("alter table {table} drop constraint {}", Ident::new(&constraint.name)),
            None => format!("drop index {}", name(table, &index)),
        };
        client.batch_execute("savepoint index").await.during("dropping an index")?;
        match client.batch_execute(&statement).await.map_err(pg::Error::from) {
            Ok(()) => dropped.indexes.push(index),
            Err(error) if error.sqlstate() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
                client.batch_execute("rollback to savepoint index").await.during("keeping an index")?;
                warn!(table = table.plain(), index = index.name, "index stays during the copy: other objects need it");
            }
            Err(error) => return Err(error).during(format!("dropping index {} of {table}", index.name)),
        }
    }
    Ok(dropped)
}

impl Dropped {
    pub(crate) fn len(&self) -> usize {
        self.indexes.len()
    }

    /// Brings them back as they were, with their marks and comments.
    pub(crate) async fn rebuild(&self, client: &Client) -> Result<()> {
        for index in &self.indexes {
            let what = || format!("building index {} of {}", index.name, self.table);
            for statement in statements(&self.table, index) {
                client.batch_execute(&statement).await.during(what())?;
            }
        }
        Ok(())
    }
}

/// Brings back what a copy of the stock worker had dropped and left behind as `dropped_ddl`, in the caller's transaction. True where there
/// was something.
pub(crate) async fn restore_dropped(client: &Client, queue: &str, info: &TableInfo) -> Result<bool> {
    let Some(ddl) = &info.dropped_ddl else { return Ok(false) };
    let what = || format!("restoring what an earlier copy has dropped of {} (londiste.table_info.dropped_ddl)", info.dest());
    client.batch_execute(ddl).await.during(what())?;
    table::clear_dropped_ddl(client, queue, &info.name).await?;
    info!(queue, table = info.name, "what an earlier copy had dropped is back");
    Ok(true)
}

fn name(table: &QualifiedName, index: &Index) -> QualifiedName {
    QualifiedName { schema: table.schema.clone(), name: index.name.clone() }
}

fn statements(table: &QualifiedName, index: &Index) -> Vec<String> {
    let ident = Ident::new(&index.name);
    let mut statements = Vec::new();
    match &index.constraint {
        Some(constraint) => {
            let named = Ident::new(&constraint.name);
            statements.push(format!("alter table {table} add constraint {named} {}", constraint.definition));
            if let Some(comment) = &constraint.comment {
                statements.push(format!("comment on constraint {named} on {table} is {}", literal(comment)));
            }
            // an index renamed apart from its constraint does not exist: PostgreSQL keeps their names alike
            debug_assert!(constraint.kind != ConstraintKind::PrimaryKey || index.primary);
        }
        None => statements.push(index.definition.clone()),
    }
    if let Some(comment) = &index.comment {
        statements.push(format!("comment on index {} is {}", name(table, index), literal(comment)));
    }
    if index.clustered {
        statements.push(format!("alter table {table} cluster on {ident}"));
    }
    if index.replica_identity {
        statements.push(format!("alter table {table} replica identity using index {ident}"));
    }
    statements
}
