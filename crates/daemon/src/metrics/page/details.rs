//! Details, folded away: parts of the process, ticks and queues, and the consumers that are ours alone.

use std::fmt::Write as _;

use crate::metrics::markup::escaped;
use crate::status::JobStatus;

pub(super) fn write(page: &mut String, jobs: &[JobStatus]) {
    parts(page, jobs);
    queues(page, jobs);
}

fn parts(page: &mut String, jobs: &[JobStatus]) {
    // what fails has to be seen
    let open = if jobs.iter().any(JobStatus::fails) { " open" } else { "" };
    // nothing can go wrong when a string is written to
    _ = write!(
        page,
        "<details{open}><summary>Parts of the process</summary><div class=\"scroll\"><table>\
         <tr><th>job<th>part<th>state<th>failures<th>last error</tr>"
    );
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
    page.push_str("</table></div></details>");
}

/// Watermarks begin with a dot: nodes keep them for each other, and they say nothing of a lag.
fn queues(page: &mut String, jobs: &[JobStatus]) {
    let parts = || jobs.iter().flat_map(|job| &job.parts);
    let mut rows = String::new();
    for facts in parts().map(|part| &part.facts) {
        if let (Some(node), Some(batch)) = (&facts.node, &facts.batch) {
            let (queue, node) = (escaped(&node.queue), escaped(&node.name));
            _ = write!(rows, "<tr><td>{queue}<td>node {node}: tick {}<td><td><td><td><td></tr>", batch.tick);
        }
    }
    for (name, queue) in
        parts().filter_map(|part| part.facts.observed.as_ref()).flat_map(|observed| &observed.queues)
    {
        for (consumer, (lag, pending)) in &queue.consumers {
            let what = if consumer.starts_with('.') { "watermark" } else { "consumer" };
            _ = write!(
                rows,
                "<tr><td>{}<td>{what} {}<td>{lag:.0} s<td>{pending}<td>{:.0} s<td>{:.1}<td>{:.1}</tr>",
                escaped(name),
                escaped(consumer),
                queue.tick_age,
                queue.events_per_second,
                queue.bytes as f64 / 1e6,
            );
        }
    }
    if !rows.is_empty() {
        _ = write!(
            page,
            "<details><summary>Queues, ticks and consumers</summary><div class=\"scroll\"><table><tr>\
             <th>queue<th>who<th>lag\
             <th>pending<th>last tick of the queue<th>events/s<th>megabytes</tr>{rows}</table></div></details>"
        );
    }
}
