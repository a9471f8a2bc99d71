//! Summary of a migration, to paste into a ticket: versions, sizes, times, the comparison's result, the next step.

use std::time::SystemTime;

use migration::steps::{self as migrating, Entry, State, Step};
use pgq::comparison::Verdict;
use pgq::migration::Recorded;

use crate::londiste::command::migrate::copies::replicated;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::{comparison, side};
use crate::londiste::view::migration::{Compared, Line, Summary};

/// Asks both sides once more. What cannot be told is left out: the steps have said why.
pub(super) async fn gather(course: &Course<'_>, entries: &[Entry], until: Step) -> Summary {
    let recorded = course.all_recorded().await.unwrap_or_default();
    let mut warnings = Vec::new();
    let mut sides = [course.source.settings.db.to_string(), course.target.settings.db.to_string()];
    if let Ok((source, scope)) = course.scope().await {
        sides[0] =
            format!("PostgreSQL {}, {}", pg::version_in_words(source.session.server_version()), sides[0]);
        warnings.extend(scope.left_out.iter().map(|text| format!("left out: {text}")));
    }
    let (mut tables, mut bytes) = (0, None);
    if let Ok((target, infos)) = replicated(course).await {
        sides[1] =
            format!("PostgreSQL {}, {}", pg::version_in_words(target.session.server_version()), sides[1]);
        let names: Vec<String> =
            infos.iter().filter(|info| side::is_ok(info)).map(|info| info.dest().to_owned()).collect();
        tables = names.len();
        bytes = migrating::bytes(&target.session, &names).await.ok();
    }
    for entry in entries.iter().filter(|entry| matters(entry)) {
        warnings.push(format!("{}: {}", entry.step, entry.note));
    }
    let lines: Vec<Line> = entries.iter().map(|entry| line(entry, &recorded)).collect();
    let [source, target] = sides;
    Summary {
        queue: course.target.queue().to_owned(),
        ini: course.ini(),
        source,
        target,
        lines,
        tables,
        bytes,
        compared: compared(course).await,
        warnings,
        until: (until != Step::Compare).then(|| until.name()),
        elapsed: elapsed(&recorded),
    }
}

fn matters(entry: &Entry) -> bool {
    matches!(entry.state, State::Partly | State::Unverified | State::Failed)
        || entry.step == Step::Preflight && !entry.note.contains(", 0 warnings")
        || entry.step == Step::Schema
            && (entry.note.contains("refused") || entry.note.contains("stops its table"))
}

/// A step with all that was worked on it, in earlier runs too.
fn line(entry: &Entry, recorded: &[Recorded]) -> Line {
    let found = recorded.iter().find(|recorded| recorded.step == entry.step.name());
    // what was done says more than what is found there
    let done = found.filter(|_| entry.state == State::Earlier).and_then(|found| found.note.clone());
    Line {
        step: entry.step.name(),
        state: entry.state,
        seconds: found.map_or(entry.seconds, |found| found.seconds),
        attempts: found.map_or(1, |found| found.attempts),
        note: done.unwrap_or_else(|| entry.note.clone()),
    }
}

/// From the first step to the last end.
fn elapsed(recorded: &[Recorded]) -> Option<f64> {
    let began = recorded.iter().map(|step| step.began).min()?;
    let ended = recorded.iter().filter_map(|step| step.finished).max()?;
    seconds(ended, began)
}

fn seconds(later: SystemTime, earlier: SystemTime) -> Option<f64> {
    later.duration_since(earlier).ok().map(|time| time.as_secs_f64())
}

/// What the last comparisons of the migrated tables have found.
async fn compared(course: &Course<'_>) -> Option<Compared> {
    let (known, open) = comparison::open(course).await.ok()?;
    let of = |verdict| known.iter().filter(move |compared| compared.verdict == Some(verdict));
    let equal = of(Verdict::Equal).filter(|compared| !open.contains(&compared.table)).count();
    (!known.is_empty()).then(|| Compared {
        rows: known.iter().map(|compared| compared.rows).sum(),
        equal,
        differ: of(Verdict::Differs).map(|compared| compared.table.clone()).collect(),
        differing: known.iter().map(|compared| compared.differing).sum(),
        unverified: of(Verdict::Unverified).map(|compared| compared.table.clone()).collect(),
        finished: known.iter().filter_map(|compared| compared.finished).max(),
    })
}
