//! Status page: one document without scripts, which loads itself anew.

use std::fmt::Write as _;

use super::findings;
use super::history::{EVERY, History, SAMPLES};
use super::markup::escaped;
use crate::status::{JobStatus, Jobs, PartNow, period};

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}\
    h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}table{border-collapse:collapse;width:100%}\
    td,th{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid #ddd;vertical-align:top}\
    th{font-weight:600;color:#555}.bad{color:#a00}.well{color:#060}progress{width:12em}svg{width:100%;height:auto}\
    text{font:11px system-ui,sans-serif;fill:#555}";
const COLOURS: [&str; 6] = ["#0b62a4", "#c0501f", "#2a8a3e", "#7a3fa0", "#8a6d00", "#00808a"];

pub(super) fn render(jobs: &Jobs, history: &History) -> String {
    let now = jobs.now(None);
    let mut page = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str(
        "<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"15\">",
    );
    let well = now.iter().all(|job| job.is_ready() && !job.fails());
    let (word, class) = match well {
        true if jobs.stand_by() => ("standby", "well"),
        true => ("running", "well"),
        false => ("needs a look", "bad"),
    };
    // nothing can go wrong when a string is written to
    _ = write!(
        page,
        "<title>londiste: {word}</title><style>{STYLE}</style></head><body><h1>londiste-rs <span class=\"{class}\">{word}</span></h1>\
         <p>Process {}, version {}, up {}.</p>",
        std::process::id(),
        env!("CARGO_PKG_VERSION"),
        period(jobs.age())
    );
    nodes(&mut page, &now);
    plot(&mut page, history);
    copies(&mut page, &now);
    findings::write(&mut page, &now);
    comparisons(&mut page, &now);
    queues(&mut page, &now);
    parts(&mut page, &now);
    page.push_str("</body></html>\n");
    page
}

fn nodes(page: &mut String, jobs: &[JobStatus]) {
    page.push_str(
        "<h2>Nodes</h2><table><tr><th>node<th>queue<th>type<th>lag<th>tick<th>changes<th>tables in sync</tr>",
    );
    for facts in jobs.iter().flat_map(|job| &job.parts).map(|part| &part.facts) {
        let Some(node) = &facts.node else { continue };
        let lag = facts.batch.as_ref().map_or_else(String::new, |batch| period(batch.lag()));
        let tick = facts.batch.as_ref().map_or_else(String::new, |batch| batch.tick.to_string());
        let all: u64 = facts.tables.values().sum();
        let ok = facts.tables.get("ok").copied().unwrap_or(0);
        let paused = if facts.paused { " <span class=\"bad\">paused</span>" } else { "" };
        _ = write!(
            page,
            "<tr><td>{}{paused}<td>{}<td>{}<td>{lag}<td>{tick}<td>{}<td>{}</tr>",
            escaped(&node.name),
            escaped(&node.queue),
            escaped(&node.kind),
            facts.changes,
            bar(ok, Some(all)),
        );
    }
    page.push_str("</table>");
}

/// Lag over time, one line for each job.
fn plot(page: &mut String, history: &History) {
    const WIDTH: f64 = 900.0;
    const HEIGHT: f64 = 220.0;
    const LEFT: f64 = 50.0;
    const BOTTOM: f64 = 200.0;
    let lags = history.lags();
    let longest = lags.values().map(std::collections::VecDeque::len).max().unwrap_or(0);
    if longest < 2 {
        return;
    }
    let highest = lags.values().flatten().flatten().fold(1.0_f64, |most, lag| most.max(*lag));
    let shown = longest.clamp(20, SAMPLES) as f64 - 1.0;
    let hours = EVERY.mul_f64(shown);
    _ = write!(
        page,
        "<h2>Lag</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Lag over time\">"
    );
    for part in [0.0, 0.5, 1.0] {
        let y = BOTTOM - part * (BOTTOM - 10.0);
        let label = period(std::time::Duration::from_secs_f64(highest * part));
        _ = write!(
            page,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{WIDTH}\" y2=\"{y:.1}\" stroke=\"#ddd\"/><text x=\"0\" y=\"{:.1}\">{label}</text>",
            y + 4.0
        );
    }
    for ((job, samples), colour) in lags.iter().zip(COLOURS.iter().cycle()) {
        let mut path = String::new();
        let mut pen = 'M';
        let first = shown - (samples.len() as f64 - 1.0);
        for (at, lag) in samples.iter().enumerate() {
            let Some(lag) = lag else {
                pen = 'M';
                continue;
            };
            let x = LEFT + (first + at as f64) / shown * (WIDTH - LEFT);
            let y = BOTTOM - lag / highest * (BOTTOM - 10.0);
            _ = write!(path, "{pen}{x:.1} {y:.1}");
            pen = 'L';
        }
        _ = write!(
            page,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"><title>{}</title></path>",
            escaped(job)
        );
    }
    _ = write!(page, "<text x=\"{LEFT}\" y=\"{HEIGHT}\">{} ago</text>", period(hours));
    _ = write!(page, "<text x=\"{WIDTH}\" y=\"{HEIGHT}\" text-anchor=\"end\">now</text></svg><p>");
    for (job, colour) in lags.keys().zip(COLOURS.iter().cycle()) {
        _ = write!(page, "<span style=\"color:{colour}\">&#9632;</span> {} &nbsp; ", escaped(job));
    }
    page.push_str("</p>");
}

/// Last results of comparing rows, where the worker does it.
fn comparisons(page: &mut String, jobs: &[JobStatus]) {
    let of_job = |job: &JobStatus| {
        let summary = job.parts.iter().find_map(|part| part.facts.comparison.clone())?;
        Some((job.name.clone(), summary))
    };
    let summaries: Vec<_> = jobs.iter().filter_map(of_job).collect();
    if summaries.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Comparison</h2><table><tr><th>job<th>tables equal<th>differ<th>not compared<th>rows that differ<th>oldest result<th>now</tr>",
    );
    for (job, summary) in summaries {
        let oldest =
            summary.oldest.map(|oldest| format!("{} ago", period(oldest.elapsed().unwrap_or_default())));
        let running = summary.running.as_ref().map_or_else(String::new, |running| {
            let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
            format!("{} {}", escaped(&running.table), bar(count(running.rows), Some(count(running.expected))))
        });
        let class = if summary.differ > 0 { " class=\"bad\"" } else { "" };
        _ = write!(
            page,
            "<tr><td>{}<td>{}<td{class}>{}<td>{}<td{class}>{}<td>{}<td>{running}</tr>",
            escaped(&job),
            summary.equal,
            summary.differ,
            summary.unverified,
            summary.differing,
            oldest.unwrap_or_default(),
        );
    }
    page.push_str("</table>");
}

fn copies(page: &mut String, jobs: &[JobStatus]) {
    let copying = jobs.iter().flat_map(|job| &job.parts).filter(|part| part.facts.copy.is_some());
    let copying: Vec<&PartNow> = copying.collect();
    if copying.is_empty() {
        return;
    }
    page.push_str("<h2>Copies</h2><table><tr><th>table<th>state<th>megabytes<th></tr>");
    for part in copying {
        let Some(copy) = &part.facts.copy else { continue };
        let table = part.status.name.strip_prefix("copy ").unwrap_or(&part.status.name);
        _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{:.1}<td>{}</tr>",
            escaped(table),
            escaped(&copy.phase),
            copy.bytes as f64 / 1e6,
            bar(copy.bytes, copy.expected_bytes),
        );
    }
    page.push_str("</table>");
}

fn queues(page: &mut String, jobs: &[JobStatus]) {
    let observed = jobs.iter().flat_map(|job| &job.parts).filter_map(|part| part.facts.observed.as_ref());
    let mut rows = String::new();
    for (name, queue) in observed.flat_map(|observed| &observed.queues) {
        for (consumer, (lag, pending)) in &queue.consumers {
            _ = write!(
                rows,
                "<tr><td>{}<td>{:.0} s<td>{:.1}<td>{:.1}<td>{}<td>{lag:.0} s<td>{pending}</tr>",
                escaped(name),
                queue.tick_age,
                queue.events_per_second,
                queue.bytes as f64 / 1e6,
                escaped(consumer),
            );
        }
    }
    if !rows.is_empty() {
        page.push_str("<h2>Queues</h2><table><tr><th>queue<th>last tick<th>events/s<th>megabytes<th>consumer<th>lag<th>pending</tr>");
        page.push_str(&rows);
        page.push_str("</table>");
    }
}

fn parts(page: &mut String, jobs: &[JobStatus]) {
    page.push_str("<h2>Parts</h2><table><tr><th>job<th>part<th>state<th>failures<th>last error</tr>");
    for job in jobs {
        for part in &job.parts {
            let status = &part.status;
            _ = write!(
                page,
                "<tr><td>{}<td>{}<td>{}<td>{}<td class=\"bad\">{}</tr>",
                escaped(&job.name),
                escaped(&status.name),
                part.facts.standby.as_ref().map_or(status.state.as_str(), |_| "standby"),
                status.failures_in_all,
                escaped(status.last_error.as_deref().unwrap_or_default()),
            );
        }
    }
    page.push_str("</table>");
}

/// A bar where the whole is known.
fn bar(done: u64, all: Option<u64>) -> String {
    match all.filter(|all| *all > 0) {
        Some(all) => {
            let percent = done.min(all) * 100 / all;
            format!("<progress value=\"{}\" max=\"{all}\">{percent} %</progress> {percent} %", done.min(all))
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_drawn_with_gaps_where_none_was_known() {
        let history = History::default();
        history.add("root".into(), None);
        for lag in [Some(4.0), Some(8.0), None, Some(2.0)] {
            history.add("leaf".into(), lag);
        }
        let mut page = String::new();
        plot(&mut page, &history);
        assert_eq!(page.matches("<path").count(), 1, "{page}");
        let path = page.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(page.contains(">8 s</text>") && page.contains("leaf") && !page.contains("root"), "{page}");
    }

    #[test]
    fn a_bar_is_never_more_than_full() {
        assert!(bar(7, Some(4)).contains("100 %"));
        assert_eq!(bar(7, None), "");
    }
}
