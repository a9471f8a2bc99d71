//! Condition on the target's rows that a partition of the source's table holds.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use crate::target::column::TargetColumn;
use crate::target::partition_bounds::{Bound, Datum, Key, Level};
use crate::target::table::Plan;

/// Types that take each other's values without a change, or not at all, and sort them alike.
const ALIKE: &[&[&str]] = &[
    &["pg_catalog.int2", "pg_catalog.int4", "pg_catalog.int8", "pg_catalog.numeric"],
    &["pg_catalog.text", "pg_catalog.varchar"],
];

/// Whether a value of the source's type sorts among the target's as it did on the source. A date becomes a timestamp,
/// but not the other way round.
fn sorts_alike(source: &str, target: &str) -> bool {
    source == target
        || (source, target) == ("pg_catalog.date", "pg_catalog.timestamp")
        || ALIKE.iter().any(|types| types.contains(&source) && types.contains(&target))
}

/// Types whose equal values have equal hashes, across each other.
const HASHED_ALIKE: &[&str] = &["pg_catalog.int2", "pg_catalog.int4", "pg_catalog.int8"];

/// A condition on rows `t`, with the texts of its parameters.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<String>,
    /// Number of temporary tables that it asks for hashes.
    hashes: usize,
}

/// Why there is no condition.
pub(crate) enum Refusal {
    /// In words.
    Unlike(String),
    Server(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Refusal {
        Refusal::Server(error)
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal::Unlike(reason)
    }
}

/// A key column as the target has it.
struct Found<'a> {
    column: &'a TargetColumn,
    /// SQL that orders its values as the source does.
    expression: String,
}

/// The condition that a row of the target belongs to the partition described.
pub(crate) async fn condition(client: &Client, plan: &Plan, levels: &[Level]) -> Result<Condition, Refusal> {
    let mut condition = Condition::default();
    let mut parts = Vec::new();
    for level in levels {
        if level.expressions.is_some() {
            return Err("its partition key has expressions".to_owned().into());
        }
        let mut found = Vec::with_capacity(level.key.len());
        for key in &level.key {
            found.push(column(client, plan, level, key).await?);
        }
        let bound = |text: &str| {
            Bound::parse(text).ok_or_else(|| Refusal::Unlike(format!("its bound is not understood: {text}")))
        };
        parts.push(match (bound(&level.bound)?, &level.others) {
            (Bound::Default, Some(others)) => {
                let mut taken = Vec::with_capacity(others.len());
                for other in others {
                    taken.push(condition.bound(client, &found, bound(other)?).await?);
                }
                let taken = if taken.is_empty() { "false".to_owned() } else { taken.join(" or ") };
                format!("({taken}) is not true")
            }
            (other, _) => condition.bound(client, &found, other).await?,
        });
    }
    condition.sql = parts.join(" and ");
    Ok(condition)
}

async fn column<'a>(
    client: &Client,
    plan: &'a Plan,
    level: &Level,
    Key(name, source_type, collation, class, modifier): &Key,
) -> Result<Found<'a>, Refusal> {
    let name = name.as_deref().unwrap_or_default();
    let column = plan.columns.iter().find(|column| column.name == name);
    let column =
        column.ok_or_else(|| format!("its partition key has column {name}, which the target lacks"))?;
    if let Some(class) = class {
        return Err(format!("its partition key orders column {name} by operator class {class}").into());
    }
    let key_column = pgq::partition::key_column(client, plan.catalog_entry.oid, name).await?;
    let (of_target, built_in) = (key_column.type_name, key_column.is_built_in);
    let (here, deterministic) = (key_column.collation, key_column.is_deterministic);
    let of_source = source_type.as_deref().unwrap_or_default();
    let rounds = key_column.rounds;
    let both_hashed = [of_source, &of_target].iter().all(|name| HASHED_ALIKE.contains(name));
    let suits = match level.by.as_str() {
        "h" => built_in && (of_source == of_target || both_hashed),
        "r" => built_in && sorts_alike(of_source, &of_target),
        _ => sorts_alike(of_source, &of_target),
    };
    let suits = suits && (rounds == -1 || rounds == *modifier);
    if !suits {
        return Err(format!(
            "column {name} has type {of_source} on the source and {of_target} on the target, \
             and bounds of such types need not mean the same there"
        )
        .into());
    }
    let mut expression = format!("t.{}", column.quoted);
    if collation.is_some() && *collation != here {
        if collation.as_deref() != Some("C") {
            return Err(format!("column {name} is sorted by another collation on the target").into());
        }
        expression.push_str(" collate pg_catalog.\"C\"");
    } else if collation.is_none() && !deterministic {
        return Err(format!("column {name} has a nondeterministic collation on the target").into());
    }
    Ok(Found { column, expression })
}

