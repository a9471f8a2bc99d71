//! Tables of the subscribers with their copies, the worst first.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::Duration;

use pgq::comparison::Verdict;
use pgq::node::NodeType;
use pgq::outlook::{Outlook, TableOutlook};
use pgq::table::MergeState;

use super::wish::{Show, Wish};
use crate::metrics::markup::{bar, escaped};
use crate::status::{JobStatus, period, size};

/// Rows that are shown where not all are asked for.
const SHOWN: usize = 100;

pub(super) fn write(page: &mut String, jobs: &[JobStatus], wish: &Wish) {
    let followers = || {
        jobs.iter()
            .filter_map(|job| Some((job, job.outlook()?)))
            .filter(|(_, seen)| seen.kind != NodeType::Root)
    };
    if followers().all(|(_, seen)| seen.tables.is_empty()) {
        return;
    }
    page.push_str("<h2 id=\"tables\">Tables</h2>");
    form(page, wish);
    let several = followers().count() > 1;
    for (job, seen) in followers() {
        if several {
            _ = write!(page, "<h3>{}</h3>", escaped(&seen.node));
        }
        of(page, job, seen, wish);
    }
}

fn form(page: &mut String, wish: &Wish) {
    // nothing can go wrong when a string is written to
    _ = write!(
        page,
        "<form method=\"get\" action=\"/#tables\"><input name=\"table\" aria-label=\"part of a table's name\" \
         placeholder=\"part of a name\" value=\"{}\"><select name=\"show\" aria-label=\"which tables\">",
        escaped(&wish.table)
    );
    for (show, word, name) in Show::ALL {
        let selected = if show == wish.show { " selected" } else { "" };
        _ = write!(page, "<option value=\"{word}\"{selected}>{name}</option>");
    }
    page.push_str("</select><button>show</button></form>");
}

fn of(page: &mut String, job: &JobStatus, seen: &Outlook, wish: &Wish) {
    let wanted = |table: &&TableOutlook| {
        table.name.contains(&wish.table)
            && match wish.show {
                Show::Trouble => weight(table) < 4,
                Show::Copying => table.state != MergeState::Ok,
                Show::Worst | Show::All => true,
            }
    };
    let mut tables: Vec<&TableOutlook> = seen.tables.iter().filter(wanted).collect();
    tables.sort_by_key(|table| (weight(table), Reverse(table.bytes_to_go())));
    let shown = if wish.show == Show::All { tables.len() } else { tables.len().min(SHOWN) };
    _ = write!(page, "<p class=\"soft\">{shown} of {} tables", seen.tables.len());
    if shown < tables.len() {
        let all = Wish { show: Show::All, ..wish.clone() };
        _ = write!(page, ", <a href=\"{}#tables\">all {}</a>", escaped(&all.address()), tables.len());
    }
    let age = seen.seen.elapsed().unwrap_or_default();
    if age > Duration::from_secs(30) {
        _ = write!(page, ", as they were {} ago", period(age));
    }
    page.push_str(&limits(job));
    page.push_str(
        "</p><div class=\"scroll\"><table><tr><th>table<th>state<th>copy<th class=\"wide\">rate<th>to go\
         <th class=\"wide\">comparison<th>remarks</tr>",
    );
    tables.iter().take(shown).for_each(|table| row(page, job, table));
    page.push_str("</table></div>");
}

/// What all copies may read together now, and how the source fares.
fn limits(job: &JobStatus) -> String {
    let copies = || job.parts.iter().filter_map(|part| part.facts.copy.as_ref());
    let limit = copies().find_map(|copy| copy.limit);
    let limit =
        limit.map(|limit| format!(". All copies together may read {}/s", size(limit))).unwrap_or_default();
    let latency = copies().find_map(|copy| copy.source_latency);
    let latency = latency.map(|time| format!(". The source answers in {:.3} s", time.as_secs_f64()));
    limit + &latency.unwrap_or_default()
}

/// Small numbers are for what somebody has to look at, or is being worked on.
fn weight(table: &TableOutlook) -> u8 {
    match (table.parked, &table.trouble, table.verdict(), table.state) {
        (true, ..) => 0,
        (_, Some(_), ..) => 1,
        (_, _, Some(Verdict::Differs), _) => 2,
        _ if table.conflicts > 0 => 3,
        (_, _, _, MergeState::InCopy) => 4,
        (_, _, _, MergeState::CatchingUp | MergeState::WannaSync(_) | MergeState::DoSync(_)) => 5,
        (_, _, _, MergeState::Waiting) => 6,
        (_, _, Some(Verdict::Unverified), _) => 7,
        (_, _, None, _) => 8,
        (_, _, Some(Verdict::Equal), MergeState::Ok) => 9,
    }
}

