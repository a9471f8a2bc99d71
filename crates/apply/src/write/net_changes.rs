//! Changes of a table whose rows are in each other's way in every order that they can be written in: another row has
//! the value of a unique column and gives it up later, maybe much later in a large transaction. They are gathered in a
//! temporary table of the target, and written at the end as what they come to: all touched keys go, then the last row
//! of each comes.

mod gathered;
mod late;
mod skip;

use std::fmt::Write as _;

use pg::raw::RawText;
use tokio_postgres::Client;

use crate::applied::TableCounts;
use crate::conflict::{Conflict, Conflicts};
use crate::order::fold::Item;
use crate::order::key_swap::moves;
use crate::target::reading;
use crate::target::table::Plan;
use crate::write::parameter::Parameter;
use crate::write::step::as_sql;
use crate::{Error, OnConflict, Op, Result, Row};

pub(crate) use gathered::NetChanges;
use gathered::{judge, list};

impl NetChanges {
    /// Gathers changes.
    ///
    /// # Errors
    /// [`Error::Tangled`] where one does not tell a whole row by the target's key.
    pub(crate) async fn take(&mut self, client: &Client, plan: &Plan, items: &[Item<'_>]) -> Result<()> {
        let Some((_, first)) = items.first().and_then(Item::identity) else { return Ok(()) };
        let late = *self.late.get_or_insert(plan.identifies_late(first));
        let key_is = |mapping: usize| plan.mappings[mapping].key.iter().map(|(_, to)| to).eq(&self.key);
        let fits = |item: &&Item<'_>| {
            let tells_all = |mapping: usize| plan.mappings[mapping].tells_all_but_left_out(&self.columns);
            item.new.is_none_or(tells_all)
                && item.identity().is_some_and(|(_, mapping)| match late {
                    true => plan.identifies_late(mapping) && tells_all(mapping) && late::fits(item.change),
                    false => key_is(mapping),
                })
        };
        if let Some(item) = items.iter().find(|item| !fits(item)) {
            return Err(Error::Tangled { table: plan.table.clone(), event_id: item.change.event_id });
        }
        let mut lines: Vec<(String, &'static str, &'static str, &Row, usize)> =
            Vec::with_capacity(items.len());
        for item in items {
            let event = || item.change.event_id.to_string();
            let Some((old, of_old)) = item.identity() else { continue };
            let new = item.change.new.as_ref().zip(item.new);
            match (&item.change.op, new) {
                _ if late => {
                    let gone = item.change.old.as_ref().zip(item.old);
                    lines.extend(gone.map(|(row, mapping)| (event(), "0", late::GONE, row, mapping)));
                    lines.extend(new.map(|(row, mapping)| (event(), "1", late::HERE, row, mapping)));
                }
                (Op::Insert, Some((row, mapping))) => lines.push((event(), "0", "I", row, mapping)),
                (Op::Update, Some((row, mapping))) if moves(plan, &self.key, item) => {
                    lines.push((event(), "0", "D", old, of_old));
                    lines.push((event(), "1", "M", row, mapping));
                }
                (Op::Update, Some((row, mapping))) => lines.push((event(), "0", "U", row, mapping)),
                (Op::Delete, _) => lines.push((event(), "0", "D", old, of_old)),
                (Op::Put, Some((row, mapping))) => lines.push((event(), "0", "M", row, mapping)),
                (Op::Put, None) => lines.push((event(), "0", "C", old, of_old)),
                _ => {}
            }
        }
        let left_out: Vec<String> = lines
            .iter()
            .map(|line| {
                let places = plan.mappings[line.4].left_out.iter().map(usize::to_string);
                format!("{{{}}}", if line.2 == "U" { list(places) } else { String::new() })
            })
            .collect();
        let texts = |texts: Vec<&str>| Parameter::texts(&texts.into_iter().map(Some).collect::<Vec<_>>());
        let mut parameters = vec![
            texts(lines.iter().map(|line| line.0.as_str()).collect()),
            texts(lines.iter().map(|line| line.1).collect()),
            texts(lines.iter().map(|line| line.2).collect()),
            texts(left_out.iter().map(String::as_str).collect()),
        ];
        for column in &self.columns {
            let texts = lines.iter().map(|line| {
                let needed = !matches!(line.2, "D" | "C") || self.key.contains(column);
                let at = plan.mappings[line.4].position(*column).filter(|_| needed)?;
                line.3.values.get(at)
            });
            parameters.push(plan.columns[*column].reading.parameter(&texts.collect::<Vec<_>>()));
        }
        let mut values = "x.v0::int8, x.v1::int4, x.v2, x.v3::int4[]".to_owned();
        for (at, column) in self.columns.iter().enumerate() {
            let _ = write!(values, ", {}", plan.columns[*column].read(&format!("x.v{}", at + 4)));
        }
        let readings = self.columns.iter().map(|column| Some(&plan.columns[*column].reading));
        let named = std::iter::repeat_n(None, 4).chain(readings).enumerate();
        let (given, names) = reading::rows(named.map(|(i, reading)| (format!("v{i}"), reading)));
        let sql =
            format!("insert into {} select {values} from {given} as x({})", self.name, names.join(", "));
        client.execute(&sql, &as_sql(&parameters)).await.map_err(|e| self.doing(plan).refused(e))?;
        self.pending = true;
        Ok(())
    }

