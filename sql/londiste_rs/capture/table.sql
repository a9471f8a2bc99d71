-- Number of the way in which capture functions are written: another one, and all are written anew.
create or replace function londiste_rs.capture_generation()
returns integer language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select 9 $$;

-- What a table's capture function depends on: when this changes, the function is written anew.
create or replace function londiste_rs.capture_layouts(t record)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select json_build_object(
        'version', londiste_rs.version(),
        'generator', londiste_rs.capture_generation(),
        'form', t.form,
        'gate', t.gates,
        'unchanged', t.unchanged,
        'large', to_json(t.large),
        'pin', md5(t.pin),
        'matches', (select json_agg(format(m.template, '', '') order by m.pos)
                      from unnest(t.matches) with ordinality m (template, pos)),
        'tables', t.ntables,
        'direct', t.event_tables[1] is not null,
        'layouts', (select json_agg(json_build_array(r.relid, r.layout) order by r.relid)
                      from unnest(t.relids, t.layouts) r (relid, layout)))::text);
end $$;

-- The capture triggers of a table, as they should be. type: as pg_trigger.tgtype; clause: what stands between the
-- table's name and the function. i_form: the table's form (londiste_rs.capture_form), where it is known.
create or replace function londiste_rs.capture_triggers(i_queue_name text, i_rel oid, i_function_name text,
    i_form text default null,
    out relid oid, out trigger_name text, out type integer, out events text, out clause text, out function_name text,
    out argument text)
returns setof record language plpgsql stable rows 4
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select i_rel, londiste_rs.trigger_name(i_queue_name), 29, 'insert or update or delete',
           'for each row', i_function_name, null
     where coalesce(i_form, londiste_rs.capture_form(i_rel)) = 'row'
    union all
    select i_rel, londiste_rs.trigger_name(i_queue_name)
           || case when e.event = 'update' then '' else '_' || e.event end,
           e.type, e.event, e.rows || ' for each statement', i_function_name || '_' || e.event, null
      from (values ('insert', 4, 'referencing new table as new_rows'),
                   ('update', 16, 'referencing old table as old_rows new table as new_rows'),
                   ('delete', 8, 'referencing old table as old_rows')) e (event, type, rows)
     where coalesce(i_form, londiste_rs.capture_form(i_rel)) = 'statement'
    union all
    -- on every level of a partitioned table: who empties it all makes one event, and needs no trigger on a partition
    -- that is new
    select r.relid, londiste_rs.trigger_name(i_queue_name) || '_truncate', 32, 'truncate',
           'for each statement', i_function_name,
           case when r.relid <> i_rel then 'partition' end
      from (select i_rel
             union all
             select t.relid from londiste_rs.partition_tree(i_rel) t
              where t.relid <> i_rel
                -- looked up: where it is joined, all relations are read for each table
                and (select c.relkind from pg_class c where c.oid = t.relid) in ('r', 'p')) r (relid);
end $$;

