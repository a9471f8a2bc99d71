//! Plots of the last hour and the last day, drawn as SVG by the server.

use std::fmt::Write as _;
use std::time::Duration;

use crate::metrics::history::{DAY, HOUR, History, Sample, Span};
use crate::metrics::markup::escaped;
use crate::status::{period, size};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 108.0;
/// Colours of lines: `--c0` and so on.
const COLOURS: usize = 6;

/// What is drawn of a sample.
struct Measure {
    name: &'static str,
    value: fn(&Sample) -> Option<f64>,
    label: fn(f64) -> String,
    /// The scale is no shorter than this.
    least: f64,
}

const MEASURES: [Measure; 3] = [
    Measure {
        name: "Lag",
        value: |sample| sample.lag,
        label: |lag| period(Duration::from_secs_f64(lag)),
        least: 4.0,
    },
    Measure {
        name: "Changes a second",
        value: |sample| sample.changes,
        label: |rate| format!("{rate:.0}"),
        least: 10.0,
    },
    Measure {
        name: "Copied a second",
        value: |sample| sample.copied,
        label: |rate| size(rate as u64),
        least: 1e6,
    },
];

/// `age` is how long the process, and with it the history, is old.
pub(super) fn write(page: &mut String, history: &History, age: Duration) {
    page.push_str("<h2>Lag and rate</h2>");
    if age < DAY.long() {
        // nothing can go wrong when a string is written to
        _ = write!(
            page,
            "<p class=\"soft\">Kept by this process, which was started {} ago: nothing is known of before.</p>",
            period(age)
        );
    }
    page.push_str("<div class=\"plots\">");
    for measure in &MEASURES {
        for span in [HOUR, DAY] {
            plot(page, history, measure, span);
        }
    }
    page.push_str("</div>");
    let jobs = history.jobs();
    if jobs.len() > 1 {
        page.push_str("<p class=\"soft\">");
        for (number, job) in jobs.iter().enumerate() {
            _ = write!(
                page,
                "<span style=\"color:var(--c{})\">&#9632;</span> {} &nbsp; ",
                number % COLOURS,
                escaped(job)
            );
        }
        page.push_str("</p>");
    }
}

fn plot(page: &mut String, history: &History, measure: &Measure, span: Span) {
    let lines: Vec<(String, Vec<Option<f64>>)> = history
        .samples(span)
        .into_iter()
        .map(|(job, samples)| (job, samples.iter().map(measure.value).collect()))
        .collect();
    let highest =
        lines.iter().flat_map(|(_, line)| line).flatten().fold(measure.least, |most, value| most.max(*value));
    let (name, long) = (measure.name, span.name());
    _ = write!(
        page,
        "<figure><figcaption>{name}, last {long}</figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}, last {long}\">"
    );
    for part in [0.0, 0.5, 1.0] {
        let y = BOTTOM - part * (BOTTOM - TOP);
        let label = (measure.label)(highest * part);
        _ = write!(
            page,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{WIDTH}\" y2=\"{y:.1}\"/><text x=\"0\" y=\"{:.1}\">{label}</text>",
            y + 4.0
        );
    }
    for (number, (job, line)) in lines.iter().enumerate() {
        let path = path(line, span.samples(), highest);
        if !path.is_empty() {
            _ = write!(
                page,
                "<path d=\"{path}\" stroke=\"var(--c{})\"><title>{}</title></path>",
                number % COLOURS,
                escaped(job)
            );
        }
    }
    if lines.iter().all(|(_, line)| line.iter().flatten().next().is_none()) {
        _ = write!(
            page,
            "<text x=\"{:.0}\" y=\"60\" text-anchor=\"middle\">nothing known yet</text>",
            (LEFT + WIDTH) / 2.0
        );
    }
    _ = write!(
        page,
        "<text x=\"{LEFT}\" y=\"{0}\">one {long} ago</text>\
         <text x=\"{WIDTH}\" y=\"{0}\" text-anchor=\"end\">now</text></svg></figure>",
        HEIGHT - 6.0
    );
}

/// The last sample stands at the right; a sample that is not known is a gap.
fn path(line: &[Option<f64>], samples: usize, highest: f64) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    let step = (WIDTH - LEFT) / (samples.max(2) - 1) as f64;
    for (at, value) in line.iter().enumerate() {
        let Some(value) = value else {
            pen = 'M';
            continue;
        };
        let x = WIDTH - (line.len() - 1 - at) as f64 * step;
        let y = BOTTOM - value / highest * (BOTTOM - TOP);
        // nothing can go wrong when a string is written to
        _ = write!(path, "{pen}{x:.1} {y:.1}");
        if pen == 'M' {
            // a point alone is seen too
            _ = write!(path, "h.1");
        }
        pen = 'L';
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_drawn_with_gaps_where_none_was_known() {
        let path = path(&[Some(4.0), Some(8.0), None, Some(2.0)], 240, 8.0);
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(path.contains("L417.0 8.0") && path.ends_with("M420.0 83.0h.1"), "{path}");
    }

    #[test]
    fn a_job_is_named_and_what_is_not_known_is_said() {
        let history = History::default();
        let mut page = String::new();
        write(&mut page, &history, Duration::from_secs(90));
        assert_eq!((page.matches("nothing known yet").count(), page.matches("<path").count()), (6, 0));
        assert!(page.contains("started 1 min ago"), "{page}");
        history.add("<leaf>", Sample { lag: Some(8.0), changes: None, copied: Some(2e6) });
        let mut page = String::new();
        write(&mut page, &history, Duration::from_secs(200_000));
        assert_eq!(page.matches("<path").count(), 4, "{page}");
        assert!(
            page.contains("&lt;leaf&gt;") && page.contains(">8 s</text>") && !page.contains("started"),
            "{page}"
        );
    }
}
