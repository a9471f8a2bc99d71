//! Statements that bring an index back as it was.

use pg::{Constraint, ConstraintKind, Ident, Index, QualifiedName, literal};

/// The statements that bring an index back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IndexDefinition {
    /// It is made together with its constraint, which locks the table against everybody.
    pub(crate) alone: bool,
    pub(crate) create: String,
    /// What makes it its constraint's.
    pub(crate) constraint: Option<String>,
    /// Comments, marks, statistics targets.
    pub(crate) marks: Option<String>,
}

impl IndexDefinition {
    pub(crate) fn of(table: &QualifiedName, index: &Index) -> IndexDefinition {
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
            let deferral = deferral(constraint);
            let (named, by) = (Ident::new(&constraint.name), Ident::new(&index.name));
            format!("alter table {table} add constraint {named} {kind} using index {by}{deferral}")
        });
        IndexDefinition {
            alone,
            create: in_tablespace(create, index),
            constraint,
            marks: marks(table, index),
        }
    }

    /// Of a partitioned table's index: it is made without its parts, which become so when they are there.
    pub(crate) fn above(table: &QualifiedName, index: &Index) -> IndexDefinition {
        let create = match &index.constraint {
            Some(constraint) => {
                let named = Ident::new(&constraint.name);
                format!("alter table only {table} add constraint {named} {}", with_options(constraint, index))
            }
            // says ONLY itself
            None => index.definition.clone(),
        };
        let marks = marks(table, index);
        IndexDefinition { alone: false, create: in_tablespace(create, index), constraint: None, marks }
    }
}

/// The constraint with its index's storage parameters, which its definition does not tell.
fn with_options(constraint: &Constraint, index: &Index) -> String {
    let Some(options) = &index.options else { return constraint.definition.clone() };
    let deferral = deferral(constraint).to_uppercase();
    let bare = constraint.definition.strip_suffix(&deferral).unwrap_or(&constraint.definition);
    format!("{bare} with ({options}){deferral}")
}

fn deferral(constraint: &Constraint) -> &'static str {
    match (constraint.deferrable, constraint.deferred) {
        (true, true) => " deferrable initially deferred",
        (true, false) => " deferrable",
        _ => "",
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

pub(crate) fn name(table: &QualifiedName, index: &Index) -> QualifiedName {
    QualifiedName { schema: table.schema.clone(), name: index.name.clone() }
}
