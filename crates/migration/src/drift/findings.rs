//! Findings of drift: the differences of schemas that are told while replication goes on.

use pgq::drift::Finding;

use super::narrow::Narrow;
use super::replicated::Replicated;
use crate::schema::{Difference, How, Weight};

/// Tables that are named as users of a type.
const NAMED: usize = 3;

/// What is told of these differences.
pub(super) fn of(differences: &[Difference], narrow: &Narrow, replicated: &Replicated) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for difference in differences {
        let Some((table, users)) = place(difference, narrow, replicated) else { continue };
        let finds_place = difference.kind == "table"
            && difference.how == How::Missing
            && narrow.has_default_for(&difference.name);
        let default = if finds_place { ": its rows go into the default partition" } else { "" };
        let found = Finding {
            table,
            what: format!("{}{default}{users}", words(difference)),
            statement: difference.statement.clone(),
            stops: difference.weight == Weight::Stops && !finds_place,
        };
        let known = |other: &Finding| other.table == found.table && other.what == found.what;
        if !findings.iter().any(known) {
            findings.push(found);
        }
    }
    findings
}

/// The table that a difference is told of, and what is said of others; `None`: it is not told.
fn place(difference: &Difference, narrow: &Narrow, replicated: &Replicated) -> Option<(String, String)> {
    let Replicated { tables, seqs, .. } = replicated;
    if let Some(place) = narrow.table_of(&difference.table) {
        let column = difference.name.strip_prefix(&format!("{}.", difference.table)).unwrap_or_default();
        let on_purpose = difference.how == How::Missing && replicated.is_skipped(place, column);
        let told = of_table(difference, narrow.is_renamed(place)) && !on_purpose;
        return told.then(|| (tables[place].0.clone(), String::new()));
    }
    if difference.weight == Weight::Cosmetic {
        return None;
    }
    if let Some(place) = narrow.seq(&difference.name) {
        return Some((seqs[place].clone(), String::new()));
    }
    let users = narrow.users_of(&difference.name).or_else(|| narrow.users_of(&difference.table))?;
    let names: Vec<&str> = users.iter().map(|place| tables[*place].0.as_str()).collect();
    let (first, others) = names.split_first()?;
    Some((String::from(*first), also(others)))
}

/// Where else a type is used.
fn also(others: &[&str]) -> String {
    match others.len() {
        0 => String::new(),
        number if number <= NAMED => format!("; also used by {}", others.join(", ")),
        number => {
            format!("; also used by {} and {} more tables", others[..NAMED].join(", "), number - NAMED)
        }
    }
}

/// Of constraints and indexes only those are told that keep rows out: the guide adds others when it likes. Those of a
/// table with another name have other names.
fn of_table(difference: &Difference, is_renamed: bool) -> bool {
    let Difference { weight, how, .. } = difference;
    match difference.kind {
        "column" => match how {
            How::Missing | How::Extra => true,
            How::Property("default") if is_renamed => false,
            How::Property(_) => *weight != Weight::Cosmetic,
        },
        "constraint" | "index" => *weight == Weight::Stops && !is_renamed,
        "table" => *weight != Weight::Cosmetic && !is_partitioned_otherwise(difference),
        _ => *weight != Weight::Cosmetic,
    }
}

/// Rows find their place whichever side is partitioned, and by what.
fn is_partitioned_otherwise(difference: &Difference) -> bool {
    let takes_rows = |kind: &str| kind == "table" || kind.starts_with("partitioned by ");
    difference.how == How::Property("kind")
        && takes_rows(&difference.source)
        && takes_rows(&difference.target)
}

fn words(difference: &Difference) -> String {
    let object = difference.object();
    let lossy = if difference.loses_rows { ": the statement loses its values" } else { "" };
    match difference.how {
        How::Missing => format!("{object} is missing on the target"),
        How::Extra => format!("{object} is on the target only{lossy}"),
        How::Property(_) => format!("{object}: {}", difference.what()),
    }
}
