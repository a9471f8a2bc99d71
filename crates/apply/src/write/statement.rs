//! Statements that write rows. Values travel as texts, in one parameter for each column.

use std::collections::HashMap;

use tokio_postgres::{Client, Statement};

use crate::target::reading;
use crate::target::table::Plan;

/// What a prepared statement does, to which columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// Parameters: an array for each column.
    Insert { columns: Vec<usize> },
    /// Parameters: an array for each column to set, then one for each key column.
    Update { columns: Vec<usize>, key: Vec<usize> },
    /// Parameters: as `Update`. Returns how many rows were not there.
    Put { columns: Vec<usize>, key: Vec<usize> },
    /// Parameters: an array for each key column.
    Delete { key: Vec<usize> },
    /// Finds the keys without a row. Parameters as `Delete`; returns their positions from 1.
    Missing { key: Vec<usize> },
    /// Updates one of the rows that equal the old one. Parameters: a text for each column to set, then one for each
    /// column of the old row that is not NULL.
    UpdateOne { columns: Vec<usize>, old: Vec<(usize, Null)> },
    /// Deletes one of the rows that equal the old one. Parameters: as the old row's above.
    DeleteOne { old: Vec<(usize, Null)> },
    /// Deletes, for each row given, one of the rows that equal it. Parameters: an array for each column.
    DeleteEquals { columns: Vec<usize> },
}

/// Statements kept for one table.
const KEPT: usize = 512;

/// The prepared statements of a table, by their shapes.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    prepared: HashMap<Shape, Statement>,
}

impl Statements {
    /// The statement of that shape, if it has been prepared.
    pub(crate) fn get(&self, shape: &Shape) -> Option<Statement> {
        self.prepared.get(shape).cloned()
    }

    /// Keeps a prepared statement.
    pub(crate) fn keep(&mut self, shape: &Shape, statement: Statement) {
        self.prepared.insert(shape.clone(), statement);
    }

    /// The prepared statement of that shape.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn prepare(
        &mut self,
        client: &Client,
        plan: &Plan,
        shape: &Shape,
    ) -> std::result::Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.get(shape) {
            return Ok(statement);
        }
        let statement = client.prepare(&shape.sql(plan)).await?;
        self.keep(shape, statement.clone());
        Ok(statement)
    }

    /// Forgets them when there have come to be too many.
    pub(crate) fn trim(&mut self) {
        if self.prepared.len() > KEPT {
            self.prepared.clear();
        }
    }
}

/// Whether the old row's column is NULL.
pub(crate) type Null = bool;

