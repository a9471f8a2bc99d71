//! What the process uses, over time.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use tests::Pair;

const NAMES: [&str; 4] = ["RSS, kB", "open files", "threads", "connections"];
/// How much more the last quarter may show than the second one, as a factor and a number: the first quarter fills
/// caches.
const MAY_GROW: [(f64, f64); 4] = [(1.15, 4096.0), (1.0, 6.0), (1.0, 2.0), (1.0, 4.0)];

/// Samples in order of time.
#[derive(Default)]
pub(crate) struct Samples {
    all: Vec<(Duration, [f64; 4])>,
}

impl Samples {
    /// One more; none where the process or a server cannot be asked just now.
    pub(crate) fn take(&mut self, pid: u32, at: Duration, pair: &Pair) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().trim_end_matches(" kB").parse::<f64>().ok()
        };
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).map(|files| files.count() as f64);
        let connections = [&pair.source, &pair.target].map(|side| {
            let sql = "select count(*) from pg_stat_activity where application_name ~ '^(pgqd|source_app|target_app)'";
            side.admin().try_rows(sql).ok()?.first()?.first()?.as_deref()?.parse::<f64>().ok()
        });
        if let (Some(rss), Ok(files), Some(threads), [Some(one), Some(two)]) =
            (number("VmRSS:"), files, number("Threads:"), connections)
        {
            self.all.push((at, [rss, files, threads, one + two]));
        }
    }

    /// Whether the last quarter is as the second one.
    pub(crate) fn are_flat(&self) -> bool {
        let quarter = self.all.len() / 4;
        if quarter < 3 {
            println!("too few samples to tell growth: {}", self.all.len());
            return true;
        }
        let median = |column: usize, from: usize| {
            let mut values: Vec<f64> =
                self.all[from..from + quarter].iter().map(|(_, v)| v[column]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let mut flat = true;
        for (column, (name, (factor, more))) in NAMES.iter().zip(MAY_GROW).enumerate() {
            let (then, now) = (median(column, quarter), median(column, self.all.len() - quarter));
            let fits = now <= then * factor + more;
            println!(
                "{name}: {then} in the second quarter, {now} in the last{}",
                if fits { "" } else { ": GROWS" }
            );
            flat &= fits;
        }
        flat
    }

    /// `samples.csv` and `samples.svg`, one plot below the other.
    pub(crate) fn write(&self, directory: &Path) {
        std::fs::create_dir_all(directory).expect("the directory can be made");
        let mut csv = format!("seconds,{}\n", NAMES.join(",").replace(", kB", " kB"));
        for (at, values) in &self.all {
            let values = values.map(|value| value.to_string()).join(",");
            writeln!(csv, "{},{values}", at.as_secs()).expect("a string can be written to");
        }
        std::fs::write(directory.join("samples.csv"), csv).expect("samples can be written");
        let mut svg = String::from(
            "<svg xmlns='http://www.w3.org/2000/svg' width='900' height='640' font-family='sans-serif' font-size='12'>",
        );
        let length = self.all.last().map_or(1.0, |(at, _)| at.as_secs_f64().max(1.0));
        for (column, name) in NAMES.iter().enumerate() {
            let top = column as f64 * 160.0 + 20.0;
            let most = self.all.iter().map(|(_, v)| v[column]).fold(1.0, f64::max);
            let points = self.all.iter().map(|(at, v)| {
                format!(
                    "{:.1},{:.1}",
                    at.as_secs_f64() / length * 880.0 + 10.0,
                    top + 120.0 - v[column] / most * 110.0
                )
            });
            let points = points.collect::<Vec<_>>().join(" ");
            write!(
                svg,
                "<text x='10' y='{top}'>{name}, at most {most}</text>\
                 <polyline fill='none' stroke='#0b62a4' points='{points}'/>"
            )
            .expect("a string can be written to");
        }
        svg.push_str("</svg>\n");
        std::fs::write(directory.join("samples.svg"), svg).expect("the plot can be written");
        println!("samples and plot: {}", directory.display());
    }
}

#[cfg(test)]
mod growth {
    use super::*;

    /// Forty samples, the n-th of them with these values.
    fn samples(values: impl Fn(u32) -> [f64; 4]) -> Samples {
        Samples { all: (0..40).map(|at| (Duration::from_secs(5) * at, values(at))).collect() }
    }

    #[test]
    fn what_grows_in_any_column_is_found_and_what_swings_is_not() {
        let well = [20_000.0, 26.0, 4.0, 4.0];
        assert!(samples(|at| if at % 7 == 0 { [30_000.0, 40.0, 6.0, 9.0] } else { well }).are_flat());
        assert!(samples(|at| if at < 10 { well.map(|value| value / 2.0) } else { well }).are_flat());
        for column in 0..4 {
            let grows = |at: u32| {
                let mut values = well;
                values[column] += f64::from(at) * well[column] / 10.0;
                values
            };
            assert!(!samples(grows).are_flat(), "{}", NAMES[column]);
        }
    }

    #[test]
    fn every_column_is_plotted() {
        let directory = tempfile::tempdir().expect("temporary directory");
        samples(|at| [1.0, 2.0, 3.0, f64::from(at)]).write(directory.path());
        let read = |name| std::fs::read_to_string(directory.path().join(name)).expect("it is there");
        let (table, plot) = (read("samples.csv"), read("samples.svg"));
        assert_eq!((table.lines().count(), table.lines().last()), (41, Some("195,1,2,3,39")));
        assert_eq!(plot.matches("<polyline").count(), 4);
        assert!(NAMES.iter().all(|name| plot.contains(name) && table.contains(&name.replace(", ", " "))));
    }
}
