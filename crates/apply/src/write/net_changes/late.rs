//! Gathered rows of a table whose key on the source is deferrable: until a transaction ends several rows may have it,
//! so each row is told by all of its
//! values. What counts is how many times a row came and went. When the transaction ends the target's key identifies
//! rows again.

use tokio_postgres::Client;

use crate::applied::TableCounts;
use crate::conflict::{Conflict, Conflicts};
use crate::target::table::Plan;
use crate::write::net_changes::gathered::{NetChanges, judge, list};
use crate::{Change, OnConflict, Op, Result};

/// What a line of the temporary table tells: the row went, or came.
pub(crate) const GONE: &str = "-";
pub(crate) const HERE: &str = "+";

/// The change tells the whole rows that it concerns.
pub(crate) fn fits(change: &Change) -> bool {
    match change.op {
        Op::Insert => true,
        Op::Update | Op::Delete => change.old.is_some(),
        Op::Put | Op::Truncate | Op::TruncatePartition(_) => false,
    }
}

impl NetChanges {
    /// Text of all values of a row of the temporary table; equal rows have equal texts.
    pub(crate) fn whole_line(&self, row: &str) -> String {
        format!("(row({})::text collate \"C\")", list(self.columns.iter().map(|c| format!("{row}.c{c}"))))
    }

    /// The same of a row `t` of the table.
    pub(crate) fn whole_row(&self, plan: &Plan) -> String {
        let columns = self.columns.iter().map(|c| format!("t.{}", plan.columns[*c].quoted));
        format!("(row({})::text collate \"C\")", list(columns))
    }

    /// The rows gathered, each once: `net` tells how many more came than went, `op` what happened to it first. A row
    /// that went first was there
    /// before; one that came first and went is as it was.
    fn net(&self) -> String {
        format!(
            "select distinct on (s.whole) s.*, \
                    sum(case s.op when '{HERE}' then 1 else -1 end) over (partition by s.whole) as net \
               from (select s.*, {} as whole from {} as s) as s order by s.whole, s.ev_id, s.part",
            self.whole_line("s"),
            self.name
        )
    }

    /// Writes what the rows gathered come to.
    pub(crate) async fn settle_late(
        &self,
        client: &Client,
        plan: &Plan,
        bypass: bool,
        on_conflict: OnConflict,
        conflicts: &mut Conflicts,
        matches: &str,
    ) -> Result<TableCounts> {
        let (table, only) = (&plan.quoted, if plan.alone { "only " } else { "" });
        let refused = |e| self.doing(plan).refused(e);
        client.batch_execute(&format!("analyze {}", self.name)).await.map_err(refused)?;
        self.check_late(client, plan, bypass, on_conflict, conflicts, matches).await?;
        // a row that went and came back may be another one on the target
        let back =
            if on_conflict.overwrites() { format!("net = 0 and op = '{GONE}'") } else { "false".to_owned() };
        let key = list(self.key.iter().map(|k| format!("c{k}")));
        let sql = format!(
            "delete from {only}{table} as t using (select distinct {key} from ({}) as n \
                                                    where net <> 0 or {back}) as s where {matches}",
            self.net()
        );
        let deleted = client.execute(&sql, &[]).await.map_err(refused)?;
        let sql = format!(
            "insert into {table} ({}) overriding system value select {} from ({}) as n where net > 0 or {back}",
            list(self.columns.iter().map(|c| plan.columns[*c].quoted.clone())),
            list(self.columns.iter().map(|c| format!("n.c{c}"))),
            self.net()
        );
        let inserted = client.execute(&sql, &[]).await.map_err(refused)?;
        let updated = inserted.min(deleted);
        let (inserted, deleted) = (inserted - updated, deleted - updated);
        Ok(TableCounts { updated, inserted, deleted, ..TableCounts::default() })
    }

    /// Looks for rows that should be there and are not, and for keys of new rows that others have.
    async fn check_late(
        &self,
        client: &Client,
        plan: &Plan,
        bypass: bool,
        on_conflict: OnConflict,
        conflicts: &mut Conflicts,
        matches: &str,
    ) -> Result<()> {
        let (table, only) = (&plan.quoted, if plan.alone { "only " } else { "" });
        let same = self.key.iter().map(|k| format!("e.c{k} {} s.c{k}", plan.columns[*k].equals));
        let sql = format!(
            "with net as materialized (select n.*, net < 0 or (net = 0 and op = '{GONE}') as was from ({}) as n) \
             select s.ev_id, case when not s.was then 'insert' \
                                  when exists (select from {} as p where p.ev_id = s.ev_id and p.part = 1) \
                                      then 'update' \
                                  else 'delete' end, concat({}) \
               from net as s \
              where case when s.was then not exists (select from {only}{table} as t where {matches} and {} = s.whole) \
                         else s.net > 0 and exists (select from {only}{table} as t where {matches}) \
                              and not exists (select from net as e where e.was and {}) end \
              order by s.ev_id",
            self.net(),
            self.name,
            self.shown(plan, "s"),
            self.whole_row(plan),
            same.collect::<Vec<_>>().join(" and ")
        );
        for row in client.query(&sql, &[]).await.map_err(|e| self.doing(plan).refused(e))? {
            let (event_id, op, key): (i64, String, String) = (row.get(0), row.get(1), row.get(2));
            let op = match op.as_str() {
                "insert" => "insert",
                "update" => "update",
                _ if plan.may_cascade(bypass) => continue,
                _ => "delete",
            };
            judge(plan, on_conflict, Conflict { op, key, event_id }, conflicts)?;
        }
        Ok(())
    }
}