impl Shape {
    pub(crate) fn sql(&self, plan: &Plan) -> String {
        let table = &plan.quoted;
        let only = if plan.alone { "only " } else { "" };
        let column = |at: &usize| &plan.columns[*at];
        match self {
            Shape::Insert { columns } if columns.is_empty() => {
                format!("insert into {table} select from unnest($1::text[])")
            }
            Shape::Insert { columns } => {
                let names = list(columns.iter().map(|c| column(c).quoted.clone()));
                let values =
                    list(columns.iter().enumerate().map(|(i, c)| column(c).read(&format!("x.v{i}"))));
                format!(
                    "insert into {table} ({names}) overriding system value select {values} from {}",
                    rows(plan, columns, &[])
                )
            }
            Shape::Update { columns, key } => {
                let set =
                    list(columns.iter().enumerate().map(|(i, c)| {
                        format!("{} = {}", column(c).quoted, column(c).read(&format!("x.v{i}")))
                    }));
                let (from, which) = found(plan, &rows(plan, columns, key), key);
                format!("update {only}{table} as t set {set} from {from} where {which}")
            }
            Shape::Put { columns, key } => put(plan, columns, key),
            Shape::Delete { key } => {
                let (from, which) = found(plan, &rows(plan, &[], key), key);
                format!("delete from {only}{table} as t using {from} where {which}")
            }
            Shape::Missing { key } => {
                let (given, names) = given(plan, &[], key);
                format!(
                    "select x.pos from {given} with ordinality as x({names}, pos) \
                     where not exists (select from {only}{table} as t where {}) order by x.pos",
                    key_matches(plan, key)
                )
            }
            Shape::UpdateOne { columns, old } => {
                let set = list(
                    columns
                        .iter()
                        .enumerate()
                        .map(|(i, c)| format!("{} = {}", column(c).quoted, column(c).read_one(i + 1))),
                );
                format!("update {only}{table} as t set {set} where {}", row_matches(plan, old, columns.len()))
            }
            Shape::DeleteEquals { columns } => {
                let read = |i: usize, c: &usize| column(c).printed(&column(c).read(&format!("x.v{i}")));
                let given = list(columns.iter().enumerate().map(|(i, c)| read(i, c)));
                let found =
                    list(columns.iter().map(|c| column(c).printed(&format!("m.{}", column(c).quoted))));
                // without the distinct keys, a row would be found once for each given row of its key
                let (keys, narrowed) = if plan.key.is_empty() || !plan.key.iter().all(|k| columns.contains(k))
                {
                    (String::new(), String::new())
                } else {
                    let at = |k: &usize| columns.iter().position(|c| c == k).unwrap_or_default();
                    let read = |(i, k): (usize, &usize)| {
                        format!("{} as k{i}", column(k).read(&format!("x.v{}", at(k))))
                    };
                    let matches = |(i, k): (usize, &usize)| {
                        format!(
                            "{} {} keys.k{i}",
                            column(k).compared(&format!("m.{}", column(k).quoted)),
                            column(k).equals
                        )
                    };
                    let reads = list(plan.key.iter().enumerate().map(read));
                    let matches: Vec<String> = plan.key.iter().enumerate().map(matches).collect();
                    (
                        format!(
                            "keys as materialized (select distinct {reads} from {}), ",
                            rows(plan, columns, &[])
                        ),
                        format!("keys join {only}{table} as m on {}", matches.join(" and ")),
                    )
                };
                let from = if narrowed.is_empty() { format!("{only}{table} as m") } else { narrowed };
                let which = format!(
                    "with {keys}given as (select g.whole, row_number() over (partition by g.whole) as nth \
                                      from (select row({given})::text as whole from {}) g), \
                     found as (select f.*, row_number() over (partition by f.whole) as nth \
                                 from (select m.tableoid as part, m.ctid as place, row({found})::text as whole \
                                         from {from}) f \
                                where f.whole in (select whole from given))",
                    rows(plan, columns, &[])
                );
                let places = "from found join given using (whole, nth)";
                if plan.alone {
                    format!(
                        "delete from only {table} as t where t.ctid = any (array({which} select place {places}))"
                    )
                } else {
                    format!(
                        "{which} delete from {table} as t using (select part, place {places}) as gone \
                         where t.tableoid = gone.part and t.ctid = gone.place"
                    )
                }
            }
            Shape::DeleteOne { old } => {
                format!("delete from {only}{table} as t where {}", row_matches(plan, old, 0))
            }
        }
    }
}

