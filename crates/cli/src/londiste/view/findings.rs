//! Findings of preflight as lines, the heaviest first, and a closing line with their numbers.

use migration::{Answer, Finding, Verdict};

/// Lines of one check with one verdict that are shown; of blockers all are.
const SHOWN: usize = 20;
/// A longer object does not make the column wider.
const WIDEST: usize = 48;

/// The whole text; lines of findings that weigh less than `least` are left out.
pub(crate) fn describe(answers: &[Answer], least: Verdict) -> String {
    let mut lines: Vec<[String; 4]> = Vec::new();
    let all = [Verdict::Blocker, Verdict::Unchecked, Verdict::Warning, Verdict::Info];
    for verdict in all.into_iter().filter(|verdict| *verdict <= least) {
        if verdict == Verdict::Unchecked {
            lines.extend(unchecked(answers));
            continue;
        }
        for answer in answers {
            lines.extend(of_check(answer, verdict));
        }
    }
    let width = lines.iter().map(|line| line[2].chars().count()).filter(|width| *width <= WIDEST).max();
    let width = width.unwrap_or_default();
    let mut text: Vec<String> = lines
        .iter()
        .map(|[verdict, place, object, rest]| format!("{verdict:<9}  {place:<7}  {object:<width$}  {rest}"))
        .collect();
    text.push(closing(answers));
    text.join("\n")
}

fn of_check(answer: &Answer, verdict: Verdict) -> Vec<[String; 4]> {
    let found: Vec<&Finding> = answer.findings.iter().filter(|found| found.verdict == verdict).collect();
    let shown = if verdict == Verdict::Blocker { found.len() } else { SHOWN };
    let mut lines: Vec<[String; 4]> = found.iter().take(shown).map(|found| line(found)).collect();
    if found.len() > shown {
        let more =
            format!("and {} more of the check {}: --json shows all", found.len() - shown, answer.check.name);
        lines.push([verdict.to_string(), found[0].place.to_string(), "…".to_owned(), more]);
    }
    lines
}

/// Checks that failed for one reason are one line.
fn unchecked(answers: &[Answer]) -> Vec<[String; 4]> {
    let all = answers.iter().flat_map(|answer| &answer.findings);
    let mut groups: Vec<(Finding, usize)> = Vec::new();
    for found in all.filter(|found| found.verdict == Verdict::Unchecked) {
        match groups.iter_mut().find(|(group, _)| group.found == found.found) {
            Some((group, number)) => {
                group.object.push_str(", ");
                group.object.push_str(&found.object);
                *number += 1;
            }
            None => groups.push((found.clone(), 1)),
        }
    }
    let lines = groups.into_iter().map(|(mut found, number)| {
        if number > 1 {
            found.found = format!("{}: {}", found.found, found.object);
            found.object = format!("{number} checks");
        }
        line(&found)
    });
    lines.collect()
}

fn line(found: &Finding) -> [String; 4] {
    let rest = match found.remedy.is_empty() {
        true => found.found.clone(),
        false => format!("{}  |  {}", found.found, found.remedy),
    };
    [found.verdict.to_string(), found.place.to_string(), on_one_line(&found.object), on_one_line(&rest)]
}

/// Names and server messages may hold anything.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How many findings of each kind there are.
pub(crate) fn closing(answers: &[Answer]) -> String {
    let number = |verdict| {
        answers.iter().flat_map(|answer| &answer.findings).filter(|found| found.verdict == verdict).count()
    };
    let counted = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let in_order = answers.iter().filter(|answer| answer.findings.is_empty()).count();
    let mut parts = vec![counted(number(Verdict::Blocker), "blocker")];
    if number(Verdict::Unchecked) > 0 {
        parts.push(format!("{} could not be checked", number(Verdict::Unchecked)));
    }
    parts.push(counted(number(Verdict::Warning), "warning"));
    parts.push(counted(number(Verdict::Info), "remark"));
    parts.push(format!("{} in order", counted(in_order, "check")));
    format!("{}.", parts.join(", "))
}
