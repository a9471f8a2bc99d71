-- What a row function knows of its table, and its name. There is one for each table, format and list of trigger
-- arguments.

-- Columns of a relation and their types, as its row type has them: the catalogs in the snapshot of a REPEATABLE READ
-- transaction may be older than the rows it changes.
create or replace function pgq._row_columns(i_relation oid, out names text[], out types oid[])
returns record
language plpgsql stable
as $$
declare
    relation constant text := i_relation::pg_catalog.regclass;
begin
    execute 'select array(select pg_catalog.json_object_keys(pg_catalog.row_to_json(r)) from (select (null::'
        || relation || ').*) r)'
       into names;
    execute 'select array['
        || (select pg_catalog.string_agg(pg_catalog.format('pg_catalog.pg_typeof(r.%I)', name), ',' order by nr)
              from pg_catalog.unnest(names) with ordinality n (name, nr))
         || ']::oid[] from (select (null::' || relation || ').*) r'
       into types;
end $$;

-- What a row function is written for: columns, their types with their equality, and the key. NULL where this role may
-- not look.
--
-- Declared immutable so that a row function's call of it, with a constant argument, is evaluated when its plan is made;
-- a regclass constant beside the call makes the plan depend on the table, so that DDL plans it anew.
create or replace function pgq._row_layout(i_relation oid)
returns text
language plpgsql immutable
as $$
begin
    return (select pg_catalog.json_build_array(c.names, c.types,
                array(select pgq._equality(t) from pg_catalog.unnest(c.types) t),
                pgq._primary_key(i_relation))
              from pgq._row_columns(i_relation) c);
exception
    when others then
        return null;
end $$;

-- Name of a row function. i_args as tg_argv has them, its first the queue. The number is that of the way they are
-- written.
create or replace function pgq._row_function_name(i_format text, i_relation oid, i_args text[])
returns text
language plpgsql immutable
as $$
begin
    return pg_catalog.concat('_row_', pg_catalog.lower(i_format), '3_', i_relation, '_',
        pg_catalog.left(pg_catalog.md5(i_args::text), 16));
end $$;

-- Arguments of a trigger as the row functions need them; NULL where there is an argument that is an error, for
-- pgq._any_trigger_event to say so when the trigger fires.
create or replace function pgq._row_arguments(i_args text[], i_key text[], out key text[], out key_list text,
    out ignored text[], out ignores boolean, out swallow boolean, out backup boolean, out deny boolean,
    out condition text, out expressions text[], out known boolean)
returns record
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    arg text;
    word text;
    part text;
    spot integer;
begin
    ignored := '{}';
    ignores := false;
    swallow := false;
    backup := false;
    deny := false;
    known := true;
    for i in 1 .. array_upper(i_args, 1) loop
        arg := i_args[i];
        word := left(arg, strpos(arg, '='));
        part := substr(arg, strpos(arg, '=') + 1);
        spot := array_position(
            array['ev_type=', 'ev_data=', 'ev_extra1=', 'ev_extra2=', 'ev_extra3=', 'ev_extra4='], word);
        if spot is not null then
            expressions[spot] := part;
        elsif arg = 'SKIP' then
            swallow := true;
        elsif arg = 'backup' then
            backup := true;
        elsif arg = 'deny' then
            -- raises at once, or lets the change pass: what comes after it does not matter
            deny := true;
            return;
        elsif word = 'pkey=' then
            key_list := part;
            key := regexp_split_to_array(part, ',');
        elsif word = 'ignore=' then
            ignored := string_to_array(part, ',');
            ignores := true;
        elsif word = 'when=' then
            condition := part;
            known := known and btrim(part) <> '';
        else
            known := false;
        end if;
    end loop;
    if key is null then
        key := i_key;
        key_list := array_to_string(key, ',');
    end if;
end $$;
