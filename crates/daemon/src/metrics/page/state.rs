//! Where each migration stands, and what comes next: the first thing on the page.

use std::fmt::Write as _;

use pgq::outlook::State;
use pgq::switch::{Recorded, State as Step};

use crate::metrics::markup::{bar, escaped};
use crate::status::{JobStatus, Migration, period};

/// The steps of a switch, as they follow each other.
const STEPS: [(Step, &str); 6] = [
    (Step::Prepared, "prepared"),
    (Step::Frozen, "frozen"),
    (Step::Drained, "drained"),
    (Step::Left, "left"),
    (Step::Taken, "taken"),
    (Step::Settled, "settled"),
];

pub(super) fn write(page: &mut String, jobs: &[JobStatus], migrations: &[Migration]) {
    for Migration { queue, stage, commands } in migrations {
        let class = match stage.state {
            State::Blocked => " bad",
            State::Ready | State::Switched => " well",
            _ => "",
        };
        // nothing can go wrong when a string is written to
        _ = write!(page, "<section class=\"state{class}\"><p class=\"words\">{}</p>", escaped(&stage.words));
        if stage.tables > 0 {
            let there = stage.tables - stage.to_come;
            _ = write!(
                page,
                "<p>{} {there} of {} tables in sync",
                bar(there as u64, Some(stage.tables as u64)),
                stage.tables
            );
            if migrations.len() > 1 {
                _ = write!(page, ", queue {}", escaped(queue));
            }
            page.push_str("</p>");
        }
        for command in commands {
            _ = write!(
                page,
                "<p><code>{}</code> <span class=\"soft\">{}</span></p>",
                escaped(&command.text),
                command.what
            );
        }
        if matches!(stage.state, State::Switching | State::Switched) {
            steps(page, stage.step, &records(jobs, queue));
        }
        page.push_str("</section>");
    }
}

/// What the nodes of a queue have recorded of their last switch.
fn records<'a>(jobs: &'a [JobStatus], queue: &str) -> Vec<&'a Recorded> {
    let of_queue = |job: &&JobStatus| {
        job.worker().and_then(|worker| worker.facts.node.as_ref()).is_some_and(|node| node.queue == queue)
    };
    jobs.iter().filter(of_queue).filter_map(|job| job.outlook()?.switch.as_ref()).collect()
}

fn steps(page: &mut String, step: Option<Step>, records: &[&Recorded]) {
    let at = STEPS.iter().position(|(known, _)| Some(*known) == step);
    let is_over = step == Some(Step::Settled);
    page.push_str("<ol class=\"steps\">");
    for (place, (_, name)) in STEPS.iter().enumerate() {
        let class = match at {
            Some(at) if place < at || is_over => "done",
            Some(at) if place == at => "now",
            _ => "",
        };
        _ = write!(page, "<li class=\"{class}\">{name}</li>");
    }
    let care = records.iter().find(|known| !known.gives).and_then(|known| known.care.as_deref());
    let (class, care) = match care {
        Some("done") => ("done", "views and statistics".to_owned()),
        Some(care) => ("now", format!("views and statistics: {}", escaped(care))),
        None => ("", "views and statistics".to_owned()),
    };
    _ = write!(page, "<li class=\"{class}\">{care}</li></ol>");
    if let Some(known) = records.first() {
        let began = period(known.began.elapsed().unwrap_or_default());
        _ = write!(page, "<p class=\"soft\">begun {began} ago by {}</p>", escaped(&known.who));
    }
}