impl Condition {
    /// SQL of one value, read by the input function of the column's type: as a parameter, or as a literal where a
    /// parameter of type text would need a cast.
    fn parameter(&mut self, found: &Found<'_>, value: String) -> String {
        if found.column.takes_literals() {
            return format!("{}::{}", pg::literal(&value), found.column.type_name);
        }
        self.parameters.push(value);
        found.column.read(&format!("${}::text", self.parameters.len()))
    }

    async fn bound(&mut self, client: &Client, found: &[Found<'_>], bound: Bound) -> Result<String, Refusal> {
        match (bound, found) {
            (Bound::List(values), [found]) => {
                let values = values.into_iter().map(|value| match value {
                    Datum::Value(value) => {
                        let value = self.parameter(found, value);
                        format!("t.{} {} {value}", found.column.quoted, found.column.equals)
                    }
                    _ => format!("(t.{} is not distinct from null)", found.column.quoted),
                });
                Ok(format!("({})", values.collect::<Vec<_>>().join(" or ")))
            }
            (Bound::Range(from, to), found) if from.len() == found.len() => {
                let not_null = found.iter().map(|f| format!("t.{} is not null", f.column.quoted));
                let not_null = not_null.collect::<Vec<_>>().join(" and ");
                let from = self.edge(found, from, false);
                let to = self.edge(found, to, true);
                Ok(format!("({not_null} and {from} and {to})"))
            }
            (Bound::Hash(modulus, remainder), found) => self.hash(client, found, modulus, remainder).await,
            _ => Err("its bounds do not match its partition key".to_owned().into()),
        }
    }

    /// The key is before the edge (`below`), or at it or behind.
    fn edge(&mut self, found: &[Found<'_>], edge: Vec<Datum>, below: bool) -> String {
        let mut condition = (!below).to_string();
        let mut known = Vec::new();
        for (found, datum) in found.iter().zip(edge) {
            match datum {
                Datum::Value(value) => known.push((found, value)),
                // every value is behind this, or before it, whatever comes in the other columns
                other => {
                    condition = ((other == Datum::Min) != below).to_string();
                    break;
                }
            }
        }
        let operator = if below { "<" } else { ">" };
        for (found, value) in known.into_iter().rev() {
            let (value, column) = (self.parameter(found, value), &found.expression);
            condition = format!(
                "({column} operator(pg_catalog.{operator}) {value} or ({column} operator(pg_catalog.=) \
                 {value} and {condition}))"
            );
        }
        condition
    }

    /// PostgreSQL's own answer, with the key of a temporary table: it knows no hash of rows by itself.
    async fn hash(
        &mut self,
        client: &Client,
        found: &[Found<'_>],
        modulus: i32,
        remainder: i32,
    ) -> Result<String, Refusal> {
        let name = format!("pg_temp.londiste_rs_hash_{}", self.hashes);
        self.hashes += 1;
        let types = found.iter().enumerate().map(|(at, f)| format!("k{at} {}", f.column.type_name));
        let names = (0..found.len()).map(|at| format!("k{at}"));
        let sql = format!(
            "drop table if exists {name}; create temporary table {} ({}) partition by hash ({}) on commit drop",
            name.trim_start_matches("pg_temp."),
            types.collect::<Vec<_>>().join(", "),
            names.collect::<Vec<_>>().join(", ")
        );
        client.batch_execute(&sql).await?;
        let values = found.iter().map(|f| format!("t.{}::{}", f.column.quoted, f.column.type_name));
        let values = values.collect::<Vec<_>>().join(", ");
        Ok(format!(
            "pg_catalog.satisfies_hash_partition('{name}'::pg_catalog.regclass, {modulus}, {remainder}, {values})"
        ))
    }

    /// Deletes the rows.
    pub(crate) async fn delete(&self, client: &Client, plan: &Plan) -> Result<u64, tokio_postgres::Error> {
        let (statement, parameters) = self.prepare(client, plan, "delete").await?;
        client.execute(&statement, &parameters).await
    }

    /// Whether there is such a row.
    pub(crate) async fn finds(&self, client: &Client, plan: &Plan) -> Result<bool, tokio_postgres::Error> {
        let (statement, parameters) = self.prepare(client, plan, "select 1").await?;
        Ok(!client.query(&statement, &parameters).await?.is_empty())
    }

    async fn prepare(
        &self,
        client: &Client,
        plan: &Plan,
        verb: &str,
    ) -> Result<(Statement, Vec<&(dyn ToSql + Sync)>), tokio_postgres::Error> {
        let only = if plan.alone { "only " } else { "" };
        let limit = if verb == "delete" { "" } else { " limit 1" };
        let sql = format!("{verb} from {only}{} as t where {}{limit}", plan.quoted, self.sql);
        let statement = client.prepare_typed(&sql, &vec![Type::TEXT; self.parameters.len()]).await?;
        Ok((statement, self.parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect()))
    }

    /// Drops the temporary tables again.
    pub(crate) async fn clear(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        for at in 0..self.hashes {
            client.batch_execute(&format!("drop table pg_temp.londiste_rs_hash_{at}")).await?;
        }
        Ok(())
    }
}
