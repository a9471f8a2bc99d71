//! What replication has changed of the application's objects is compared in its own form, as it was before.

use std::collections::HashSet;

use pgq::own_form::{self, OwnForm};

use super::kind::{Kind, Object};
use super::kinds;

/// Puts the recorded form of foreign keys and triggers in the place of the changed one; foreign keys that are dropped
/// are there.
pub(crate) fn restore(kind: &Kind, objects: &mut Vec<Object>, recorded: &OwnForm) {
    if std::ptr::eq(kind, &kinds::FOREIGN_KEY) {
        for fkey in &recorded.foreign_keys {
            foreign_key(objects, fkey);
        }
    } else if std::ptr::eq(kind, &kinds::TRIGGER) {
        for trigger in &recorded.triggers {
            let found = |object: &&mut Object| object.parent == trigger.table && object.rest(0) == trigger.name;
            if let Some(value) = objects.iter_mut().find(found).and_then(|object| object.values.get_mut(1)) {
                value.0.clone_from(&trigger.enabled);
                value.1 = format!("alter table {} {} trigger {}", trigger.table, trigger.enabled, trigger.name);
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

/// Names of indexes and constraints that a copy has dropped and builds again: `(table, name)`.
pub(crate) fn away(recorded: &OwnForm) -> HashSet<(String, String)> {
    let indexes = recorded.indexes.iter();
    indexes.map(|index| (index.table.clone(), index.name.clone())).collect()
}
