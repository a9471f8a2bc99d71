//! Status page: one document without scripts, which loads itself anew. First where the migration stands and what comes
//! next, then tables, then plots and findings; what only explains stands folded away below.

mod details;
mod plots;
mod state;
mod style;
mod tables;
mod wish;

use std::fmt::Write as _;

use pgq::outlook::State;

use super::findings;
use super::history::History;
use super::markup::{bar, escaped};
use crate::status::{JobStatus, Jobs, period};
pub(super) use wish::Wish;

/// Seconds after which the page loads itself anew, and while a switch is under way.
const ANEW: u32 = 10;
const LIVE: u32 = 2;

pub(super) fn render(jobs: &Jobs, history: &History, wish: &Wish) -> String {
    let now = jobs.now(None);
    let migrations = jobs.migrations(&now);
    let mut page = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    let is_live = migrations.iter().any(|migration| migration.stage.state == State::Switching);
    if !wish.hold {
        // nothing can go wrong when a string is written to
        _ = write!(page, "<meta http-equiv=\"refresh\" content=\"{}\">", if is_live { LIVE } else { ANEW });
    }
    let well = now.iter().all(|job| job.is_ready() && !job.fails());
    let (word, class) = match well {
        true if jobs.stand_by() => ("standby", "well"),
        true => ("running", "well"),
        false => ("needs a look", "bad"),
    };
    let title = migrations.first().map_or(word, |migration| migration.stage.words.as_str());
    _ = write!(
        page,
        "<title>londiste: {}</title><style>{}</style></head><body>\
         <h1>londiste-rs <span class=\"{class}\">{word}</span></h1>",
        escaped(title),
        style::STYLE,
    );
    state::write(&mut page, &now, &migrations);
    nodes(&mut page, &now);
    tables::write(&mut page, &now, wish);
    plots::write(&mut page, history, jobs.age());
    findings::write(&mut page, &now);
    conflicts(&mut page, &now);
    comparisons(&mut page, &now);
    details::write(&mut page, &now);
    let other = Wish { hold: !wish.hold, ..wish.clone() };
    let offer = if wish.hold { "load it anew again and again" } else { "hold it as it is" };
    _ = write!(
        page,
        "<p class=\"soft\">Process {}, version {}, up {}. This page: <a href=\"{}\">{offer}</a>.</p></body></html>",
        std::process::id(),
        env!("CARGO_PKG_VERSION"),
        period(jobs.age()),
        escaped(&other.address()),
    );
    page
}

fn nodes(page: &mut String, jobs: &[JobStatus]) {
    page.push_str(
        "<h2>Nodes</h2><div class=\"scroll\"><table><tr>\
         <th>node<th class=\"wide\">queue<th>type<th>lag<th>changes<th>tables in sync</tr>",
    );
    for facts in jobs.iter().flat_map(|job| &job.parts).map(|part| &part.facts) {
        let Some(node) = &facts.node else { continue };
        let lag = facts.lag().map_or_else(String::new, period);
        let all: u64 = facts.tables.values().sum();
        let ok = facts.tables.get("ok").copied().unwrap_or(0);
        let paused = if facts.paused { " <span class=\"bad\">paused</span>" } else { "" };
        _ = write!(
            page,
            "<tr><td>{}{paused}<td class=\"wide\">{}<td>{}<td>{lag}<td>{}<td>{}</tr>",
            escaped(&node.name),
            escaped(&node.queue),
            escaped(&node.kind),
            facts.changes,
            bar(ok, Some(all)),
        );
    }
    page.push_str("</table></div>");
}

/// Changes that met other rows than the source had.
fn conflicts(page: &mut String, jobs: &[JobStatus]) {
    for (job, seen) in jobs.iter().filter_map(|job| Some((job, job.outlook()?))) {
        let met: Vec<i64> =
            seen.tables.iter().map(|table| table.conflicts).filter(|number| *number > 0).collect();
        if !met.is_empty() {
            let ini = escaped(&job.file.display().to_string());
            _ = write!(
                page,
                "<h2>Conflicts</h2><p><span class=\"bad\">{} changes of {} tables met other rows than the \
                 source had</span>: <code>londiste {ini} tables</code> tells the last one of each.</p>",
                met.iter().sum::<i64>(),
                met.len(),
            );
        }
    }
}

/// Last results of comparing rows.
fn comparisons(page: &mut String, jobs: &[JobStatus]) {
    let mut rows = String::new();
    for seen in jobs.iter().filter_map(JobStatus::outlook) {
        let summary = &seen.compared;
        if summary.words().is_empty() {
            continue;
        }
        let oldest =
            summary.oldest.map(|oldest| format!("{} ago", period(oldest.elapsed().unwrap_or_default())));
        let running = summary.running.as_ref().map_or_else(String::new, |running| {
            let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
            format!("{} {}", escaped(&running.table), bar(count(running.rows), Some(count(running.expected))))
        });
        let class = if summary.differ > 0 { " class=\"bad\"" } else { "" };
        _ = write!(
            rows,
            "<tr><td>{}<td>{}<td{class}>{}<td>{}<td{class}>{}<td>{}<td>{running}</tr>",
            escaped(&seen.node),
            summary.equal,
            summary.differ,
            summary.unverified,
            summary.differing,
            oldest.unwrap_or_default(),
        );
    }
    if !rows.is_empty() {
        _ = write!(
            page,
            "<h2>Comparison</h2><div class=\"scroll\"><table><tr><th>node<th>tables equal<th>differ<th>not compared\
             <th>rows that differ<th>oldest result<th>now</tr>{rows}</table></div>"
        );
    }
}