fn row(page: &mut String, job: &JobStatus, table: &TableOutlook) {
    let state = match (table.parked, table.state) {
        (true, _) => "<span class=\"bad\">parked</span>".to_owned(),
        (_, MergeState::Waiting) => "waits for its copy".to_owned(),
        (_, state) => escaped(state.to_string().split(':').next().unwrap_or_default()),
    };
    // what the copy of this process tells is newer than what is on record
    let part = job.parts.iter().find(|part| part.status.name.strip_prefix("copy ") == Some(&table.name));
    let live = part.and_then(|part| part.facts.copy.as_ref());
    let (copied, remark) = match (live, &table.copy) {
        (Some(live), copy) => {
            let of = live.expected_bytes.map(|all| format!(" of {}", size(all))).unwrap_or_default();
            let bytes = format!("{} {}{of}", bar(live.bytes, live.expected_bytes), size(live.bytes));
            (
                bytes,
                copy.as_ref()
                    .and_then(|copy| copy.progress.remark.clone())
                    .or_else(|| phase(&live.phase, table.state)),
            )
        }
        (None, Some(copy)) => {
            let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
            let (done, all) = (bytes(copy.progress.bytes), bytes(copy.progress.expected_bytes));
            (format!("{} {}", bar(done, Some(all)), size(done)), copy.progress.remark.clone())
        }
        (None, None) => (table.size.map(|bytes| size(bytes.unsigned_abs())).unwrap_or_default(), None),
    };
    let (copied, remark) = if !table.is_to_come() { (String::new(), None) } else { (copied, remark) };
    let rate = table.rate();
    let rate = if rate >= 1.0 { format!("{}/s", size(rate as u64)) } else { String::new() };
    let to_go = table.to_go().map(period).unwrap_or_default();
    // nothing can go wrong when a string is written to
    _ = write!(
        page,
        "<tr><td class=\"name\">{}<td class=\"word\">{state}<td class=\"number\">{copied}\
         <td class=\"wide number\">{rate}<td class=\"number\">{to_go}\
         <td class=\"wide\">{}<td class=\"long\">{}</tr>",
        escaped(&table.name),
        compared(table),
        remarks(job, part.and_then(|part| part.status.last_error.as_deref()), table, remark),
    );
}

/// What a copy does, where that is more than its table's state.
fn phase(phase: &str, state: MergeState) -> Option<String> {
    (phase != state.to_string()).then(|| phase.to_owned())
}

fn compared(table: &TableOutlook) -> String {
    let Some(comparison) = &table.comparison else { return String::new() };
    let ago = comparison.finished.map(|at| period(at.elapsed().unwrap_or_default())).unwrap_or_default();
    match comparison.verdict {
        Some(Verdict::Equal) => format!("equal, {ago} ago"),
        Some(Verdict::Differs) => {
            format!("<span class=\"bad\">{} rows differ</span>, {ago} ago", comparison.differing)
        }
        Some(Verdict::Unverified) => {
            let why = escaped(comparison.reason.as_deref().unwrap_or_default());
            format!("<span class=\"bad\">could not be compared</span> {why}")
        }
        None => {
            let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
            let expected = comparison.expected.unwrap_or_default().max(comparison.rows);
            let known = comparison.known().filter(|known| known.verdict == Verdict::Differs);
            let differ =
                known.map(|known| format!("<span class=\"bad\">{} rows differ</span> ", known.differing));
            differ.unwrap_or_default() + &bar(count(comparison.rows), Some(count(expected)))
        }
    }
}

fn remarks(job: &JobStatus, failing: Option<&str>, table: &TableOutlook, remark: Option<String>) -> String {
    let mut remarks = Vec::new();
    if let Some(trouble) = table.trouble.as_deref().or(failing) {
        remarks.push(format!("<span class=\"bad\">{}</span>", escaped(trouble)));
        if table.parked {
            let ini = escaped(&job.file.display().to_string());
            remarks
                .push(format!("<code>londiste {ini} resume-table {}</code>", escaped(&quoted(&table.name))));
        }
    }
    if table.conflicts > 0 {
        remarks.push(format!("conflicts: {}", table.conflicts));
    }
    remarks.extend(remark.map(|remark| escaped(&remark)));
    remarks.join("; ")
}

/// A name as a word for the shell.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if name.chars().all(is_plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use pgq::compared::Summary;

    use super::*;

    fn many() -> Outlook {
        let table = |number: usize| TableOutlook {
            name: format!("public.table_{number:04}"),
            state: if number.is_multiple_of(2) { MergeState::Ok } else { MergeState::Waiting },
            parked: number == 1777,
            trouble: (number == 1777 || number == 1888).then(|| "<b>disk full</b>".to_owned()),
            size: None,
            copy: None,
            comparison: None,
            conflicts: i64::from(number == 1999),
        };
        Outlook {
            node: "subscriber".to_owned(),
            kind: NodeType::Leaf,
            tables: (0..2000).map(table).collect(),
            switch: None,
            error: None,
            paused: false,
            coming_fkeys: 0,
            stopping_drift: 0,
            compared: Summary::default(),
            seen: SystemTime::now(),
        }
    }

    fn page(query: &str) -> String {
        let job = JobStatus {
            name: "job".into(),
            section: "londiste",
            file: "target.ini".into(),
            parts: Vec::new(),
        };
        let mut page = String::new();
        of(&mut page, &job, &many(), &Wish::read(Some(query)));
        page
    }

    #[test]
    fn of_many_tables_the_worst_are_shown_first() {
        let worst = page("");
        assert!(worst.len() < 30_000 && worst.contains("100 of 2000 tables"), "{}", worst.len());
        assert!(worst.contains("show=all#tables\">all 2000</a>") && !worst.contains("<b>"), "{worst}");
        let places =
            ["table_1777", "table_1888", "table_1999", "table_0001"].map(|name| worst.find(name).unwrap());
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(page("show=all").matches("<td class=\"name\">public.table_").count(), 2000);
        assert_eq!(page("show=trouble").matches("<td class=\"name\">public.table_").count(), 3);
        let some = page("table=_19&show=copying");
        assert_eq!(some.matches("<td class=\"name\">public.table_19").count(), 50, "{some}");
    }

    #[test]
    fn a_name_is_one_word_for_the_shell() {
        assert_eq!(quoted("public.orders"), "public.orders");
        assert_eq!(quoted("public.it's $(x)"), "'public.it'\\''s $(x)'");
    }
}
