//! Temporary table in which the changes of one destination table are gathered.

use tokio_postgres::Client;

use crate::conflict::{Conflict, Conflicts};
use crate::target::table::Plan;
use crate::write::refusal::Doing;
use crate::{Error, OnConflict, Result};

/// The temporary table of one destination table.
#[derive(Debug)]
pub(crate) struct NetChanges {
    pub(super) name: String,
    /// Target positions of the key, and of all columns that are written.
    pub(super) key: Vec<usize>,
    pub(super) columns: Vec<usize>,
    pub(super) created: bool,
    /// There may be rows in it.
    pub(super) pending: bool,
    /// These rows are identified by all of their values ([`late`](super::late)); `None` where there is none yet.
    pub(super) late: Option<bool>,
}

/// A foreign key's action would fire when a row goes, even if it comes back.
const ACTED_ON: &str = "
select exists (select from pg_catalog.pg_constraint k
                where k.contype = 'f' and k.confdeltype <> 'a'
                  and k.confrelid in (select $1::oid union select a.relid from pg_partition_ancestors($1::oid) a
                                       union select p.relid from pg_partition_tree($1::oid) p))";

impl NetChanges {
    /// Net changes of the table, `None` where its rows must not go to come back.
    pub(crate) async fn of(client: &Client, plan: &Plan, bypass: bool) -> Result<Option<NetChanges>> {
        let acted_on = client.query_one(ACTED_ON, &[&plan.catalog_entry.oid]).await;
        let acted_on: bool =
            acted_on.map_err(Error::server("looking for foreign keys with actions on the target"))?.get(0);
        let columns: Vec<usize> = (0..plan.columns.len()).filter(|at| !plan.columns[*at].generated).collect();
        if plan.key.is_empty() || (acted_on && !bypass) {
            return Ok(None);
        }
        let name = format!("pg_temp.londiste_rs_spool_{}", plan.catalog_entry.oid);
        Ok(Some(NetChanges {
            name,
            key: plan.key.clone(),
            columns,
            created: false,
            pending: false,
            late: None,
        }))
    }

    /// The transaction was ended, and the temporary table with it.
    pub(crate) fn forget(&mut self) {
        (self.created, self.pending, self.late) = (false, false, None);
    }

    /// Makes the temporary table where this transaction has none yet; from then on the table's definition stays.
    pub(crate) async fn create(&mut self, client: &Client, plan: &Plan) -> Result<()> {
        if !self.created {
            let sql = format!(
                "lock table {} in row exclusive mode; create temp table if not exists {} on commit drop as \
                 select 0::int8 as ev_id, 0 as part, ''::text as op, '{{}}'::int4[] as left_out, {} \
                   from {} as t with no data",
                plan.quoted,
                self.name.trim_start_matches("pg_temp."),
                list(self.columns.iter().map(|c| format!("t.{} as c{c}", plan.columns[*c].quoted))),
                plan.quoted
            );
            client.batch_execute(&sql).await.map_err(|e| self.doing(plan).refused(e))?;
            self.created = true;
        }
        Ok(())
    }

    /// Arguments of `concat` that show the key of a row of the temporary table.
    pub(super) fn shown(&self, plan: &Plan, row: &str) -> String {
        let name = |k: &usize| plan.columns[*k].name.replace('\'', "''");
        list(self.key.iter().enumerate().map(|(at, k)| {
            let comma = if at > 0 { ", " } else { "" };
            format!("'{comma}{}=', {row}.c{k}", name(k))
        }))
    }

    pub(super) fn doing<'p>(&self, plan: &'p Plan) -> Doing<'p> {
        Doing { table: &plan.table, op: "final rows", first_event: 0, last_event: 0, key: None, row: None }
    }
}

/// A conflict that is settled, or the error that it is.
pub(super) fn judge(
    plan: &Plan,
    on_conflict: OnConflict,
    found: Conflict,
    conflicts: &mut Conflicts,
) -> Result<()> {
    if on_conflict.overwrites() {
        conflicts.add(found);
        return Ok(());
    }
    let Conflict { op, key, event_id } = found;
    let table = plan.table.clone();
    Err(match op {
        "insert" => Error::KeyTaken { table, key, event_id },
        _ => Error::RowMissing { op, table, key, event_id },
    })
}

pub(super) fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