/// One statement: what it updates is not there for its insert to see, but its number is.
fn put(plan: &Plan, columns: &[usize], key: &[usize]) -> String {
    let table = &plan.quoted;
    let only = if plan.alone { "only " } else { "" };
    let quoted = |at: &usize| plan.columns[*at].quoted.as_str();
    let value = |(i, at): (usize, &usize)| plan.columns[*at].read(&format!("x.v{i}"));
    let names = list(columns.iter().map(|at| quoted(at).to_owned()));
    let values = list(columns.iter().enumerate().map(value));
    let set: Vec<String> = columns
        .iter()
        .enumerate()
        .filter(|(_, at)| !plan.columns[**at].identity_always)
        .map(|(i, at)| format!("{} = {}", quoted(at), value((i, at))))
        .collect();
    let (from, which) = found(plan, "given as x", key);
    let (given, fields) = given(plan, columns, key);
    let there = if set.is_empty() {
        format!("select x.pos from {only}{table} as t, {from} where {which}")
    } else {
        let set = set.join(", ");
        format!("update {only}{table} as t set {set} from {from} where {which} returning x.pos")
    };
    format!(
        "with given as materialized (select * from {given} with ordinality as x({fields}, pos)), there as ({there}) \
         insert into {table} ({names}) overriding system value \
         select {values} from given as x where x.pos not in (select pos from there)"
    )
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The parameters as rows, without alias, and the names of their columns: of each value v0 and so on, of each key
/// column k0 and so on.
fn given(plan: &Plan, values: &[usize], key: &[usize]) -> (String, String) {
    let named = |letter: char| {
        move |(i, at): (usize, &usize)| (format!("{letter}{i}"), Some(&plan.columns[*at].reading))
    };
    let columns = values.iter().enumerate().map(named('v')).chain(key.iter().enumerate().map(named('k')));
    let (given, names) = reading::rows(columns);
    (given, names.join(", "))
}

/// The same as `x`. Where there is no column, one of texts that are not looked at tells how many rows there are.
fn rows(plan: &Plan, values: &[usize], key: &[usize]) -> String {
    if values.is_empty() && key.is_empty() {
        return "unnest($1::text[]) as x(v0)".to_owned();
    }
    let (given, names) = given(plan, values, key);
    format!("{given} as x({names})")
}

/// What the rows to be changed, `t`, are found by: a FROM list that begins with the `given` rows, and a condition.
/// Where an index finds them, each is looked up: a table that is thought to be tiny would be read as a whole, and all
/// given rows for each of its rows, until it is analyzed after it has grown. A large one is not in that danger, and a
/// row that is found and then looked up by its place costs a tenth more.
fn found(plan: &Plan, given: &str, key: &[usize]) -> (String, String) {
    let matches = key_matches(plan, key);
    if !plan.alone || plan.catalog_entry.is_large || !plan.finds_rows_by(key) {
        return (given.to_owned(), matches);
    }
    let table = &plan.quoted;
    // not moved out of its place, behind which only the place of a row is left to go by
    let place = format!("(select t.ctid as place from only {table} as t where {matches} offset 0) as found");
    (format!("{given} cross join lateral {place}"), "t.ctid = found.place".to_owned())
}

fn key_matches(plan: &Plan, key: &[usize]) -> String {
    let part = |(i, at): (usize, &usize)| {
        let column = &plan.columns[*at];
        format!(
            "{} {} {}",
            column.compared(&format!("t.{}", column.quoted)),
            column.equals,
            column.read(&format!("x.k{i}"))
        )
    };
    key.iter().enumerate().map(part).collect::<Vec<_>>().join(" and ")
}

/// Condition on `t` to be one row, of those that equal the parameters from number `before` + 1 on.
fn row_matches(plan: &Plan, old: &[(usize, Null)], before: usize) -> String {
    let mut parameter = before;
    let mut conditions = Vec::with_capacity(old.len());
    for (at, null) in old {
        let column = &plan.columns[*at];
        let name = format!("m.{}", column.quoted);
        if *null {
            // not "is null", which a composite value of nothing but NULLs is as well
            conditions.push(format!("{name} is not distinct from null"));
            continue;
        }
        parameter += 1;
        let value = column.read_one(parameter);
        use crate::target::column::Sameness::{PinnedText, Text};
        conditions.push(match column.sameness {
            // an index can serve this
            Text | PinnedText => format!("{} {} {value}", column.compared(&name), column.equals),
            // values of the same text are equal: the index finds the row, the text tells whether it is the one
            _ if plan.key.contains(at) => format!(
                "{} {} {value} and {}",
                column.compared(&name),
                column.equals,
                column.same_text(&name, &value)
            ),
            _ => column.same_text(&name, &value),
        });
    }
    let conditions = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" and ") };
    let table = &plan.quoted;
    if plan.alone {
        format!("t.ctid = (select m.ctid from only {table} as m where {conditions} limit 1)")
    } else {
        format!(
            "(t.tableoid, t.ctid) = (select m.tableoid, m.ctid from {table} as m where {conditions} limit 1)"
        )
    }
}
