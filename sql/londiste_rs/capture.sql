-- What a table's capture function depends on: when this changes, the function is written anew.
create or replace function londiste_rs.capture_layouts(i_queue_name text, i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select json_build_object(
        'version', londiste_rs.version(),
        'direct', (select has_table_privilege(q.queue_data_pfx || '_0', 'insert') from pgq.queue q
                    where q.queue_name = i_queue_name),
        'layouts', (select json_agg(json_build_array(r.relid, londiste_rs.row_shape(r.relid, i_rel)) order by r.relid)
                      from londiste_rs.row_relations(i_rel) r))::text
$$;

-- Creates a trigger unless it is there already for the same function. CREATE TRIGGER locks the table against writers: not for nothing.
create or replace function londiste_rs.ensure_trigger(
    i_rel oid, i_trigger_name text, i_events text, i_function_name text, i_argument text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    present text;
begin
    select p.proname into present
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
     where t.tgrelid = i_rel and t.tgname = i_trigger_name::name and n.nspname = 'londiste_rs';
    if present = i_function_name then
        return false;
    end if;
    if exists (select from pg_trigger t where t.tgrelid = i_rel and t.tgname = i_trigger_name::name) then
        execute format('drop trigger %I on %s', i_trigger_name, i_rel::regclass);
    end if;
    execute format('create trigger %I after %s on %s %s execute function londiste_rs.%I(%s)',
                   i_trigger_name, i_events, i_rel::regclass,
                   case when i_events = 'truncate' then 'for each statement' else 'for each row' end,
                   i_function_name, coalesce(quote_literal(i_argument), ''));
    return true;
end $$;

-- Installs capture of a table, or brings it up to date: functions are rewritten without a lock, triggers only where they are missing.
-- Returns whether anything changed. The caller sets lock_timeout and tries again.
create or replace function londiste_rs.capture_table(i_queue_name text, i_table_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    now_layouts text;
    fn text;
    changed boolean := false;
    row_trigger text := londiste_rs.trigger_name(i_queue_name);
    leaf record;
begin
    if rel is null then
        raise exception 'table "%" does not exist', i_table_name;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('londiste_rs.capture ' || i_queue_name || ' ' || i_table_name, 0));
    now_layouts := londiste_rs.capture_layouts(i_queue_name, rel);
    select c.function_name into fn from londiste_rs.capture c
     where c.queue_name = i_queue_name and c.table_name = i_table_name;
    if fn is null then
        select format('capture_%s_%s', q.queue_id, rel) into strict fn from pgq.queue q where q.queue_name = i_queue_name;
    end if;
    if not exists (select from londiste_rs.capture c
                    where c.queue_name = i_queue_name and c.table_name = i_table_name
                      and c.relid = rel and c.layouts = now_layouts)
       or to_regprocedure(format('londiste_rs.%I()', fn)) is null
    then
        perform londiste_rs.write_capture_function(i_queue_name, i_table_name, rel, fn);
        insert into londiste_rs.capture as c (queue_name, table_name, relid, function_name, layouts)
        values (i_queue_name, i_table_name, rel, fn, now_layouts)
            on conflict (queue_name, table_name) do update
           set relid = excluded.relid, layouts = excluded.layouts;
        changed := true;
    end if;
    changed := londiste_rs.ensure_trigger(rel, row_trigger, 'insert or update or delete', fn, null) or changed;
    -- TRUNCATE of a partitioned table fires its own trigger and each leaf's: only the leaves' are right for both cases
    for leaf in select r.relid from londiste_rs.row_relations(rel) r loop
        changed := londiste_rs.ensure_trigger(leaf.relid, row_trigger || '_truncate', 'truncate', fn,
                                              case when leaf.relid <> rel then 'partition' end) or changed;
    end loop;
    return changed;
end $$;

-- Removes capture of a table: triggers and function.
create or replace function londiste_rs.release_table(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
begin
    for c in delete from londiste_rs.capture x
              where x.queue_name = i_queue_name and x.table_name = i_table_name returning *
    loop
        execute format('drop function if exists londiste_rs.%I() cascade', c.function_name);
    end loop;
end $$;

-- Captured tables of a queue whose definition has changed since their functions were written, or whose partitions have.
create or replace function londiste_rs.stale_captures(i_queue_name text, out table_name text)
returns setof text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.table_name
      from londiste_rs.capture c
     where c.queue_name = i_queue_name
       and londiste_rs.find_relation(c.table_name) is not null
       and (c.relid <> londiste_rs.find_relation(c.table_name)
            or c.layouts <> londiste_rs.capture_layouts(i_queue_name, c.relid)
            or exists (select from londiste_rs.row_relations(c.relid) r
                        where not exists (select from pg_trigger t where t.tgrelid = r.relid
                                             and t.tgname = londiste_rs.trigger_name(i_queue_name) || '_truncate')))
$$;
