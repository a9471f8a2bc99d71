//! `add-table --create`: a table that is missing here is made from the provider's definition. Foreign keys, triggers
//! and sequences are left out.

mod definition;
mod plan;

use anyhow::{Context, Result, bail};
use definition::{Column, Partition};
use pg::{Client, Ident, Index, QualifiedName, TableKind, literal};
pub(crate) use plan::Plan;

/// How much of a definition is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Columns, defaults, primary key, partitions.
    Minimal,
    /// Indexes, constraints but foreign keys, and comments too.
    Full,
}

/// What has to be done on this node, whose server's version is `here` (150018 for 15.18), to have the provider's table
/// `source` as `dest`.
///
/// # Errors
/// The provider's table is not there, or not a table.
pub(crate) async fn plan(
    provider: &Client,
    source: &QualifiedName,
    dest: &QualifiedName,
    extent: Extent,
    here: u32,
) -> Result<Plan> {
    // Every name that is not the system's own is then written with its schema.
    provider.batch_execute("set search_path = pg_catalog").await.map_err(pg::Error::from)?;
    let plan = read(provider, source, dest, extent, here).await;
    provider.batch_execute("reset search_path").await.map_err(pg::Error::from)?;
    plan.with_context(|| format!("reading the definition of {} on the provider", source.plain()))
}

async fn read(
    provider: &Client,
    source: &QualifiedName,
    dest: &QualifiedName,
    extent: Extent,
    here: u32,
) -> Result<Plan> {
    let Some(table) = pg::table(provider, source).await? else { bail!("it does not exist there") };
    if !matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned | TableKind::Partition) {
        bail!("it is no table there");
    }
    let details = definition::details(provider, table.oid).await?;
    let columns = definition::columns(provider, table.oid).await?;
    let mut plan = Plan::default();
    plan.schema(&dest.schema);
    let clauses: Vec<String> = columns.iter().map(|column| column.clause(here)).collect();
    plan.must(format!(
        "create {}table {dest} ({}){}{}",
        if details.unlogged && table.kind != TableKind::Partitioned { "unlogged " } else { "" },
        clauses.join(", "),
        details.partitioned_by(),
        details.with_options()
    ));
    let partitions = definition::partitions(provider, table.oid).await?;
    for partition in &partitions {
        partition_statement(&mut plan, partition, source, dest);
    }
    for column in &columns {
        column_afterwards(&mut plan, dest, column);
    }
    let indexes = pg::indexes(provider, source).await?;
    for index in indexes.iter().filter(|index| index.primary) {
        add_index(&mut plan, index, source, dest);
    }
    if extent == Extent::Full {
        the_rest(&mut plan, provider, source, dest, table.oid, &indexes).await?;
        for column in columns.iter().filter(|column| column.comment.is_some()) {
            let target = format!("column {dest}.{}", Ident::new(&column.name));
            plan.must(comment(&target, column.comment.as_deref()));
        }
        plan.must(comment(&format!("table {dest}"), details.comment.as_deref()));
    }
    for partition in &partitions {
        let indexes = pg::indexes(provider, &partition.name).await?;
        let own: Vec<Index> = indexes.into_iter().filter(|index| !index.inherited).collect();
        for index in own.iter().filter(|index| index.primary) {
            add_index(&mut plan, index, &partition.name, &partition.name);
        }
        if extent == Extent::Full {
            the_rest(&mut plan, provider, &partition.name, &partition.name, partition.oid, &own).await?;
        }
    }
    Ok(plan)
}

fn partition_statement(plan: &mut Plan, partition: &Partition, source: &QualifiedName, dest: &QualifiedName) {
    let parent = if partition.parent == *source { dest } else { &partition.parent };
    plan.schema(&partition.name.schema);
    plan.must(format!(
        "create table {} partition of {parent} {}{}",
        partition.name,
        partition.bound,
        partition.partitioned_by()
    ));
    if partition.foreign {
        plan.note(format!(
            "partition {} is a foreign table on the provider, and an ordinary one here",
            partition.name.plain()
        ));
    }
}

/// Defaults and identities may need what is not here: then they are left out.
fn column_afterwards(plan: &mut Plan, dest: &QualifiedName, column: &Column) {
    let name = Ident::new(&column.name);
    if let Some(expression) = column.default() {
        let sql = format!("alter table {dest} alter column {name} set default {expression}");
        plan.may(sql, format!("the default of {}.{} is left out ({expression})", dest.plain(), column.name));
    }
    if let Some(identity) = column.identity() {
        let sql = format!("alter table {dest} alter column {name} add {identity}");
        plan.may(sql, format!("{}.{} is no identity column here", dest.plain(), column.name));
    }
}

async fn the_rest(
    plan: &mut Plan,
    provider: &Client,
    source: &QualifiedName,
    dest: &QualifiedName,
    oid: u32,
    indexes: &[Index],
) -> Result<()> {
    for check in definition::checks(provider, oid).await? {
        let name = Ident::new(&check.name);
        plan.must(format!("alter table {dest} add constraint {name} {}", check.definition));
        plan.must(comment(&format!("constraint {name} on {dest}"), check.comment.as_deref()));
    }
    for index in indexes.iter().filter(|index| index.valid || source == dest) {
        if !index.primary && !index.inherited {
            add_index(plan, index, source, dest);
        }
        if let Some(constraint) = &index.constraint {
            let target = format!("constraint {} on {dest}", Ident::new(&constraint.name));
            plan.must(comment(&target, constraint.comment.as_deref()));
        }
        let here = QualifiedName::new(&dest.schema, &index.name);
        plan.must(comment(&format!("index {here}"), index.comment.as_deref()));
    }
    Ok(())
}

fn add_index(plan: &mut Plan, index: &Index, source: &QualifiedName, dest: &QualifiedName) {
    match &index.constraint {
        Some(constraint) => plan.must(format!(
            "alter table {dest} add constraint {} {}",
            Ident::new(&constraint.name),
            constraint.definition
        )),
        None => plan.must(definition::index_on(&index.definition, source, dest)),
    }
}

/// Nothing where there is no comment.
fn comment(target: &str, text: Option<&str>) -> String {
    text.map(|text| format!("comment on {target} is {}", literal(text))).unwrap_or_default()
}
