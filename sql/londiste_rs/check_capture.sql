-- What capture of a table should be, compared with what is there, and its repair.

-- Triggers that capture of a table needs, but for the clones that PostgreSQL makes on partitions. tgtype as in pg_trigger.
create or replace function londiste_rs.expected_triggers(
    i_queue_name text, i_table_name text,
    out relid oid, out trigger_name name, out tgtype smallint, out function_name text, out argument text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    -- AFTER, for each row: INSERT, DELETE, UPDATE
    select rel.oid, londiste_rs.trigger_name(i_queue_name)::name, (1 + 4 + 8 + 16)::smallint, c.function_name, null
      from londiste_rs.capture c, londiste_rs.find_relation(i_table_name) rel (oid)
     where c.queue_name = i_queue_name and c.table_name = i_table_name
    union all
    -- AFTER, for each statement: TRUNCATE
    select r.relid, (londiste_rs.trigger_name(i_queue_name) || '_truncate')::name, 32::smallint, c.function_name,
           case when r.relid <> rel.oid then 'partition' end
      from londiste_rs.capture c, londiste_rs.find_relation(i_table_name) rel (oid), londiste_rs.row_relations(rel.oid) r
     where c.queue_name = i_queue_name and c.table_name = i_table_name
$$;

-- The same with what is there: present is the trigger of that name, problem what is wrong with it.
create or replace function londiste_rs.compared_triggers(
    i_queue_name text, i_table_name text,
    out relid oid, out trigger_name name, out present oid, out problem text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select e.relid, e.trigger_name, t.oid,
           case when t.oid is null then 'is missing'
                when n.nspname <> 'londiste_rs' or p.proname <> e.function_name
                    then format('calls %I.%I, not londiste_rs.%I', n.nspname, p.proname, e.function_name)
                when t.tgtype <> e.tgtype then 'fires at other times than it should'
                when t.tgqual is not null then 'has a condition'
                when t.tgattr::text <> '' then 'is restricted to some columns'
                when t.tgdeferrable or t.tgconstraint <> 0 then 'is a constraint trigger'
                when string_to_array(encode(t.tgargs, 'escape'), '\000') is distinct from string_to_array(coalesce(e.argument || '\000', ''), '\000')
                    then 'has other arguments than it should'
                when t.tgenabled = 'D' then 'is disabled'
                when t.tgenabled = 'R' then 'fires in replica sessions only' end
      from londiste_rs.expected_triggers(i_queue_name, i_table_name) e
      left join pg_trigger t on t.tgrelid = e.relid and t.tgname = e.trigger_name
      left join pg_proc p on p.oid = t.tgfoid
      left join pg_namespace n on n.oid = p.pronamespace
    union all
    -- clones of row triggers; a statement trigger has none
    select c.oid, e.trigger_name, t.oid,
           case when t.oid is null then 'is missing'
                when t.tgparentid = 0 then 'is a trigger of its own, not the parent''s'
                when t.tgenabled = 'D' then 'is disabled'
                when t.tgenabled = 'R' then 'fires in replica sessions only' end
      from londiste_rs.expected_triggers(i_queue_name, i_table_name) e
     cross join lateral pg_partition_tree(e.relid) part
      join pg_class c on c.oid = part.relid and c.oid <> e.relid and c.relkind in ('r', 'p')
      left join pg_trigger t on t.tgrelid = c.oid and t.tgname = e.trigger_name
     where e.tgtype & 1 = 1
    union all
    -- a partition that was detached keeps what was created on itself
    select t.tgrelid, t.tgname, t.oid, 'is left over: the table is no part of the replicated one'
      from londiste_rs.capture c
      join pg_proc p on p.proname = c.function_name and p.pronamespace = 'londiste_rs'::regnamespace
      join pg_trigger t on t.tgfoid = p.oid and t.tgparentid = 0
     where c.queue_name = i_queue_name and c.table_name = i_table_name
       and not exists (select from londiste_rs.expected_triggers(i_queue_name, i_table_name) e
                        where e.relid = t.tgrelid and e.trigger_name = t.tgname)
$$;

-- The capture function as it would be generated now. It is generated under another name and undone at once: no lock on the table.
create or replace function londiste_rs.expected_function(
    i_queue_name text, i_table_name text, out source text, out settings text[], out definer boolean)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    trial constant text := 'trial_' || pg_backend_pid();
begin
    begin
        perform londiste_rs.write_capture_function(i_queue_name, i_table_name, londiste_rs.find_relation(i_table_name), trial);
        select p.prosrc, p.proconfig, p.prosecdef into source, settings, definer
          from pg_proc p where p.proname = trial and p.pronamespace = 'londiste_rs'::regnamespace;
        raise exception using errcode = 'LR001';
    exception when sqlstate 'LR001' then
        null;
    end;
end $$;

-- What is wrong with the function that a table's triggers call.
create or replace function londiste_rs.function_problems(i_queue_name text, i_table_name text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c londiste_rs.capture;
    f record;
    expected record;
begin
    select * into c from londiste_rs.capture x where x.queue_name = i_queue_name and x.table_name = i_table_name;
    select p.*, pg_get_userbyid(p.proowner) as owner into f
      from pg_proc p where p.proname = c.function_name and p.pronamespace = 'londiste_rs'::regnamespace and p.pronargs = 0;
    if not found then
        return next format('function londiste_rs.%I is missing', c.function_name);
        return;
    end if;
    expected := londiste_rs.expected_function(i_queue_name, i_table_name);
    if f.prosrc is distinct from expected.source then
        return next format('function londiste_rs.%I is not the one that the table needs now', c.function_name);
    end if;
    if f.proconfig is distinct from expected.settings then
        return next format('function londiste_rs.%I has other settings than it should', c.function_name);
    end if;
    if f.prosecdef <> expected.definer then
        return next format('function londiste_rs.%I is not SECURITY DEFINER', c.function_name);
    end if;
    if not exists (select from pgq.queue q where q.queue_name = i_queue_name
                      and (has_table_privilege(f.proowner, q.queue_data_pfx || '_0', 'insert')
                           or has_function_privilege(f.proowner, 'pgq.insert_event(text, text, text, text, text, text, text)', 'execute')))
    then
        return next format('role %s, who owns function londiste_rs.%I, may not write events', f.owner, c.function_name);
    end if;
end $$;

-- What is wrong with the stock triggers of a table. Their arguments are whatever the one who added the table wanted.
create or replace function londiste_rs.stock_problems(i_queue_name text, i_table_name text)
returns setof text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('trigger %I on %s %s', w.name, w.rel::regclass,
                  case when t.oid is null then 'is missing'
                       when n.nspname <> 'pgq' or p.proname not in ('logutriga', 'sqltriga', 'jsontriga')
                           then format('calls %I.%I, not a function of pgq', n.nspname, p.proname)
                       when split_part(encode(t.tgargs, 'escape'), '\000', 1) <> replace(i_queue_name, '\', '\\') then 'writes into another queue'
                       when t.tgenabled = 'D' then 'is disabled'
                       else 'fires in replica sessions only' end)
      from (select londiste_rs.find_relation(i_table_name) as rel,
                   londiste_rs.trigger_name(i_queue_name) || ending as name
              from unnest(array['', '_truncate']) ending) w
      left join pg_trigger t on t.tgrelid = w.rel and t.tgname in (w.name::name, ('zzz_' || w.name)::name)
      left join pg_proc p on p.oid = t.tgfoid
      left join pg_namespace n on n.oid = p.pronamespace
     where t.oid is null or n.nspname <> 'pgq' or p.proname not in ('logutriga', 'sqltriga', 'jsontriga')
        or split_part(encode(t.tgargs, 'escape'), '\000', 1) <> replace(i_queue_name, '\', '\\') or t.tgenabled in ('D', 'R')
$$;

-- Whether a table of the root is captured by the stock triggers. i_capture (generated, stock) decides where it has neither.
create or replace function londiste_rs.has_stock_capture(i_queue_name text, i_table_name text, i_capture text)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select not exists (select from londiste_rs.capture c where c.queue_name = i_queue_name and c.table_name = i_table_name)
       and (i_capture = 'stock'
            or exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
                        where t.tgrelid = londiste_rs.find_relation(i_table_name) and n.nspname = 'pgq'
                          and t.tgname in (londiste_rs.trigger_name(i_queue_name)::name, ('zzz_' || londiste_rs.trigger_name(i_queue_name))::name)))
$$;

-- What is wrong with the capture of a table of the root; nothing where all is as it should be.
create or replace function londiste_rs.check_capture(i_queue_name text, i_table_name text, i_capture text default 'generated', out problem text)
returns setof text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
begin
    if rel is null then
        problem := 'the table does not exist: remove it from replication, or create it again';
        return next;
        return;
    end if;
    if londiste_rs.has_stock_capture(i_queue_name, i_table_name, i_capture) then
        return query select s from londiste_rs.stock_problems(i_queue_name, i_table_name) s;
    elsif not exists (select from londiste_rs.capture c where c.queue_name = i_queue_name and c.table_name = i_table_name) then
        problem := 'it has no capture';
        return next;
    else
        return query select format('trigger %I on %s %s', t.trigger_name, t.relid::regclass, t.problem)
                       from londiste_rs.compared_triggers(i_queue_name, i_table_name) t
                      where t.problem is not null order by 1;
        return query select f from londiste_rs.function_problems(i_queue_name, i_table_name) f;
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

-- Puts right what check_capture finds, but for tables and children that are not there. The caller sets lock_timeout and tries again.
create or replace function londiste_rs.repair_capture(i_queue_name text, i_table_name text, i_capture text default 'generated')
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    t record;
begin
    if rel is null then
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
    if exists (select from londiste_rs.compared_triggers(i_queue_name, i_table_name) x
                where x.problem is not null and x.relid <> rel and x.trigger_name = londiste_rs.trigger_name(i_queue_name)::name)
    then
        execute format('drop trigger if exists %I on %s', londiste_rs.trigger_name(i_queue_name), rel::regclass);
    end if;
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
    if not exists (select from pg_trigger x where x.tgrelid = rel and x.tgname in (base_name::name, ('zzz_' || base_name)::name)) then
        perform londiste.create_trigger(i_queue_name, i_table_name, '{}', londiste_rs.plain_name(rel), 'root');
    elsif not exists (select from pg_trigger x where x.tgrelid = rel and x.tgname = (base_name || '_truncate')::name) then
        execute format('create trigger %I after truncate on %s for each statement execute function pgq.sqltriga(%L)',
                       base_name || '_truncate', rel, i_queue_name);
    end if;
end $$;
