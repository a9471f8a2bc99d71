-- Whether every update of a table gives an event with its key and its whole row but for large values that stayed as they were, updates that change
-- nothing included: what a copy in chunks of different snapshots builds on. Asked on the root, about a table as the queue names it.
create or replace function londiste_rs.capture_is_whole(i_queue_name text, i_table_name text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from londiste_rs.capture c
         where c.queue_name = i_queue_name and c.table_name = i_table_name
           and c.relid = londiste_rs.find_relation(i_table_name)
           and cardinality(londiste_rs.key_columns(c.relid)) > 0
           and londiste_rs.captures_unchanged(i_queue_name)
           and (c.layouts::json ->> 'unchanged') = 'true'
           and not exists (
               select from londiste_rs.capture_triggers(i_queue_name, c.relid, c.function_name) w
                where w.events <> 'truncate'
                  and not exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                                   where t.tgrelid = w.relid and t.tgname = w.trigger_name::name and t.tgtype = w.type
                                     and t.tgenabled in ('O', 'A') and p.proname = w.function_name)))
$$;
