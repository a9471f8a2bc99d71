-- A parked table has failed for a cause of its own: nobody works on it until resume-table or resync, the other tables
-- go on. Its state, its consumer <job>.copy.<table> and its position are those of a copy in the same state, so that
-- stock tools know what to make of it.

-- Earlier versions of it answer nothing.
do $$
declare
    old regprocedure := to_regprocedure('londiste_rs.park_table(text, text, text, text, bigint, bigint)');
begin
    if exists (select from pg_catalog.pg_proc p where p.oid = old and p.prorettype = 'void'::pg_catalog.regtype) then
        execute format('drop function %s', old);
    end if;
end $$;

-- Parks a table. The caller has set its state and position, in the same transaction. i_code is the SQLSTATE, i_ev_id
-- the event that failed, i_tick_id the tick up to which the table has everything; null where there is none. Returns
-- whether it is parked: one that is ok, or not replicated here, is not. The row of its state is locked, so that the
-- state holds until the caller's transaction ends. Code LR005: the worker does not serve the table at all; only such a
-- one may be parked before its copy has begun. Code LR006: it is another table now; not any more where a resync, which
-- may just have been committed, takes it as it is.
create or replace function londiste_rs.park_table(
    i_queue_name text, i_table_name text, i_error text, i_code text, i_ev_id bigint, i_tick_id bigint)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from londiste.table_info t
      where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local
        and t.merge_state is distinct from 'ok'
        and (t.merge_state is not null or i_code = 'LR005')
        for share;
    if not found
       or i_code = 'LR006' and not exists (select from londiste_rs.other_tables(i_queue_name) o
                                            where o.table_name = i_table_name)
    then
        return false;
    end if;
    insert into londiste_rs.table_error as e (queue_name, table_name, error, parked, code, ev_id, tick_id)
    values (i_queue_name, i_table_name, i_error, true, i_code, i_ev_id, i_tick_id)
        on conflict (queue_name, table_name) do update
       set error = excluded.error, parked = true, code = excluded.code, ev_id = excluded.ev_id,
           tick_id = excluded.tick_id, tried = now(),
           since = case when e.error = excluded.error then e.since else now() end;
    return true;
end $$;

-- Keeps why a copy does not go on, unless the table is in no copy's hands any more: it is ok, waits for a new copy, or
-- has left replication. The row of its state is locked: an error that comes while the hand-over commits waits for that,
-- and is dropped.
create or replace function londiste_rs.keep_copy_error(i_queue_name text, i_table_name text, i_error text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.table_error as e (queue_name, table_name, error)
    select i_queue_name, i_table_name, i_error
      from (select from londiste.table_info t
             where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local
               and t.merge_state is not null and t.merge_state <> 'ok'
               for share) held
        on conflict (queue_name, table_name) do update
       set error = excluded.error, since = case when e.error = excluded.error then e.since else now() end
     where not e.parked
$$;

-- The parked tables of a queue. A mark that something else has overtaken (the stock worker brought the table to ok, it
-- was removed) is none.
create or replace function londiste_rs.parked_tables(i_queue_name text, out table_name text, out error text,
    out code text, out ev_id bigint, out tick_id bigint, out since timestamptz, out tried timestamptz)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select e.table_name, e.error, e.code, e.ev_id, e.tick_id, e.since, e.tried
      from londiste_rs.table_error e
      join londiste.table_info t on t.queue_name = e.queue_name and t.table_name = e.table_name
     where e.queue_name = i_queue_name and e.parked and t.local and t.merge_state is distinct from 'ok'
       and (t.merge_state is not null or e.code = 'LR005')
     order by e.since, e.table_name
$$;

-- Lets a parked table go on from where it stands. Its error stays on record until it is ok, or fails in another way.
-- Returns false when the table is not parked.
create or replace function londiste_rs.resume_table(i_queue_name text, i_table_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    waits boolean := exists (select from londiste_rs.parked_tables(i_queue_name) p where p.table_name = i_table_name);
begin
    update londiste_rs.table_error e set parked = false
     where e.queue_name = i_queue_name and e.table_name = i_table_name and e.parked;
    perform pg_notify('londiste_rs_tables', i_queue_name);
    return waits;
end $$;

-- Counts conflicts that were settled, with the last one's operation, key and event.
create or replace function londiste_rs.count_conflicts(
    i_queue_name text, i_table_name text, i_conflicts bigint, i_op text, i_key text, i_ev_id bigint)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.table_conflict as c (queue_name, table_name, conflicts, last_op, last_key, last_ev_id)
    values (i_queue_name, i_table_name, i_conflicts, i_op, i_key, i_ev_id)
        on conflict (queue_name, table_name) do update
       set conflicts = c.conflicts + excluded.conflicts, last_op = excluded.last_op, last_key = excluded.last_key,
           last_ev_id = excluded.last_ev_id, last_time = now()
$$;

-- What keeps tables of a queue from going on, for people: the parked ones, those whose copy is tried again, and, on a
-- root, those that are not there under their names.
create or replace function londiste_rs.table_troubles(i_queue_name text, out table_name text, out parked boolean,
    out since timestamptz, out trouble text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select e.table_name, p.table_name is not null, e.since,
           case when p.table_name is null then e.error
                when e.code = 'LR005' then format('not served: %s', e.error)
                else format('parked%s, the others go on, and the provider keeps all events since %s: %s; '
                            'when that is mended: resume-table, or resync',
                            ' at event ' || e.ev_id, to_char(e.since, 'YYYY-MM-DD HH24:MI:SS'), e.error) end
      from londiste_rs.table_error e
      left join londiste_rs.parked_tables(i_queue_name) p on p.table_name = e.table_name
     where e.queue_name = i_queue_name
    union all
    select f.table_name, false, f.since, f.trouble from londiste_rs.fkey_troubles() f
     where exists (select from londiste.table_info t
                    where t.queue_name = i_queue_name and t.local
                      and coalesce(t.dest_table, t.table_name) in (f.table_name, f.to_table))
     order by table_name
$$;