-- Creates a trigger unless it is there already. CREATE TRIGGER locks the table against writers: not for nothing.
create or replace function londiste_rs.ensure_trigger(
    i_rel oid, i_trigger_name text, i_type integer, i_events text, i_clause text, i_function_name text, i_argument text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
-- a plan that was made while there were no triggers reads all of them for each of thousands of tables
set enable_seqscan = off
as $$
declare
    present record;
    replaceable boolean := current_setting('server_version_num')::integer >= 140000;
begin
    select p.proname, n.nspname, t.tgtype, t.tgnargs into present
      from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
     where t.tgrelid = i_rel and t.tgname = i_trigger_name::name;
    if present.nspname = 'londiste_rs' and present.proname = i_function_name and present.tgtype = i_type
       and present.tgnargs = (i_argument is not null)::integer then
        return false;
    end if;
    -- DROP TRIGGER waits for readers as well
    if present.proname is not null and not (replaceable and present.tgtype & 1 = i_type & 1) then
        execute format('drop trigger %I on %s', i_trigger_name, i_rel::regclass);
    end if;
    execute format('create %s trigger %I after %s on %s %s execute function londiste_rs.%I(%s)',
                   case when replaceable then 'or replace' else '' end, i_trigger_name, i_events, i_rel::regclass,
                   i_clause, i_function_name, coalesce(quote_literal(i_argument), ''));
    return true;
end $$;

-- Installs capture of a table, or brings it up to date: functions are rewritten without a lock, triggers only where
-- they are missing. Returns whether anything changed. The caller sets lock_timeout and tries again.
create or replace function londiste_rs.capture_table(i_queue_name text, i_table_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
-- as for ensure_trigger
set enable_seqscan = off
set client_min_messages = warning
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    described record;
    now_layouts text;
    fn text;
    changed boolean := false;
    lacks_function boolean;
    lacks_trigger boolean;
    patience constant text := current_setting('lock_timeout');
    t record;
begin
    if rel is null then
        raise exception 'table "%" does not exist', i_table_name;
    elsif exists (select from pg_attribute a
                   where a.attrelid = rel and a.attname in ('.', '..') and not a.attisdropped) then
        raise exception 'table "%" has a column "." or "..", which hides the row that it stands in from capture',
            i_table_name
            using hint = 'Rename the column.';
    end if;
    -- another table under the name: subscribers have to be told, which brings its capture along
    if exists (select from londiste_rs.capture c
                where c.queue_name = i_queue_name and c.table_name = i_table_name and c.relid <> rel) then
        perform londiste_rs.notice_renames(i_queue_name);
        return true;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('londiste_rs.capture ' || i_queue_name || ' ' || i_table_name, 0));
    perform londiste_rs.open_gate(i_queue_name);
    described := londiste_rs.described_capture(i_queue_name, i_table_name, rel);
    now_layouts := londiste_rs.capture_layouts(described);
    select c.function_name into fn from londiste_rs.capture c
     where c.queue_name = i_queue_name and c.table_name = i_table_name;
    if fn is null then
        select format('capture_%s_%s', q.queue_id, rel) into strict fn from pgq.queue q
         where q.queue_name = i_queue_name;
    end if;
    select bool_or(to_regprocedure(format('londiste_rs.%I()', w.function_name)) is null),
           bool_or(w.type <> 32 and not exists (select from pg_trigger p
                                                 where p.tgrelid = w.relid and p.tgname = w.trigger_name::name
                                                   and p.tgtype = w.type))
      into lacks_function, lacks_trigger
      from londiste_rs.capture_triggers(i_queue_name, rel, fn, described.form) w;
    if lacks_function
       or not exists (select from londiste_rs.capture c
                       where c.queue_name = i_queue_name and c.table_name = i_table_name
                         and c.relid = rel and c.layouts = now_layouts)
    then
        -- from one form to another, nobody writes between the functions' change and the triggers'; a trigger for
        -- TRUNCATE that a new partition lacks is no reason to lock the others
        if lacks_trigger then
            execute format('lock table %s in share row exclusive mode', rel::regclass);
        end if;
        perform londiste_rs.write_capture_function(described, fn);
        insert into londiste_rs.capture as c (queue_name, table_name, relid, function_name, layouts)
        values (i_queue_name, i_table_name, rel, fn, now_layouts)
            on conflict (queue_name, table_name) do update
           set relid = excluded.relid, layouts = excluded.layouts;
        changed := true;
    end if;
    perform londiste_rs.judge_new_partitions(i_queue_name, i_table_name);
    for t in select * from londiste_rs.capture_triggers(i_queue_name, rel, fn, described.form) loop
        if londiste_rs.ensure_trigger(t.relid, t.trigger_name, t.type, t.events, t.clause, t.function_name,
            t.argument) then
            changed := true;
            -- who holds a lock waits shorter than the server does before it looks for a deadlock: the application would
            -- be its victim
            perform set_config('lock_timeout', '200ms', true);
        end if;
    end loop;
    perform set_config('lock_timeout', patience, true);
    return changed;
end $$;

-- Brings the capture of a table up to date, where it has one: remove_table may have been faster. Returns whether
-- anything changed.
create or replace function londiste_rs.refresh_capture(i_queue_name text, i_table_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
    perform from londiste_rs.capture c where c.queue_name = i_queue_name and c.table_name = i_table_name for update;
    return found and londiste_rs.capture_table(i_queue_name, i_table_name);
end $$;

-- Removes capture of a table: triggers and function.
create or replace function londiste_rs.release_table(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    c record;
begin
    for c in delete from londiste_rs.capture x
              where x.queue_name = i_queue_name and x.table_name = i_table_name returning *
    loop
        execute format('drop function if exists londiste_rs.%I(), londiste_rs.%I(), londiste_rs.%I(), '
                       'londiste_rs.%I() cascade',
                       c.function_name, c.function_name || '_insert', c.function_name || '_update',
                       c.function_name || '_delete');
    end loop;
end $$;
