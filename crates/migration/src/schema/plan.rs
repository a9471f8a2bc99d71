//! The statements that take the source's schema over: those of `pg_dump` without what is ours, with the extensions, the
//! policies and the grants in the target's names.

use std::collections::HashSet;

use pgq::own_form::OwnForm;

use super::kind::Kind;
use super::scan::{Piece, pieces};
use super::sides::Sides;
use super::{kinds, pg_dump};
use crate::{Place, catalog};

/// A statement of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it makes: `TABLE public.orders`.
    pub object: String,
    /// The statement, without a semicolon.
    pub sql: String,
    /// The dump's entry that it is of; empty for what comes from elsewhere.
    pub(super) entry: Entry,
}

impl Statement {
    fn new(object: String, sql: String) -> Statement {
        Statement { object, sql, entry: Entry::default() }
    }
}

/// An entry of a dump: what `-- Name: …; Type: …; Schema: …; Owner: …` says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    kind: String,
    schema: String,
    name: String,
}

/// What is taken over in another way, or not at all: publications and their like are set up anew, event triggers need a
/// superuser.
const LEFT_OUT: [&str; 3] = ["EXTENSION", "EVENT TRIGGER", "POLICY"];

impl Entry {
    fn read(comment: &str) -> Option<Entry> {
        let rest = comment.strip_prefix("Name: ")?;
        let (rest, _) = rest.rsplit_once("; Owner: ")?;
        let (rest, schema) = rest.rsplit_once("; Schema: ")?;
        let (name, kind) = rest.rsplit_once("; Type: ")?;
        Some(Entry { kind: kind.to_owned(), schema: schema.to_owned(), name: name.to_owned() })
    }

    fn is_left_out(&self) -> bool {
        let comment = |of: &str| self.kind == "COMMENT" && self.name.starts_with(of);
        LEFT_OUT.contains(&self.kind.as_str())
            || comment("EXTENSION ")
            || comment("SCHEMA public")
            || comment("EVENT TRIGGER ")
            || self.kind.is_empty()
    }

    /// Schema and name as in `pg_dump`'s tags: what belongs to a table has its name in front.
    fn is(&self, [schema, table, name]: &[String; 3]) -> bool {
        self.schema == *schema && (self.name == format!("{table} {name}") || self.name == *name)
    }

    /// Replication may drop it for a while.
    pub(super) fn may_be_away(&self) -> bool {
        matches!(self.kind.as_str(), "FK CONSTRAINT" | "CONSTRAINT" | "INDEX" | "INDEX ATTACH")
    }

    /// Replication of the target has dropped it and brings it back.
    pub(super) fn is_away(&self, target: &OwnForm) -> bool {
        match self.kind.as_str() {
            "FK CONSTRAINT" => target.foreign_keys.iter().any(|fkey| self.is(&fkey.plain)),
            _ => self.may_be_away() && target.indexes.iter().any(|index| self.is(&index.plain)),
        }
    }

    fn object(&self) -> String {
        match self.schema.as_str() {
            "-" => format!("{} {}", self.kind, self.name),
            schema => format!("{} {schema}.{}", self.kind, self.name),
        }
    }
}

/// What the plan needs to know of both sides.
pub(crate) struct Known<'a> {
    pub(crate) sides: &'a Sides<'a>,
    pub(crate) source: OwnForm,
    pub(crate) target: OwnForm,
}

/// # Errors
/// `pg_dump` fails, or a side cannot be read; in words.
pub(crate) async fn plan(at: &pg::ConnectString, known: &Known<'_>) -> Result<Vec<Statement>, String> {
    let sides = known.sides;
    if let Some(refusal) = pg_dump::refusal(sides.source.server_version() / 10_000).await {
        return Err(refusal);
    }
    let ours = pgq::install::SCHEMAS.into_iter().map(str::to_owned);
    let hidden: Vec<String> = ours.chain(sides.options.excluded.iter().cloned()).collect();
    let text = pg_dump::schema(at, &hidden).await?;
    let triggers = own_triggers(known).await?;
    let dumped = dumped(&text, known, &triggers);
    let mut plan = dumped.schemas;
    let moved = sides.options.moved.values().filter(|schema| *schema != "public");
    plan.extend(moved.map(|schema| {
        let create = format!("create schema if not exists {}", pg::Ident::new(schema));
        Statement::new(format!("SCHEMA {schema}"), create)
    }));
    plan.extend(created(known, &kinds::extensions::EXTENSION).await?);
    plan.extend(dumped.objects);
    plan.extend(created(known, &kinds::policies::POLICY).await?);
    plan.extend(dumped.of_policies);
    plan.extend(created(known, &kinds::grants::REVOKED).await?);
    plan.extend(created(known, &kinds::grants::GRANT).await?);
    plan.extend(owners(known).await?);
    Ok(plan)
}

