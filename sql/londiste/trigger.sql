-- Capture triggers of a table: made when it is added, by flags that the caller gives.

-- Creates the triggers of a table. Codes: 200, 201 none wanted, 403 an AFTER trigger would miss what a SKIP trigger
-- swallows.
--
-- i_trg_args: arguments for the trigger function, and among them
--   tgflags=FLAGS  B before, A after; I, U, D the operations; L logutriga, Q sqltriga, J jsontriga; S swallow changes
--   skip           as flag S; where another trigger swallows changes already, this one need not
--   no_triggers, virtual_table   none at all
--   expect_sync, skip_truncate, merge_all, no_merge, sync   of the table, not of its triggers
-- A leaf's triggers deny changes.
create or replace function londiste.create_trigger(i_queue_name text, i_table_name text, i_trg_args text[],
    i_dest_table text, i_node_type text, out ret_code integer, out ret_note text, out trigger_name text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    target text := londiste._quote_relation(i_dest_table);
    base_name text := londiste._trigger_name(i_queue_name);
    flags text := '';
    swallow boolean := false;
    row_args text[] := array[i_queue_name];
    truncate_args text[] := array[i_queue_name];
    own_names name[];
    others_swallow boolean;
    arg text;
    events text;
begin
    if target is null then
        raise exception 'table to put the triggers on is not named' using errcode = 'null_value_not_allowed';
    end if;
    foreach arg in array coalesce(i_trg_args, '{}') loop
        if arg like 'tgflags=%' then
            flags := upper(substr(arg, 9));
        elsif arg in ('no_triggers', 'virtual_table') then
            ret_code := 201;
            ret_note := 'Trigger not created';
            return;
        elsif arg in ('skip', 'SKIP') then
            swallow := true;
        elsif arg not in ('expect_sync', 'skip_truncate', 'merge_all', 'no_merge', 'sync') then
            row_args := row_args || arg;
        end if;
    end loop;

    if i_dest_table <> i_table_name then
        row_args := row_args || ('ev_extra1=' || quote_literal(i_table_name));
    end if;
    own_names := array[base_name, 'zzz_' || base_name, base_name || '_truncate'];
    others_swallow := exists (
        select from pg_trigger t
         where t.tgrelid = target::regclass and t.tgname <> all (own_names) and londiste._is_skip_trigger(t));
    if (swallow or flags ~ 'S') and not others_swallow then
        row_args := row_args || 'SKIP'::text;
    end if;
    if i_node_type = 'leaf' then
        row_args := row_args || 'deny'::text;
        truncate_args := truncate_args || 'deny'::text;
    end if;
    events := coalesce(nullif(array_to_string(array_remove(array[
        case when flags ~ 'I' then 'insert' end,
        case when flags ~ 'U' then 'update' end,
        case when flags ~ 'D' then 'delete' end], null), ' or '), ''), 'insert or update or delete');

    if flags !~ 'B' and others_swallow then
        ret_code := 403;
        ret_note := 'AFTER trigger cannot work with SKIP trigger(s)';
        return;
    end if;
    for arg in
        select tgname from pg_trigger where tgrelid = target::regclass and tgname = any (own_names)
    loop
        execute format('drop trigger %I on %s', arg, target);
    end loop;

    execute format('create trigger %I %s %s on %s for each row execute function pgq.%s(%s)', base_name,
        case when flags ~ 'B' then 'before' else 'after' end, events, target,
        case when flags ~ 'J' then 'jsontriga' when flags ~ 'Q' then 'sqltriga' else 'logutriga' end,
        (select string_agg(quote_literal(a), ', ' order by nr) from unnest(row_args) with ordinality t (a, nr)));
    execute format('create trigger %I after truncate on %s for each statement execute function pgq.sqltriga(%s)',
        base_name || '_truncate', target,
        (select string_agg(quote_literal(a), ', ' order by nr) from unnest(truncate_args) with ordinality t (a, nr)));

    -- Triggers fire in the order of their names: what swallows a change comes last.
    for arg in
        select tgname from pg_trigger
         where tgrelid = target::regclass and londiste._is_skip_trigger(pg_trigger) and not starts_with(tgname, 'zzz_')
    loop
        execute format('alter trigger %I on %s rename to %I', arg, target, 'zzz_' || arg);
    end loop;
    ret_code := 200;
    ret_note := 'OK';
end $$;

-- Name of a queue's capture trigger. It leaves room for what is put before and after it; a queue's name that is too
-- long for that is replaced by its hash.
create or replace function londiste._trigger_name(i_queue_name text)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return '_londiste_' || case
        when octet_length('zzz__londiste_' || i_queue_name || '_truncate') <= 63 then i_queue_name
        else md5(i_queue_name)
    end;
end $$;

-- Whether a trigger captures and swallows changes: one of its arguments is SKIP.
create or replace function londiste._is_skip_trigger(i_trigger pg_catalog.pg_trigger)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return londiste.is_replica_func(i_trigger.tgfoid)
       and 'SKIP' = any (string_to_array(encode(i_trigger.tgargs, 'escape'), E'\\000'));
end $$;

-- Drops the triggers of a registered table.
create or replace function londiste.drop_table_triggers(i_queue_name text, i_table_name text)
returns void
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass;
    base_name text := londiste._trigger_name(i_queue_name);
    found_name text;
begin
    select londiste._find_relation(coalesce(dest_table, table_name), null) into relation
      from londiste.table_info
     where queue_name = i_queue_name and table_name = londiste.make_fqname(i_table_name) and local;
    for found_name in
        select tgname from pg_trigger
         where tgrelid = relation and not tgisinternal and londiste.is_replica_func(tgfoid)
           and tgname in (base_name, base_name || '_truncate', 'zzz_' || base_name)
    loop
        execute format('drop trigger %I on %s', found_name, relation);
    end loop;
end $$;
