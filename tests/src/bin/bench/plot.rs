//! Plots of what was measured, as SVG: distributions of latencies on a logarithmic scale, and medians as bars.
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// One party's latencies, sorted.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) sorted: Vec<Duration>,
}

/// Keeps a plot as `NAME.svg`, where `BENCH_PLOT` names a directory.
pub(crate) fn keep(name: &str, svg: impl FnOnce() -> String) {
    if let Some(directory) = std::env::var_os("BENCH_PLOT").map(PathBuf::from) {
        std::fs::create_dir_all(&directory).expect("BENCH_PLOT can be made");
        let file = directory.join(name).with_extension("svg");
        std::fs::write(&file, svg()).expect("BENCH_PLOT can be written to");
        eprintln!("   plot: {}", file.display());
    }
}

/// The latency that this share of the samples does not exceed.
pub(crate) fn at(sorted: &[Duration], share: f64) -> Duration {
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// The scale's ends, in milliseconds.
const FROM: f64 = 1.0;
const TO: f64 = 10_000.0;
const COLORS: [&str; 4] = ["#0b6fb8", "#c2410c", "#4d7c0f", "#6b21a8"];

fn x(milliseconds: f64) -> f64 {
    let share = (milliseconds.clamp(FROM, TO) / FROM).log10() / (TO / FROM).log10();
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn y(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
}

/// Height of a bar's place.
const ROW: f64 = 34.0;
/// Room for the names left of the bars, and for the figures right of the longest.
const NAMES: f64 = 230.0;
const FIGURES: f64 = 120.0;

/// The parties' medians as bars, the first one's in its own colour.
pub(crate) fn bars(title: &str, medians: &[(&str, f64)]) -> String {
    let height = TOP + ROW * medians.len() as f64 + 10.0;
    let longest = medians.iter().map(|(_, seconds)| *seconds).fold(f64::MIN_POSITIVE, f64::max);
    let ours = medians.first().map_or(1.0, |(_, seconds)| *seconds);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, (RIGHT, 22.0), "start", title);
    for (at, (name, seconds)) in medians.iter().enumerate() {
        let top = TOP + ROW * at as f64;
        let width = seconds / longest * (WIDTH - NAMES - FIGURES);
        let color = if at == 0 { COLORS[0] } else { "#9ca3af" };
        text(&mut svg, (NAMES - 10.0, top + 17.0), "end", name);
        writeln!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"24\" fill=\"{color}\"/>"
        )
        .expect("a string can be written to");
        let figure = format!("{seconds:.2} s ({:.2}x)", seconds / ours);
        text(&mut svg, (NAMES + width + 8.0, top + 17.0), "start", &figure);
    }
    svg + "</svg>\n"
}

/// The picture of latencies.
pub(crate) fn curves(curves: &[&Curve]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">Share of changes visible on the target within a time \
         after their commit</text>\n"
    );
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        line(&mut svg, (x(FROM), y(share)), (x(TO), y(share)));
        text(&mut svg, (LEFT - 8.0, y(share) + 4.0), "end", &format!("{:.0} %", share * 100.0));
    }
    for milliseconds in [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0] {
        line(&mut svg, (x(milliseconds), y(0.0)), (x(milliseconds), y(1.0)));
        let label = if milliseconds < 1000.0 {
            format!("{milliseconds} ms")
        } else {
            format!("{} s", milliseconds / 1000.0)
        };
        text(&mut svg, (x(milliseconds), HEIGHT - BOTTOM + 20.0), "middle", &label);
    }
    for (at, (curve, color)) in curves.iter().zip(COLORS).enumerate() {
        let points: Vec<String> = (0..=200)
            .map(|step| f64::from(step) / 200.0)
            .map(|share| (self::at(&curve.sorted, share).as_secs_f64() * 1000.0, share))
            .map(|(milliseconds, share)| format!("{:.1},{:.1}", x(milliseconds), y(share)))
            .collect();
        let points = points.join(" ");
        writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>")
            .expect("a string can be written to");
        let from = LEFT + at as f64 * 230.0;
        writeln!(
            svg,
            "<rect x=\"{from}\" y=\"{:.0}\" width=\"14\" height=\"4\" fill=\"{color}\"/>",
            HEIGHT - 14.0
        )
        .expect("a string can be written to");
        text(&mut svg, (from + 20.0, HEIGHT - 8.0), "start", curve.name);
    }
    svg + "</svg>\n"
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>")
        .expect("a string can be written to");
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#333\">{words}</text>")
        .expect("a string can be written to");
}
