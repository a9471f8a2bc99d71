//! Columns of the source that the target's table lacks: their table is held before a value of theirs is lost.
//!
//! A value may be left out if the ALTER TABLE that the message names gives it to the row later: if it is what all rows
//! of before have in that column.

use crate::source::{Fill, Source, SourceColumn};
use crate::target::column::TargetColumn;
use crate::target::mapping::Mapping;
use crate::target::table::Plan;
use crate::{Error, MissingColumns, Result, Row};

/// Whether the row may be written without the columns that the target lacks.
///
/// # Errors
/// [`Error::ColumnMissing`]; [`Error::SourceUnknown`] where the source has to be asked first.
pub(crate) fn check(plan: &Plan, mapping: &Mapping, row: &Row, event_id: i64) -> Result<()> {
    if mapping.lacking.is_empty() || plan.missing_columns == MissingColumns::Skip {
        return Ok(());
    }
    let names = || mapping.lacking.iter().map(|at| mapping.columns.names[*at].clone());
    let unknown = || Error::SourceUnknown { table: plan.table.clone(), columns: names().collect(), event_id };
    let source = plan.source.as_ref().ok_or_else(unknown)?;
    for at in &mapping.lacking {
        let name = &mapping.columns.names[*at];
        if source.skipped.contains(name) {
            continue;
        }
        if !source.asked.contains(name) {
            return Err(unknown());
        }
        let held = |reason: &str, remedy: String| Error::ColumnMissing {
            table: plan.table.clone(),
            column: name.clone(),
            reason: reason.to_owned(),
            remedy,
            event_id,
        };
        let (table, skip) = (&plan.quoted, skip(source, name));
        if let Some(gone) = gone(&plan.columns, source) {
            let (old, new) = (&gone.quoted, pg::Ident::new(name));
            let reason = format!("may be column {}, renamed, which only the target has", gone.name);
            let known = source.columns.iter().find(|column| column.name == *name);
            let add = known.map_or_else(String::new, |column| {
                format!("if not: alter table {table} {}, then resume-table, ", column.addition())
            });
            let remedy = format!(
                "if so: alter table {table} rename column {old} to {new}, then resume-table; {add}or {skip}"
            );
            return Err(held(&reason, remedy));
        }
        let value = row.values.get(*at);
        let Some(column) = source.columns.iter().find(|column| column.name == *name) else {
            if value.is_none() {
                continue;
            }
            let reason = "has a value, and the source has no such column any more";
            return Err(held(reason, format!("resync the table, or {skip}")));
        };
        if !suits(column, value) {
            let add = format!("alter table {table} {}", column.addition());
            let remedy = if column.fill == Fill::Unknown && !column.generated {
                format!(
                    "{add}, then resync the table, whose rows of before have values that no event has; or {skip}"
                )
            } else {
                format!("{add}, then resume-table; or {skip}")
            };
            return Err(held("has a value of its own", remedy));
        }
    }
    Ok(())
}

/// The value is what the column's addition gives to a row.
fn suits(column: &SourceColumn, value: Option<&str>) -> bool {
    match (&column.fill, value) {
        (Fill::Null | Fill::Unknown, value) => value.is_none(),
        (Fill::Text(_), None) => false,
        // JSON has another text for it
        (Fill::Text(fill), Some(value)) if column.is_boolean => fill.get(..1) == value.get(..1),
        (Fill::Text(fill), Some(value)) => fill == value,
    }
}

/// A column that only the target has, and the source may have had.
fn gone<'a>(target: &'a [TargetColumn], source: &Source) -> Option<&'a TargetColumn> {
    let at_source = |name: &String| source.columns.iter().any(|column| column.name == *name);
    let was = |name: &String| source.former.as_ref().is_none_or(|former| former.contains(name));
    target.iter().find(|column| !column.generated && !at_source(&column.name) && was(&column.name))
}

/// How to leave the column out for good. The command sets all skipped columns.
fn skip(source: &Source, name: &str) -> String {
    let mut all: Vec<&str> = source.skipped.iter().map(String::as_str).collect();
    all.push(name);
    format!(
        "leave the column out for good: add-table with --skip-columns={}, then resume-table",
        all.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::suits;
    use crate::source::{Fill, SourceColumn};

    #[test]
    fn only_what_the_addition_gives_may_be_left_out() {
        let column = |fill| SourceColumn::of("n", fill, Some("7"));
        for (fill, value, left_out) in [
            (Fill::Null, None, true),
            (Fill::Null, Some(""), false),
            (Fill::Unknown, None, true),
            (Fill::Unknown, Some("7"), false),
            (Fill::Text("7".to_owned()), Some("7"), true),
            (Fill::Text("7".to_owned()), Some("7.0"), false),
            (Fill::Text("7".to_owned()), None, false),
        ] {
            assert_eq!(suits(&column(fill.clone()), value), left_out, "{fill:?} {value:?}");
        }
    }

    #[test]
    fn a_default_that_came_later_is_set_later() {
        let of = |fill: &str, default| SourceColumn::of("N", Fill::Text(fill.to_owned()), default).addition();
        assert_eq!(of("7", Some("7")), "add column \"N\" integer default 7");
        assert_eq!(of("it's", Some("'it''s'::text")), "add column \"N\" integer default 'it''s'::text");
        assert_eq!(
            of("1", Some("2")),
            "add column \"N\" integer default '1', alter column \"N\" set default 2"
        );
        assert_eq!(SourceColumn::of("N", Fill::Null, None).addition(), "add column \"N\" integer");
    }
}
