//! What replication has changed of the application's objects is compared in its own form, as it was before.

use std::collections::HashSet;

use pgq::own_form::{self, OwnForm};

use super::kind::{Kind, Object};
use super::kinds;

/// Replication may have changed objects of this kind.
pub(crate) fn is_changed(kind: &Kind) -> bool {
    let changed: [&Kind; 5] = [
        &kinds::FOREIGN_KEY,
        &kinds::TRIGGER,
        &kinds::COMMENT,
        &kinds::constraints::CONSTRAINT,
        &kinds::indexes::INDEX,
    ];
    changed.into_iter().any(|of| std::ptr::eq(of, kind))
}

/// Puts the recorded form of foreign keys and triggers in the place of the changed one; foreign keys that are dropped
/// are there.
pub(crate) fn restore(kind: &Kind, objects: &mut Vec<Object>, recorded: &OwnForm) {
    if std::ptr::eq(kind, &kinds::FOREIGN_KEY) {
        for fkey in &recorded.foreign_keys {
            foreign_key(objects, fkey);
        }
    } else if std::ptr::eq(kind, &kinds::TRIGGER) {
        for trigger in &recorded.triggers {
            let found =
                |object: &&mut Object| object.parent == trigger.table && object.rest(0) == trigger.name;
            if let Some(value) = objects.iter_mut().find(found).and_then(|object| object.values.get_mut(1)) {
                value.0.clone_from(&trigger.enabled);
                value.1 =
                    format!("alter table {} {} trigger {}", trigger.table, trigger.enabled, trigger.name);
            }
        }
    }
}

fn foreign_key(objects: &mut Vec<Object>, fkey: &own_form::ForeignKey) {
    let (table, name) = (&fkey.table, &fkey.name);
    let not_valid = if fkey.valid { "" } else { " NOT VALID" };
    let drop = format!("alter table {table} drop constraint {name}");
    let added = format!("add constraint {name} {}{not_valid}", fkey.definition);
    let validated = if fkey.valid { "validated" } else { "not validated" };
    let own = Object {
        name: format!("{name} on {table}"),
        parent: table.clone(),
        create: format!("alter table {table} {added}"),
        values: vec![
            (fkey.definition.clone(), format!("{drop}, {added}")),
            (validated.to_owned(), format!("alter table {table} validate constraint {name}")),
        ],
        drop,
        rest: vec![name.clone()],
    };
    match objects.iter_mut().find(|object| object.parent == *table && object.rest(0) == name) {
        Some(object) => *object = own,
        None => objects.push(own),
    }
}

/// Indexes, constraints and foreign keys that replication has dropped and brings back.
pub(crate) struct Away {
    names: HashSet<(String, String)>,
    comments: HashSet<String>,
}

impl Away {
    pub(crate) fn new(recorded: &OwnForm) -> Away {
        let indexes = recorded.indexes.iter().map(|index| (index.table.clone(), index.name.clone()));
        let names: HashSet<_> = indexes.collect();
        let fkeys = recorded.foreign_keys.iter().map(|fkey| (&fkey.table, &fkey.name));
        let all = names.iter().map(|(table, name)| (table, name)).chain(fkeys);
        let comments = all.flat_map(|(table, name)| {
            // An index is in the schema of its table.
            let schema =
                recorded.indexes.iter().find(|index| index.table == *table).map(|index| &index.schema);
            let index = schema.map(|schema| format!("index {schema}.{name}"));
            std::iter::once(format!("constraint {name} on {table}")).chain(index)
        });
        let comments = comments.collect();
        Away { names, comments }
    }

    pub(crate) fn has(&self, table: &str, name: &str) -> bool {
        self.names.contains(&(table.to_owned(), name.to_owned()))
    }

    pub(crate) fn has_comment(&self, object: &str) -> bool {
        self.comments.contains(object)
    }
}
