//! Remarks on tables of a node: what replication has done to them, what waits, and what fails.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// What replication has done to tables of this database, what waits, and what fails.
const REMARKS: &str = "\
select name, remark from (
    select coalesce(t.dest_table, t.table_name) as name, 1 as place,
           case when k.dropped > 0 then
                format('%s indexes are dropped while it is copied, and come back with it', k.dropped)
                else 'no primary key or unique index over not-null columns, or only a deferrable one: '
                     'a changed row is found by all its columns' end as remark
      from londiste.table_info t
     cross join lateral (select count(*) as dropped from londiste_rs.copy_index i
                          where i.dest_table = coalesce(t.dest_table, t.table_name)) k
     where t.queue_name = $1 and t.local
       and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) is not null
       and londiste_rs.key_columns(londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))) = '{}'
    union all
    select table_name, 2, format('foreign keys deferrable while replicated: %s',
                                 string_agg(fkey_name, ', ' order by fkey_name))
      from londiste_rs.relaxed_fkey group by table_name
    union all
    select table_name, 3, format('triggers switched off while replicated: %s',
                                 string_agg(trigger_name, ', ' order by trigger_name))
      from londiste_rs.relaxed_trigger group by table_name
    union all
    select from_table, 4, format('foreign keys dropped for a copy, still to come back: %s',
                                 string_agg(fkey_name, ', ' order by fkey_name))
      from londiste.pending_fkeys group by from_table
    union all
    select table_name, 5, format('foreign key %s is back and still to be validated', fkey_name)
      from londiste_rs.unvalidated_fkey where error is null
    union all
    select table_name, 6, format('%s rows were not what their changes expected since %s, '
                                 'the last one at the %s of %s by event %s',
                                 conflicts, to_char(since, 'YYYY-MM-DD HH24:MI:SS'), last_op, last_key, last_ev_id)
      from londiste_rs.table_conflict where queue_name = $1
    union all
    select table_name, 7, format('ERR (since %s): %s', to_char(since, 'YYYY-MM-DD HH24:MI:SS'), trouble)
      from londiste_rs.table_troubles($1)
    union all
    select table_name, 7, remark from londiste_rs.partition_remarks($1)
    union all
    select coalesce(t.dest_table, t.table_name), 8,
           format('its inheritance child %s is not replicated: add it', i.inhrelid::regclass)
      from londiste.table_info t
      join pg_catalog.pg_inherits i on i.inhparent = londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))
      join pg_catalog.pg_class c on c.oid = i.inhrelid and not c.relispartition
     where t.queue_name = $1 and t.local
       and not exists (select from londiste.table_info o where o.queue_name = $1 and o.local
                          and londiste_rs.find_relation(coalesce(o.dest_table, o.table_name)) = i.inhrelid)
    union all
    select table_name, 8, remark from londiste_rs.skipped_remarks($1)
    union all
    select table_name, 9, remark from londiste_rs.drift_remarks($1)
    union all
    select dest_table, 8, format('copied under one snapshot: %s', why_whole)
      from londiste_rs.copy_run where queue_name = $1 and why_whole is not null
) r order by name, place, remark";

/// Remarks by table, in the order in which they are shown.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<(String, String)>> {
    Ok(client.query(REMARKS, &[&queue]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}
