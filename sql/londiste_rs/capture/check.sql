-- What capture of a table should be, compared with what is there, and its repair.

-- The capture triggers of a table as londiste_rs.capture_triggers wants them, and as they are: present is the trigger
-- of that name, problem what is wrong with it.
create or replace function londiste_rs.compared_triggers(
    i_queue_name text, i_table_name text,
    out relid oid, out trigger_name name, out present oid, out problem text)
returns setof record language plpgsql stable rows 4
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
-- as for ensure_trigger
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    fn text;
begin
    select c.function_name into fn from londiste_rs.capture c
     where c.queue_name = i_queue_name and c.table_name = i_table_name;
    if not found then
        return;
    end if;
    return query
    with wanted as (
        select w.relid, w.trigger_name::name, w.type, w.clause, w.function_name, w.argument
          from londiste_rs.capture_triggers(i_queue_name, londiste_rs.find_relation(i_table_name), fn) w)
    select w.relid, w.trigger_name, t.oid,
           case when t.oid is null then 'is missing'
                when n.nspname <> 'londiste_rs' or p.proname <> w.function_name
                    then format('calls %I.%I, not londiste_rs.%I', n.nspname, p.proname, w.function_name)
                when t.tgtype <> w.type
                     or (t.tgnewtable is null) <> (strpos(w.clause, 'new table') = 0)
                     or (t.tgoldtable is null) <> (strpos(w.clause, 'old table') = 0)
                    then 'fires at other times, or for other rows, than it should'
                when t.tgqual is not null then 'has a condition'
                when t.tgattr::text <> '' then 'is restricted to some columns'
                when t.tgdeferrable or t.tgconstraint <> 0 then 'is a constraint trigger'
                when string_to_array(encode(t.tgargs, 'escape'), '\000')
                     is distinct from string_to_array(coalesce(w.argument || '\000', ''), '\000')
                    then 'has other arguments than it should'
                when t.tgenabled = 'D' then 'is disabled'
                when t.tgenabled = 'R' then 'fires in replica sessions only' end
      from wanted w
      left join pg_trigger t on t.tgrelid = w.relid and t.tgname = w.trigger_name
      left join pg_proc p on p.oid = t.tgfoid
      left join pg_namespace n on n.oid = p.pronamespace
    union all
    -- clones of row triggers; a statement trigger has none
    select c.oid, w.trigger_name, t.oid,
           case when t.oid is null then 'is missing'
                when t.tgparentid = 0 then 'is a trigger of its own, not the parent''s'
                when t.tgenabled = 'D' then 'is disabled'
                when t.tgenabled = 'R' then 'fires in replica sessions only' end
      from wanted w
     cross join lateral londiste_rs.partition_tree(w.relid) part
      join pg_class c on c.oid = part.relid and c.oid <> w.relid and c.relkind in ('r', 'p')
      left join pg_trigger t on t.tgrelid = c.oid and t.tgname = w.trigger_name
     where w.type & 1 = 1
    union all
    -- a partition that was detached keeps what was created on itself
    select t.tgrelid, t.tgname, t.oid, 'is left over: the table is no part of the replicated one'
      from unnest(array['', '_insert', '_update', '_delete']) ending
     cross join lateral (
           select x.oid from pg_proc x
            where x.proname = (fn || ending)::name and x.pronamespace = 'londiste_rs'::regnamespace offset 0) p
     cross join lateral londiste_rs.dependent_triggers(p.oid) d
      join pg_trigger t on t.oid = d.oid and t.tgfoid = p.oid and t.tgparentid = 0
     where not exists (select from wanted w where w.relid = t.tgrelid and w.trigger_name = t.tgname);
end $$;

-- What is wrong with the functions that a table's triggers call.
create or replace function londiste_rs.function_problems(i_queue_name text, i_table_name text)
returns setof text language plpgsql rows 1
set search_path = pg_catalog, pg_temp
as $$
declare
    name text;
    expected record;
    f record;