/// The statements of a dump.
#[derive(Default)]
struct Dumped {
    schemas: Vec<Statement>,
    objects: Vec<Statement>,
    /// Comments on policies.
    of_policies: Vec<Statement>,
}

fn dumped(text: &str, known: &Known<'_>, triggers: &HashSet<(String, String)>) -> Dumped {
    let options = known.sides.options;
    let mut dumped = Dumped::default();
    let mut entry = Entry::default();
    for piece in pieces(text) {
        let sql = match piece {
            Piece::Comment(comment) => {
                if let Some(next) = Entry::read(comment) {
                    entry = next;
                }
                continue;
            }
            Piece::Statement(sql) => sql,
        };
        let moved = entry.kind == "SCHEMA" && options.moved.contains_key(&entry.name);
        let ours = triggers.contains(&(entry.schema.clone(), entry.name.clone()));
        if entry.is_left_out() || moved || ours || entry.is_away(&known.target) {
            continue;
        }
        let Some(sql) = own(&entry, sql, &known.source) else { continue };
        let statement =
            Statement { object: entry.object(), sql: options.renamed(&sql), entry: entry.clone() };
        match entry.kind.as_str() {
            "SCHEMA" => dumped.schemas.push(statement),
            "COMMENT" if entry.name.starts_with("POLICY ") => dumped.of_policies.push(statement),
            _ => dumped.objects.push(statement),
        }
    }
    dumped
}

/// The statement in the object's own form, where replication has changed the object on the source.
fn own(entry: &Entry, sql: &str, source: &OwnForm) -> Option<String> {
    if entry.kind == "FK CONSTRAINT"
        && let Some(fkey) = source.foreign_keys.iter().find(|fkey| entry.is(&fkey.plain))
    {
        let not_valid = if fkey.valid { "" } else { " NOT VALID" };
        return Some(format!(
            "ALTER TABLE ONLY {} ADD CONSTRAINT {} {}{not_valid}",
            fkey.table, fkey.name, fkey.definition
        ));
    }
    if entry.kind == "TRIGGER" && sql.starts_with("ALTER TABLE") {
        let own = source.triggers.iter().find(|trigger| entry.is(&trigger.plain));
        let Some(trigger) = own else { return Some(sql.to_owned()) };
        return (trigger.enabled != "enable")
            .then(|| format!("ALTER TABLE {} {} TRIGGER {}", trigger.table, trigger.enabled, trigger.name));
    }
    Some(sql.to_owned())
}

/// Triggers of ours: schema, and table with name.
async fn own_triggers(known: &Known<'_>) -> Result<HashSet<(String, String)>, String> {
    let sql =
        "select rel.nspname, rel.relname || ' ' || t.tgname from rel join pg_trigger t on t.tgrelid = rel.oid
                 join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
                where n.nspname in (select schema from ours)";
    let rows =
        catalog::rows(known.sides.source, sql).await.map_err(|error| format!("the source: {error}"))?;
    Ok(rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect())
}

/// What creates the source's objects of a kind.
async fn created(known: &Known<'_>, kind: &Kind) -> Result<Vec<Statement>, String> {
    let objects = known.sides.objects(kind, Place::Source).await;
    let objects = objects.map_err(|error| format!("{}s of the source: {error}", kind.word))?;
    let word = kind.word.to_uppercase();
    Ok(objects.into_iter().map(|o| Statement::new(format!("{word} {}", o.name), o.create)).collect())
}

/// Owners that the user has named.
async fn owners(known: &Known<'_>) -> Result<Vec<Statement>, String> {
    let named: HashSet<&String> =
        known.sides.options.roles.values().filter(|role| !role.is_empty()).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let objects = known.sides.objects(&kinds::owners::OWNER, Place::Source).await;
    let objects = objects.map_err(|error| format!("owners of the source: {error}"))?;
    let named = objects.into_iter().filter(|object| named.contains(&object.rest(0).to_owned()));
    Ok(named
        .map(|object| Statement::new(format!("OWNER OF {}", object.name), object.statement(0).to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_a_dump_is_read_from_its_comment() {
        let entry = Entry::read("Name: order; Type: x y; Type: FK CONSTRAINT; Schema: Back Office; Owner: -")
            .unwrap();
        assert_eq!(entry.object(), "FK CONSTRAINT Back Office.order; Type: x y");
        assert!(entry.is(&["Back Office".to_owned(), "order; Type:".to_owned(), "x y".to_owned()]));
        assert_eq!(Entry::read("PostgreSQL database dump"), None);
    }
}
