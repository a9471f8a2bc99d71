//! The closing table: what was done, how long it took, how much it was.
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};

/// Steps in the order in which they were done.
#[derive(Default)]
pub(crate) struct Ledger {
    steps: Vec<Entry>,
}

struct Entry {
    step: String,
    took: Duration,
    size: Option<(u64, u64)>,
}

impl Ledger {
    /// Does something and notes how long it took.
    pub(crate) fn time<T>(&mut self, step: &str, action: impl FnOnce() -> T) -> T {
        println!("\n== {step}");
        let started = Instant::now();
        let value = action();
        self.note(step, started.elapsed());
        value
    }

    /// Notes a step that was timed elsewhere.
    pub(crate) fn note(&mut self, step: &str, took: Duration) {
        self.steps.push(Entry { step: step.to_owned(), took, size: None });
    }

    /// Rows and bytes of the step noted last.
    pub(crate) fn size(&mut self, size: (u64, u64)) {
        if let Some(last) = self.steps.last_mut() {
            last.size = Some(size);
        }
    }

    /// The table to print.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["step", "seconds", "rows", "MB"]);
        for Entry { step, took, size } in &self.steps {
            let (rows, megabytes) = match size {
                Some((rows, bytes)) => (rows.to_string(), format!("{:.1}", *bytes as f64 / 1e6)),
                None => Default::default(),
            };
            table.add_row([step.clone(), format!("{:.2}", took.as_secs_f64()), rows, megabytes]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