begin
    for expected in
        select e.*, c.function_name
          from londiste_rs.capture c,
               londiste_rs.capture_sources(londiste_rs.described_capture(i_queue_name, i_table_name,
                   londiste_rs.find_relation(i_table_name))) e
         where c.queue_name = i_queue_name and c.table_name = i_table_name
         order by e.ending
    loop
        name := expected.function_name || expected.ending;
        select p.*, pg_get_userbyid(p.proowner) as owner into f
          from pg_proc p where p.proname = name::name and p.pronamespace = 'londiste_rs'::regnamespace
           and p.pronargs = 0;
        if not found then
            return next format('function londiste_rs.%I is missing', name);
            continue;
        end if;
        if f.prosrc is distinct from expected.source then
            return next format('function londiste_rs.%I is not the one that the table needs now', name);
        end if;
        if coalesce(f.proconfig, '{}') <> '{search_path=pg_temp}' then
            return next format('function londiste_rs.%I has other settings than it should', name);
        end if;
        if not f.prosecdef then
            return next format('function londiste_rs.%I is not SECURITY DEFINER', name);
        end if;
        if not exists (select from pgq.queue q where q.queue_name = i_queue_name
                          and (has_table_privilege(f.proowner, q.queue_data_pfx || '_0', 'insert')
                               or has_function_privilege(f.proowner,
                                                         'pgq.insert_event(text, text, text, text, text, text, text)',
                                                         'execute')))
        then
            return next format('role %s, who owns function londiste_rs.%I, may not write events', f.owner, name);
        end if;
    end loop;
end $$;

