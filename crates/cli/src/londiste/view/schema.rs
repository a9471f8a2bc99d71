//! Differences of schemas as a script: what each is stands in a comment above the statement that mends it.

use std::path::Path;

use migration::schema::{Applied, Comparison, Difference, Statement, Weight};

/// All differences, and a closing line with their numbers.
pub(crate) fn differences(comparison: &Comparison) -> String {
    let mut lines = Vec::new();
    // Bodies may name what comes later.
    if comparison.differences.iter().any(|difference| difference.statement.starts_with("CREATE OR REPLACE")) {
        lines.push("set check_function_bodies = off;".to_owned());
    }
    let mut last = "";
    for difference in &comparison.differences {
        lines.push(format!("-- {}: {}", difference.weight, on_one_line(&described(difference))));
        // Several values of one object may be mended by one statement.
        if difference.statement != last {
            lines.push(statement(difference));
        }
        last = &difference.statement;
    }
    for unread in &comparison.unread {
        let why = on_one_line(&unread.why);
        lines.push(format!("-- could not be read: {} of the {}: {why}", unread.object, unread.place));
    }
    lines.push(closing(comparison));
    lines.join("\n")
}

fn described(difference: &Difference) -> String {
    format!("{} {}", difference.object(), difference.what())
}

/// What loses rows is not run by whoever pastes all.
fn statement(difference: &Difference) -> String {
    match (difference.statement.is_empty(), difference.loses_rows) {
        (true, _) => "-- (nothing to run)".to_owned(),
        (false, true) => format!("-- loses rows: {};", difference.statement.replace('\n', "\n-- ")),
        (false, false) => format!("{};", difference.statement),
    }
}

fn closing(comparison: &Comparison) -> String {
    let number = |weight| comparison.differences.iter().filter(|found| found.weight == weight).count();
    let mut parts: Vec<String> = [Weight::Stops, Weight::Data, Weight::Cosmetic]
        .into_iter()
        .filter(|weight| number(*weight) > 0)
        .map(|weight| format!("{} {}", number(weight), words(weight, number(weight))))
        .collect();
    if !comparison.unread.is_empty() {
        parts.push(format!("{} could not be read", comparison.unread.len()));
    }
    match parts.is_empty() {
        true => format!("-- same: {} objects compared", comparison.compared),
        false => format!("-- {} objects of the source compared: {}", comparison.compared, parts.join(", ")),
    }
}

fn words(weight: Weight, number: usize) -> &'static str {
    match (weight, number) {
        (Weight::Stops, 1) => "difference stops replication",
        (Weight::Stops, _) => "differences stop replication",
        (Weight::Data, 1) => "changes data",
        (Weight::Data, _) => "change data",
        (Weight::Cosmetic, _) => "cosmetic",
    }
}

/// A plan as a script.
pub(crate) fn script(plan: &[Statement]) -> String {
    let head = "set check_function_bodies = off;\nselect pg_catalog.set_config('search_path', '', false);";
    let statements = plan.iter().map(|made| format!("-- {}\n{};", on_one_line(&made.object), made.sql));
    std::iter::once(head.to_owned()).chain(statements).collect::<Vec<_>>().join("\n")
}

/// What became of a plan.
pub(crate) fn applied(applied: &Applied, comparison: &Comparison, ini: &Path) -> String {
    let failed = applied.failed.iter();
    let mut lines: Vec<String> = failed
        .map(|failed| {
            let first = on_one_line(failed.statement.sql.lines().next().unwrap_or_default());
            format!(
                "failed  {}  {}  |  {first}",
                on_one_line(&failed.statement.object),
                on_one_line(&failed.why)
            )
        })
        .collect();
    let Applied { done, there, failed } = applied;
    lines.push(format!(
        "{done} statements done, {there} objects were there already, {} failed.",
        failed.len()
    ));
    let differ = comparison.differences.len();
    let unread = comparison.unread.len();
    let ini = ini.display();
    lines.push(match (differ, unread) {
        (0, 0) => format!("same: {} objects compared", comparison.compared),
        _ => {
            format!("{differ} differences are left, {unread} could not be read: londiste {ini} schema --diff")
        }
    });
    lines.join("\n")
}

/// Names and server messages may hold anything.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
