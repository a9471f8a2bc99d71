//! What is migrated: the source's tables and sequences that the words of the command line name, or all.

use anyhow::{Result, bail};
use migration::steps::{self as migrating, Relation};
use pg::Session;
use pgq::replicable;

use crate::londiste::command::migrate::side::{Side, counted, some};
use crate::londiste::support::job::Job;
use crate::londiste::support::name_pattern;

/// What is migrated, under the queue's names.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) tables: Vec<String>,
    pub(super) sequences: Vec<String>,
    /// What is not, and why.
    pub(super) left_out: Vec<String>,
    /// No table is named.
    is_all: bool,
}

impl Scope {
    /// Asks the source.
    ///
    /// # Errors
    /// A word matches no table there.
    pub(super) async fn of(own: &Job, target: &Job, words: &[String], source: &Side) -> Result<Scope> {
        let found = relations(own, source).await?;
        let of_kind = |kind: &'static str| found.iter().filter(move |relation| relation.kind == kind);
        let (target, own) = (&target.settings, &own.settings);
        let existing: Vec<String> = of_kind("r").map(|relation| relation.name.clone()).collect();
        let mut left_out: Vec<String> = Vec::new();
        let named = match words {
            [] => {
                let foreign: Vec<&str> = of_kind("f").map(|relation| relation.name.as_str()).collect();
                if !foreign.is_empty() {
                    let (number, names) = (counted(foreign.len(), "foreign table"), some(&foreign));
                    left_out.push(format!("{number}, whose rows live on another server: {names}"));
                }
                existing
            }
            words => {
                let choice = name_pattern::choose(words, &existing)?;
                let strange: Vec<String> = choice.unknown.into_iter().chain(choice.unmatched).collect();
                if !strange.is_empty() {
                    bail!("no table of the source matches {}", strange.join(", "));
                }
                choice.found
            }
        };
        let (tables, kept): (Vec<String>, Vec<String>) =
            named.into_iter().partition(|name| target.registers_table(name) && own.registers_table(name));
        if !kept.is_empty() {
            let number = counted(kept.len(), "table");
            let names = some(&kept);
            left_out.push(format!("{number}, by register_only_tables or register_skip_tables: {names}"));
        }
        let sequences = match words {
            [] => of_kind("S").map(|relation| relation.name.clone()).collect(),
            _ => migrating::sequences_of(&source.session, &tables).await?,
        };
        let registers = |name: &String| target.registers_seq(name) && own.registers_seq(name);
        let sequences = sequences.into_iter().filter(registers).collect();
        Ok(Scope { tables, sequences, left_out, is_all: words.is_empty() })
    }

    /// Whether an object of this table is migrated, by the table's name as SQL writes it; of none: it is where all is.
    pub(super) fn concerns_table(&self, table: &str) -> bool {
        self.is_all || is_among(&self.tables, table)
    }

    /// Whether a finding of a check is about something that is migrated. Findings that name no table, column or
    /// sequence are about all of it.
    pub(super) fn concerns(&self, object: &str) -> bool {
        let named = |kind: &str| object.strip_prefix(kind);
        match (named("table ").or_else(|| named("column ")), named("sequence ")) {
            _ if self.is_all => true,
            (Some(table), _) => is_among(&self.tables, table),
            (_, Some(sequence)) => is_among(&self.sequences, sequence),
            (None, None) => true,
        }
    }
}

/// Whether one of the names, which are plain, stands at the beginning of what SQL has written.
fn is_among(names: &[String], written: &str) -> bool {
    pg::QualifiedName::leading(written).is_some_and(|found| names.contains(&found.plain()))
}

/// What the source's root can replicate. Before there is a root the catalogs tell.
async fn relations(job: &Job, source: &Side) -> Result<Vec<Relation>> {
    if source.node.is_none() {
        return Ok(migrating::relations(&source.session).await?);
    }
    let session: &Session = &source.session;
    let found = replicable::replicable(&**session, job.queue(), job.settings.capture).await?;
    Ok(found.into_iter().map(|object| Relation { kind: object.kind, name: object.name }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_differences_of_named_tables_count() {
        let tables = vec!["public.orders".to_owned(), "odd Schema.a.b".to_owned()];
        let sequences = vec!["public.orders_id_seq".to_owned()];
        let mut scope = Scope { tables, sequences, left_out: Vec::new(), is_all: false };
        for object in [
            "table public.orders",
            "column public.orders.id",
            "table \"odd Schema\".\"a.b\"",
            "column \"odd Schema\".\"a.b\".\"C\"",
            "sequence public.orders_id_seq",
            "database shop",
        ] {
            assert!(scope.concerns(object), "{object}");
        }
        for object in ["table public.other", "column public.orders2.id", "sequence public.other_id_seq"] {
            assert!(!scope.concerns(object), "{object}");
        }
        assert!(scope.concerns_table("public.orders") && scope.concerns_table("\"odd Schema\".\"a.b\""));
        assert!(!scope.concerns_table("public.other") && !scope.concerns_table(""));
        scope.is_all = true;
        assert!(scope.concerns("table public.other") && scope.concerns_table(""));
    }
}