-- What is wrong with the stock triggers of a table. Their arguments are whatever the one who added the table wanted.
create or replace function londiste_rs.stock_problems(i_queue_name text, i_table_name text)
returns setof text language sql stable rows 1
set search_path = pg_catalog, pg_temp
as $$
    select format('trigger %I on %s %s', w.name, w.rel::regclass,
                  case when t.oid is null then 'is missing'
                       when n.nspname <> 'pgq' or p.proname not in ('logutriga', 'sqltriga', 'jsontriga')
                           then format('calls %I.%I, not a function of pgq', n.nspname, p.proname)
                       when split_part(encode(t.tgargs, 'escape'), '\000', 1) <> replace(i_queue_name, '\', '\\')
                           then 'writes into another queue'
                       when t.tgenabled = 'D' then 'is disabled'
                       else 'fires in replica sessions only' end)
      from (select londiste_rs.find_relation(i_table_name) as rel,
                   londiste_rs.trigger_name(i_queue_name) || ending as name
              from unnest(array['', '_truncate']) ending) w
      left join pg_trigger t on t.tgrelid = w.rel and t.tgname in (w.name::name, ('zzz_' || w.name)::name)
      left join pg_proc p on p.oid = t.tgfoid
      left join pg_namespace n on n.oid = p.pronamespace
     where t.oid is null or n.nspname <> 'pgq' or p.proname not in ('logutriga', 'sqltriga', 'jsontriga')
        or split_part(encode(t.tgargs, 'escape'), '\000', 1) <> replace(i_queue_name, '\', '\\')
        or t.tgenabled in ('D', 'R')
$$;

-- Whether a table of the root is captured by the stock triggers. i_capture (generated, stock) decides where it has
-- neither.
create or replace function londiste_rs.has_stock_capture(i_queue_name text, i_table_name text, i_capture text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select not exists (select from londiste_rs.capture c
                        where c.queue_name = i_queue_name and c.table_name = i_table_name)
       and (i_capture = 'stock'
            or exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                         join pg_namespace n on n.oid = p.pronamespace
                        where t.tgrelid = londiste_rs.find_relation(i_table_name) and n.nspname = 'pgq'
                          and t.tgname in (londiste_rs.trigger_name(i_queue_name)::name,
                                           ('zzz_' || londiste_rs.trigger_name(i_queue_name))::name)))
$$;

-- What is wrong with the capture of a table of the root; nothing where all is as it should be.
create or replace function londiste_rs.check_capture(i_queue_name text, i_table_name text,
    i_capture text default 'generated', out problem text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
-- as for ensure_trigger
set enable_seqscan = off
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    present text;
    wrong boolean := false;
begin
    if rel is null then
        problem := coalesce(
            (select format('the table %s: remove it from replication, or give it its name back', c.notice)
               from londiste_rs.capture c
              where c.queue_name = i_queue_name and c.table_name = i_table_name and c.notice is not null),
            'the table does not exist: remove it from replication, or create it again');
        return next;
        return;
    end if;
    if londiste_rs.has_stock_capture(i_queue_name, i_table_name, i_capture) then
        return query select s from londiste_rs.stock_problems(i_queue_name, i_table_name) s;
    elsif not exists (select from londiste_rs.capture c
                       where c.queue_name = i_queue_name and c.table_name = i_table_name) then
        problem := 'it has no capture';
        return next;
    else
        -- taken before the look: what changes meanwhile is another state
        select s.state into present from londiste_rs.capture_states(i_queue_name, i_table_name) s;
        return query select format('trigger %I on %s %s', t.trigger_name, t.relid::regclass, t.problem)
                       from londiste_rs.compared_triggers(i_queue_name, i_table_name) t
                      where t.problem is not null order by 1;
        wrong := found;
        return query select f from londiste_rs.function_problems(i_queue_name, i_table_name) f;
        wrong := wrong or found;
        update londiste_rs.capture c set sound = case when not wrong then present end
         where c.queue_name = i_queue_name and c.table_name = i_table_name
           and c.sound is distinct from case when not wrong then present end;
    end if;
    return query
        select format('its inheritance child %s is not replicated: add it', i.inhrelid::regclass)
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = rel and not c.relispartition
           and not exists (select from londiste.table_info t
                            where t.queue_name = i_queue_name and t.local
                              and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) = i.inhrelid)
         order by 1;
end $$;

-- Puts right what check_capture finds, but for tables and children that are not there. The caller sets lock_timeout and
-- tries again.
create or replace function londiste_rs.repair_capture(i_queue_name text, i_table_name text,
    i_capture text default 'generated')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    t record;
begin
    -- remove_table may have been faster
    perform from londiste.table_info i
     where i.queue_name = i_queue_name and i.table_name = i_table_name and i.local for share;
    if not found or rel is null then
        return;
    end if;
    if londiste_rs.has_stock_capture(i_queue_name, i_table_name, i_capture) then
        perform londiste_rs.repair_stock_capture(i_queue_name, i_table_name);
        return;
    end if;
    for t in select * from londiste_rs.compared_triggers(i_queue_name, i_table_name) x
              where x.problem is not null and x.present is not null
    loop
        if t.problem in ('is disabled', 'fires in replica sessions only') then
            execute format('alter table %s enable trigger %I', t.relid::regclass, t.trigger_name);
        elsif exists (select from pg_trigger p where p.oid = t.present and p.tgparentid = 0) then
            execute format('drop trigger %I on %s', t.trigger_name, t.relid::regclass);
        end if;
    end loop;
    -- a clone cannot be made alone
    for t in select distinct x.trigger_name from londiste_rs.compared_triggers(i_queue_name, i_table_name) x
              where x.problem is not null and x.relid <> rel
                and exists (select from pg_trigger p where p.tgrelid = rel and p.tgname = x.trigger_name)
    loop
        execute format('drop trigger %I on %s', t.trigger_name, rel::regclass);
    end loop;
    if exists (select from londiste_rs.function_problems(i_queue_name, i_table_name)) then
        update londiste_rs.capture c set layouts = '' where c.queue_name = i_queue_name and c.table_name = i_table_name;
    end if;
    perform londiste_rs.capture_table(i_queue_name, i_table_name);
end $$;

-- Enables stock triggers, and makes with their usual arguments those that are missing.
create or replace function londiste_rs.repair_stock_capture(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel regclass := londiste_rs.find_relation(i_table_name);
    base_name text := londiste_rs.trigger_name(i_queue_name);
    t record;
begin
    for t in select * from pg_trigger x
              where x.tgrelid = rel and x.tgenabled in ('D', 'R')
                and x.tgname in (base_name::name, ('zzz_' || base_name)::name, (base_name || '_truncate')::name)
    loop
        execute format('alter table %s enable trigger %I', rel, t.tgname);
    end loop;
    if not exists (select from pg_trigger x
                    where x.tgrelid = rel and x.tgname in (base_name::name, ('zzz_' || base_name)::name)) then
        perform londiste.create_trigger(i_queue_name, i_table_name, '{}', londiste_rs.plain_name(rel), 'root');
    elsif not exists (select from pg_trigger x
                       where x.tgrelid = rel and x.tgname = (base_name || '_truncate')::name) then
        execute format('create trigger %I after truncate on %s for each statement execute function pgq.sqltriga(%L)',
                       base_name || '_truncate', rel, i_queue_name);
    end if;
end $$;
