//! Gathered changes of rows that are not there, under the policy to skip them: they leave the temporary table, with
//! all that follows from them.

use tokio_postgres::Client;

use crate::Result;
use crate::conflict::{Conflict, Conflicts};
use crate::target::table::Plan;
use crate::write::net_changes::gathered::NetChanges;
use crate::write::net_changes::late;

impl NetChanges {
    /// Takes out the updates and deletes that find no row, and counts them. A row that an update would have given
    /// another key is not there for later changes
    /// either: this goes on until all that is left finds its row.
    pub(crate) async fn skip(
        &self,
        client: &Client,
        plan: &Plan,
        bypass: bool,
        conflicts: &mut Conflicts,
        key: &str,
        matches: &str,
    ) -> Result<()> {
        let lost = match self.late {
            Some(true) => self.lost_rows(plan, matches),
            _ => self.lost_keys(plan, key, matches),
        };
        let sql = format!(
            "with lost as materialized ({lost}), gone as (delete from {0} as s using lost where s.ev_id = lost.ev_id) \
             select l.ev_id, l.op = 'U' \
                 or exists (select from {0} as p where p.ev_id = l.ev_id and p.part = 1), l.shown \
               from lost as l order by l.ev_id",
            self.name
        );
        loop {
            let rows = client.query(&sql, &[]).await.map_err(|e| self.doing(plan).refused(e))?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let (event_id, updated, key): (i64, bool, String) = (row.get(0), row.get(1), row.get(2));
                let op = if updated { "update" } else { "delete" };
                if updated || !plan.may_cascade(bypass) {
                    conflicts.add(Conflict { op, key, event_id });
                }
            }
        }
    }

    /// Lines of keys that have no row at that place among the changes: (ev_id, op, shown). What an update leaves is
    /// what it found.
    fn lost_keys(&self, plan: &Plan, key: &str, matches: &str) -> String {
        let (table, only) = (&plan.quoted, if plan.alone { "only " } else { "" });
        format!(
            "select s.ev_id, s.op, concat({}) as shown \
               from (select s.*, max((s.ev_id * 2 + s.part) * 2 + case when s.op in ('I', 'M') then 1 else 0 end) \
                                 filter (where s.op <> 'U') \
                                 over (partition by {key} order by s.ev_id, s.part \
                                       rows between unbounded preceding and 1 preceding) as before \
                       from {} as s) as s \
              where s.op in ('U', 'D') \
                and not case when s.before is null \
                                 then exists (select from {only}{table} as t where {matches}) \
                             else s.before % 2 = 1 end",
            self.shown(plan, "s"),
            self.name
        )
    }

    /// The first line of each row that goes once more than it was there.
    fn lost_rows(&self, plan: &Plan, matches: &str) -> String {
        let (table, only) = (&plan.quoted, if plan.alone { "only " } else { "" });
        format!(
            "select distinct on (s.whole) s.ev_id, s.op, concat({}) as shown \
               from (select s.*, sum(case s.op when '{}' then 1 else -1 end) \
                                 over (partition by s.whole order by s.ev_id, s.part) as balance \
                       from (select s.*, {} as whole from {} as s) as s) as s \
              where s.balance < 0 and s.balance + (select count(*) from {only}{table} as t \
                                                    where {matches} and {} = s.whole) < 0 \
              order by s.whole, s.ev_id, s.part",
            self.shown(plan, "s"),
            late::HERE,
            self.whole_line("s"),
            self.name,
            self.whole_row(plan)
        )
    }
}