    /// Writes what has been gathered.
    pub(crate) async fn settle(
        &mut self,
        client: &Client,
        plan: &Plan,
        bypass: bool,
        on_conflict: OnConflict,
        conflicts: &mut Conflicts,
    ) -> Result<TableCounts> {
        if !self.created || !self.pending {
            return Ok(TableCounts::default());
        }
        let (name, table) = (&self.name, &plan.quoted);
        let only = if plan.alone { "only " } else { "" };
        let key = list(self.key.iter().map(|k| format!("s.c{k}")));
        let matches = self.key.iter().map(|k| {
            let column = &plan.columns[*k];
            let of_target = column.compared(&format!("t.{}", column.quoted));
            format!("{of_target} {} {}", column.equals, column.compared(&format!("s.c{k}")))
        });
        let matches = matches.collect::<Vec<_>>().join(" and ");
        let refused = |e| self.doing(plan).refused(e);
        if on_conflict == OnConflict::Skip {
            self.skip(client, plan, bypass, conflicts, &key, &matches).await?;
        }
        if self.late == Some(true) {
            let counts = self.settle_late(client, plan, bypass, on_conflict, conflicts, &matches).await?;
            client.batch_execute(&format!("truncate {name}")).await.map_err(refused)?;
            (self.pending, self.late) = (false, None);
            return Ok(counts);
        }
        self.check(client, plan, bypass, on_conflict, conflicts, &key, &matches).await?;
        let sql = format!("analyze {name}");
        client.batch_execute(&sql).await.map_err(refused)?;
        self.fill_left_out(client, plan, &matches).await?;
        let sql = format!(
            "delete from {only}{table} as t using (select distinct {key} from {name} as s) as s where {matches}"
        );
        let deleted = client.execute(&sql, &[]).await.map_err(refused)?;
        let sql = format!(
            "insert into {table} ({}) overriding system value select {} from \
             (select distinct on ({key}) s.* from {name} as s order by {key}, s.ev_id desc, \
              s.part desc) as l where l.op not in ('D', 'C') and l.left_out = '{{}}'",
            list(self.columns.iter().map(|c| plan.columns[*c].quoted.clone())),
            list(self.columns.iter().map(|c| format!("l.c{c}"))),
        );
        let inserted = client.execute(&sql, &[]).await.map_err(refused)?;
        client.batch_execute(&format!("truncate {name}")).await.map_err(refused)?;
        (self.pending, self.late) = (false, None);
        let updated = inserted.min(deleted);
        let (inserted, deleted) = (inserted - updated, deleted - updated);
        Ok(TableCounts { updated, inserted, deleted, ..TableCounts::default() })
    }

    /// Gives each key's last row what its event leaves out: it is what the last event before told, else what the target
    /// has. A row that neither tells is not there, which is a conflict.
    async fn fill_left_out(&self, client: &Client, plan: &Plan, matches: &str) -> Result<()> {
        let refused = |e| self.doing(plan).refused(e);
        let (name, table) = (&self.name, &plan.quoted);
        let only = if plan.alone { "only " } else { "" };
        let sql = format!("select distinct unnest(left_out) from {name}");
        let rows = client.query(&sql, &[]).await.map_err(refused)?;
        let key = list(self.key.iter().map(|k| format!("c{k}")));
        let of_target = list(self.key.iter().map(|k| format!("t.{} as c{k}", plan.columns[*k].quoted)));
        let same = self.key.iter().map(|k| {
            let column = &plan.columns[*k];
            let value = |of: &str| column.compared(&format!("{of}.c{k}"));
            format!("{} {} {}", value("f"), column.equals, value("s"))
        });
        let same = same.collect::<Vec<_>>().join(" and ");
        for row in rows {
            let at: i32 = row.get(0);
            let Some(column) = usize::try_from(at).ok().and_then(|at| plan.columns.get(at)) else { continue };
            let sql = format!(
                "update {name} as s set c{at} = f.c{at}, left_out = array_remove(s.left_out, {at}) \
                   from (select distinct on ({key}) {key}, c{at} from ( \
                             select {key}, c{at}, ev_id, part from {name} \
                              where op not in ('D', 'C') and {at} <> all (left_out) \
                             union all \
                             select {of_target}, t.{} as c{at}, -1, 0 from {only}{table} as t \
                              where exists (select from {name} as s where {at} = any (s.left_out) and {matches})) as v \
                          order by {key}, ev_id desc, part desc) as f \
                  where {at} = any (s.left_out) and {same} \
                    and (s.ev_id, s.part) in (select distinct on ({key}) ev_id, part from {name} \
                                               order by {key}, ev_id desc, part desc)",
                column.quoted
            );
            client.batch_execute(&sql).await.map_err(refused)?;
        }
        Ok(())
    }

    /// Looks for keys that are there when they should not be, or not there when they should.
    #[expect(clippy::too_many_arguments, reason = "one question with its pieces of SQL")]
    async fn check(
        &self,
        client: &Client,
        plan: &Plan,
        bypass: bool,
        on_conflict: OnConflict,
        conflicts: &mut Conflicts,
        key: &str,
        matches: &str,
    ) -> Result<()> {
        let only = if plan.alone { "only " } else { "" };
        let shown = self.shown(plan, "f");
        let deletes = if plan.may_cascade(bypass) { "" } else { ", 'D'" };
        let sql = format!(
            "select f.ev_id, f.op, pg_catalog.concat({shown}) from \
             (select distinct on ({key}) s.*, exists (select from {only}{} as t where {matches}) as there from {} as s \
               order by {key}, s.ev_id, s.part) as f \
              where case when f.there then f.op = 'I' else f.op in ('U'{deletes}) end order by f.ev_id",
            plan.quoted, self.name
        );
        for row in client.query(&sql, &[]).await.map_err(|e| self.doing(plan).refused(e))? {
            let (event_id, op, RawText(key)): (i64, String, RawText) = (row.get(0), row.get(1), row.get(2));
            let op = match op.as_str() {
                "I" => "insert",
                "U" => "update",
                _ => "delete",
            };
            judge(plan, on_conflict, Conflict { op, key, event_id }, conflicts)?;
        }
        Ok(())
    }
}
