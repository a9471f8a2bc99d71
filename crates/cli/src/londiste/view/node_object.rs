//! Nodes and their tables for machines. A value that is not known is null; times are seconds.

use std::time::Duration;

use pgq::comparison::{Comparison, Verdict};
use pgq::copy::progress::Recorded;
use pgq::outlook::Outlook;
use serde_json::{Value, json};

use crate::londiste::view::comparison::clock;
use crate::londiste::view::node_snapshot::NodeSnapshot;

/// A node that could be asked.
pub(crate) fn node(look: &NodeSnapshot, outlook: Option<&Outlook>, lag: Option<Duration>) -> Value {
    let copies = outlook.iter().flat_map(|seen| &seen.tables).filter_map(|table| {
        let mut copy = copy(table.copy.as_ref()?);
        copy["table"] = json!(table.name);
        Some(copy)
    });
    json!({
        "node": look.info.name,
        "type": look.info.node_type.as_str(),
        "worker": look.info.worker,
        "provider": look.info.provider,
        "subscribers": look.subscribers,
        "lag": lag.map(|lag| lag.as_secs_f64()),
        "tick": look.tick,
        "paused": look.info.paused,
        "uptodate": look.info.uptodate,
        "tables": { "ok": look.tables.ok, "on_their_way": look.tables.half, "elsewhere": look.tables.ignored },
        "copies": copies.collect::<Vec<_>>(),
        "remarks": look.remarks,
        "errors": look.errors,
    })
}

/// How far a copy is.
pub(crate) fn copy(recorded: &Recorded) -> Value {
    let progress = &recorded.progress;
    json!({
        "step": progress.step.as_str(),
        "rows": progress.rows,
        "bytes": progress.bytes,
        "expected_bytes": progress.expected_bytes,
        "bytes_per_second": progress.bytes_per_second,
        "done": progress.done,
        "total": progress.total,
        "remark": progress.remark,
        "seconds": recorded.since.as_secs_f64(),
        "silent_for": recorded.age.as_secs_f64(),
    })
}

/// A table's last comparison.
pub(crate) fn comparison(last: &Comparison) -> Value {
    json!({
        "verdict": last.verdict.map(Verdict::as_str),
        "rows": last.rows,
        "differing": last.differing,
        "finished": last.finished.map(clock),
        "reason": last.reason,
    })
}
