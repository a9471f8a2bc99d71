//! Tables of a running stock setup that this version does not serve: what their attributes ask for would be left out
//! without a word.

use std::collections::BTreeMap;

use pg::Session;
use pgq::table::{self, MergeState, TableInfo};

use crate::error::During;
use crate::{Result, Worker};

/// Attributes without which the rows are the same: `max_parallel_copy` only limits how many copies run.
const HARMLESS: [&str; 2] = ["skip_truncate", "max_parallel_copy"];
/// Attributes that concern the copy alone: they mean nothing to a table whose rows are there.
const OF_THE_COPY: [&str; 2] = ["copy_node", "copy_condition"];

/// Why the table is not served; `None` where it is.
pub(crate) fn reason(table: &TableInfo) -> Option<String> {
    let attrs = table.attrs.as_deref().unwrap_or_default();
    let refused = attrs.split('&').filter(|pair| !pair.is_empty()).find(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let of_the_copy = OF_THE_COPY.contains(&name) && table.state != MergeState::Ok;
        match name {
            "handler" => !is_plain(value),
            _ => of_the_copy || !(HARMLESS.contains(&name) || OF_THE_COPY.contains(&name)),
        }
    })?;
    Some(format!(
        "its attributes (londiste.table_info.table_attrs) hold {refused}, which this version does not know: \
         its rows would not be what that asks for. Leave the node to the stock worker, or give it up: \
         londiste INI remove-table {table} and add-table {table} copy the table as it is",
        table = table.name
    ))
}

/// Whether rows come out of the handler as they are: stock's default, and the one that only writes in bulk. Their
/// arguments may change values (an encoding), but for the bulk method.
fn is_plain(handler: &str) -> bool {
    let decoded = handler.replace("%28", "(").replace("%29", ")").replace("%3D", "=").replace("%3d", "=");
    let (name, arguments) = decoded.split_once('(').unwrap_or((&decoded, ")"));
    let arguments = arguments.trim_end_matches(')');
    match name {
        "" | "londiste" => arguments.is_empty(),
        "bulk" => arguments.split(',').all(|argument| argument.is_empty() || argument.starts_with("method=")),
        _ => false,
    }
}

/// Which of the tables that are to be copied, or are being copied, are not served, and why.
pub(crate) async fn among(
    worker: &Worker,
    target: &Session,
    tables: &[TableInfo],
) -> Result<BTreeMap<String, String>> {
    let unsettled = || tables.iter().filter(|table| table.local && table.state != MergeState::Ok);
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    if unsettled().next().is_none() {
        return Ok(refused);
    }
    let shared = table::shared(&**target, &worker.config.queue_name).await;
    for (table, queue) in shared.during("looking for tables of other queues")? {
        let reason = format!(
            "queue {queue} brings rows into the same table: this version merges no queues (copy_role of \
             londiste.get_table_list), and its copy would take the other queue's rows away. Leave the node \
             to the stock worker, or add the table with another --dest-table"
        );
        refused.insert(table, reason);
    }
    refused.extend(unsettled().filter_map(|table| Some((table.name.clone(), reason(table)?))));
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(attrs: &str, state: MergeState) -> bool {
        let (snapshot, dest_table, dropped_ddl) = (None, None, None);
        let attrs = Some(attrs.to_owned());
        let name = "public.t".to_owned();
        reason(&TableInfo { name, local: true, state, snapshot, attrs, dest_table, dropped_ddl }).is_some()
    }

    #[test]
    fn what_changes_no_row_is_served() {
        for attrs in [
            "",
            "skip_truncate=1",
            "handler=londiste",
            "handler=",
            "handler=bulk",
            "handler=bulk%28method%3D1%29&max_parallel_copy=2",
            "copy_node=%3F",
        ] {
            assert!(!refused(attrs, MergeState::Ok), "{attrs}");
        }
    }

    #[test]
    fn what_changes_rows_is_refused() {
        for attrs in [
            "handler=obfuscate",
            "skip_truncate=1&handler=part%28key%3Did%29",
            "handler=shard(key=id)",
            "handler=dispatch",
            "handler=vtable",
            "handler=fake_local",
            "handler=qtable",
            "handler=applyfn",
            "handler=multimaster",
            "handler=londiste%28encoding%3Dutf8%29",
            "handler=bulk(method=1,encoding=utf8)",
            "expected=1",
        ] {
            assert!(refused(attrs, MergeState::Ok), "{attrs}");
        }
        assert!(
            refused("copy_condition=id+%3E+5", MergeState::Waiting)
                && refused("copy_node=x", MergeState::InCopy)
        );
    }
}
