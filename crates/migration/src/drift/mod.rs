//! Drift of a running replication: whether the definitions of replicated tables are still the same on both sides, and
//! what of the source nobody replicates.
//!
//! [`look`] asks the catalogs for stamps first. Only what has another stamp than last time is looked at closely: the
//! definitions by a comparison of schemas that is narrowed to replicated tables, their partitions and types.

mod findings;
mod narrow;
mod replicated;

use pg::{ConnectString, Session};
use pgq::drift::{Finding, Stamps};
use pgq::replicable::{self, Object};
use pgq::table::{self, Capture};
use pgq::{drift, seq, skipped};

use crate::schema::{Options, compare};
use replicated::Replicated;

/// What a look has found.
#[derive(Debug, Default)]
pub struct Looked {
    /// What differs in definitions; `None`: nothing has changed since the last look.
    pub definitions: Option<Vec<Finding>>,
    /// Tables and sequences of the root that nobody replicates; `None`: no others than at the last look.
    pub unreplicated: Option<Vec<Object>>,
    /// What the next look is told.
    pub stamps: Stamps,
}

/// A session that only asks.
///
/// # Errors
/// The server cannot be reached, in words.
pub async fn connect(at: &ConnectString, application: &str) -> Result<Session, String> {
    crate::session::connect(at, application).await
}

/// Looks at both sides of a queue: at the source, the provider of this node, and at the target, the node. `last`: the
/// stamps of the last look.
///
/// # Errors
/// A side could not be asked, in words; nothing is known then.
pub async fn look(
    source: &Session,
    target: &Session,
    queue: &str,
    names: &Options,
    last: Option<&Stamps>,
) -> Result<Looked, String> {
    let in_words = |error: pgq::Error| error.to_string();
    let tables = table::list(&**target, queue).await.map_err(in_words)?;
    let tables: Vec<(String, String)> = tables
        .into_iter()
        .filter(|table| table.local)
        .map(|table| (table.name.clone(), table.dest().to_owned()))
        .collect();
    let seqs = seq::list(&**target, queue).await.map_err(in_words)?;
    let seqs: Vec<String> = seqs.into_iter().filter(|seq| seq.local).map(|seq| seq.name).collect();
    if tables.is_empty() && seqs.is_empty() {
        // nothing is set up yet
        let stamps = Stamps::default();
        let is_new = last != Some(&stamps);
        let (definitions, unreplicated) = (is_new.then(Vec::new), is_new.then(Vec::new));
        return Ok(Looked { definitions, unreplicated, stamps });
    }
    let mut stamps = drift::stamps(&**source, &**target, queue, &tables, &seqs).await.map_err(in_words)?;
    let skipped = skipped::list(&**target, queue).await.map_err(in_words)?;
    stamps.definitions[1].push_str(&format!(" {skipped:?}"));
    let definitions = match last.is_some_and(|last| last.definitions == stamps.definitions) {
        true => None,
        false => Some(definitions(source, target, names, &Replicated { tables, seqs, skipped }).await?),
    };
    let unreplicated = match last.is_some_and(|last| last.replicable == stamps.replicable) {
        true => None,
        false if stamps.replicable.is_none() => Some(Vec::new()),
        false => Some(replicable::missing(&**source, queue, Capture::Generated).await.map_err(in_words)?),
    };
    Ok(Looked { definitions, unreplicated, stamps })
}

async fn definitions(
    source: &Session,
    target: &Session,
    names: &Options,
    replicated: &Replicated,
) -> Result<Vec<Finding>, String> {
    let Replicated { tables, seqs, .. } = replicated;
    let sides = drift::scope(&**source, &**target, tables, seqs).await.map_err(|error| error.to_string())?;
    let narrow = narrow::Narrow::of(&sides, tables);
    let compared = compare(source, target, names, &narrow.scope).await;
    let compared = compared.map_err(|error| error.to_string())?;
    if let Some(unread) = compared.unread.first() {
        return Err(format!("{} of the {}: {}", unread.object, unread.place, unread.why));
    }
    Ok(findings::of(&compared.differences, &narrow, replicated))
}

/// What is to be said of something that nobody replicates.
pub fn unreplicated(object: &Object) -> Finding {
    let (word, command, create) = match object.is_sequence() {
        true => ("sequence", "add-seq", "--create"),
        false => ("table", "add-table", "--create-full"),
    };
    let name = shell(&object.name);
    Finding {
        table: object.name.clone(),
        what: format!("{word} of the root that nobody replicates"),
        statement: format!(
            "londiste source.ini {command} {name}, then londiste target.ini {command} {create} {name}; \
             or leave it out by register_skip_{} in target.ini",
            if object.is_sequence() { "seqs" } else { "tables" }
        ),
        stops: false,
    }
}

/// A word of a command line.
pub fn shell(word: &str) -> String {
    match word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_a_command_line() {
        let object = |kind: &str, name: &str| Object { kind: kind.to_owned(), name: name.to_owned() };
        let table = unreplicated(&object("r", "public.it's new"));
        assert!(
            table.statement.contains("add-table --create-full 'public.it'\\''s new';"),
            "{}",
            table.statement
        );
        let seq = unreplicated(&object("S", "public.s"));
        assert!(seq.statement.contains("add-seq --create public.s; "), "{}", seq.statement);
    }
}
