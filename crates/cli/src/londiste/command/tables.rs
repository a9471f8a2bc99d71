//! `tables`: the tables of this node, and what is worth saying of them.

use anyhow::Result;
use clap::Args;
use pgq::table;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table as drawn;
use crate::londiste::view::{copy_progress, table_keys};

/// Words of `tables`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print names only, one a line
    #[arg(long)]
    pub(crate) names_only: bool,
}

/// What replication has done to tables of this database, what waits, and what fails.
const REMARKS: &str = "\
select name, remark from (
    select coalesce(t.dest_table, t.table_name) as name, 1 as place,
           case when k.dropped > 0 then format('%s indexes are dropped while it is copied, and come back with it', k.dropped)
                else 'no primary key or unique index over not-null columns, or only a deferrable one: a changed row is found by all its columns' end as remark
      from londiste.table_info t
     cross join lateral (select count(*) as dropped from londiste_rs.copy_index i
                          where i.dest_table = coalesce(t.dest_table, t.table_name)) k
     where t.queue_name = $1 and t.local
       and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) is not null
       and londiste_rs.key_columns(londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))) = '{}'
    union all
    select table_name, 2, format('foreign keys deferrable while replicated: %s', string_agg(fkey_name, ', ' order by fkey_name))
      from londiste_rs.relaxed_fkey group by table_name
    union all
    select table_name, 3, format('triggers switched off while replicated: %s', string_agg(trigger_name, ', ' order by trigger_name))
      from londiste_rs.relaxed_trigger group by table_name
    union all
    select from_table, 4, format('foreign keys dropped for a copy, still to come back: %s', string_agg(fkey_name, ', ' order by fkey_name))
      from londiste.pending_fkeys group by from_table
    union all
    select table_name, 5, format('foreign key %s is back and still to be validated', fkey_name)
      from londiste_rs.unvalidated_fkey where error is null
    union all
    select table_name, 6, format('%s rows were not what their changes expected since %s, the last one at the %s of %s by event %s',
                                 conflicts, to_char(since, 'YYYY-MM-DD HH24:MI:SS'), last_op, last_key, last_ev_id)
      from londiste_rs.table_conflict where queue_name = $1
    union all
    select table_name, 7, format('ERR (since %s): %s', to_char(since, 'YYYY-MM-DD HH24:MI:SS'), trouble)
      from londiste_rs.table_troubles($1)
    union all
    select table_name, 7, remark from londiste_rs.partition_remarks($1)
    union all
    select coalesce(t.dest_table, t.table_name), 8, format('its inheritance child %s is not replicated: add it', i.inhrelid::regclass)
      from londiste.table_info t
      join pg_catalog.pg_inherits i on i.inhparent = londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))
      join pg_catalog.pg_class c on c.oid = i.inhrelid and not c.relispartition
     where t.queue_name = $1 and t.local
       and not exists (select from londiste.table_info o where o.queue_name = $1 and o.local
                          and londiste_rs.find_relation(coalesce(o.dest_table, o.table_name)) = i.inhrelid)
    union all
    select table_name, 8, remark from londiste_rs.skipped_remarks($1)
    union all
    select dest_table, 8, format('copied under one snapshot: %s', why_whole)
      from londiste_rs.copy_run where queue_name = $1 and why_whole is not null
) r order by name, place, remark";

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    let mut tables = table::list(&*local.session, queue).await?;
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let (here, elsewhere): (Vec<_>, Vec<_>) = tables.into_iter().partition(|info| info.local);
    if arguments.names_only {
        here.iter().for_each(|info| job.terminal.print(&info.name));
        return Ok(Outcome::Done);
    }
    let row = |info: &table::TableInfo| {
        let mut attrs: Vec<String> = info.attrs.iter().cloned().collect();
        attrs.extend(info.dest_table.iter().map(|dest| format!("dest_table={dest}")));
        vec![info.name.clone(), info.state.to_string(), attrs.join(" ")]
    };
    let rows: Vec<Vec<String>> = here.iter().map(row).collect();
    job.terminal.print(&drawn("Tables on node", &["table_name", "merge_state", "table_attrs"], &rows));
    let remarks = local.session.query(REMARKS, &[&queue]).await.map_err(pg::Error::from)?;
    let copies = copy_progress::running(&local.session, queue).await?;
    let keys = table_keys::remarks(job, &local, &here).await?;
    if !remarks.is_empty() || !copies.is_empty() || !keys.is_empty() {
        job.terminal.print("");
    }
    for (table, copy) in &copies {
        job.terminal.print(&format!("{table}: {}", copy.line()));
    }
    for (table, remark) in keys {
        job.terminal.print(&format!("{table}: {remark}"));
    }
    for remark in remarks {
        let text = remark.get::<_, String>(1).replace('\n', " ");
        job.terminal.print(&format!("{}: {text}", remark.get::<_, String>(0)));
    }
    if !elsewhere.is_empty() {
        job.terminal.say(&format!(
            "\nnot replicated on this node: {} tables of the queue (see missing)",
            elsewhere.len()
        ));
    }
    Ok(Outcome::Done)
}
