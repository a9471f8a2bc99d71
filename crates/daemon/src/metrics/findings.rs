//! Findings on the status page: definitions that differ, with what mends them, and what nobody replicates.

use std::fmt::Write as _;

use pgq::drift::{Kept, Subject};

use super::markup::escaped;
use crate::status::{JobStatus, period};

/// Rows of one job and subject that are shown.
const SHOWN: usize = 20;

pub(super) fn write(page: &mut String, jobs: &[JobStatus]) {
    let mut rows = String::new();
    for job in jobs {
        for drift in job.parts.iter().filter_map(|part| part.facts.drift.as_ref()) {
            for subject in [Subject::Definition, Subject::Unreplicated] {
                let all: Vec<&Kept> = drift.of(subject).collect();
                all.iter().take(SHOWN).for_each(|kept| row(&mut rows, &job.name, kept));
                if all.len() > SHOWN {
                    let more = all.len() - SHOWN;
                    _ = write!(rows, "<tr><td>{}<td>and {more} more<td><td><td></tr>", escaped(&job.name));
                }
            }
            if let Some(failed) = &drift.failed {
                let (job, failed) = (escaped(&job.name), escaped(failed));
                _ = write!(
                    rows,
                    "<tr><td>{job}<td><td class=\"bad\">could not be looked at: {failed}<td><td></tr>"
                );
            }
        }
    }
    if !rows.is_empty() {
        page.push_str("<h2>Findings</h2><table><tr><th>job<th>table<th>what<th>to mend it<th>since</tr>");
        page.push_str(&rows);
        page.push_str("</table>");
    }
}

fn row(rows: &mut String, job: &str, kept: &Kept) {
    let class = if kept.finding.stops { " class=\"bad\"" } else { "" };
    let since = period(kept.since.elapsed().unwrap_or_default());
    // nothing can go wrong when a string is written to
    _ = write!(
        rows,
        "<tr><td>{}<td>{}<td{class}>{}<td>{}<td>{since}</tr>",
        escaped(job),
        escaped(&kept.finding.table),
        escaped(&kept.finding.what),
        escaped(&kept.finding.statement),
    );
}
