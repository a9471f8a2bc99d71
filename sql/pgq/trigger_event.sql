-- One captured change becomes an event. Shared by the three stock triggers; formats are U, urlencoded, S, SQL, and J,
-- JSON.
--
-- Trigger arguments, after the queue's name:
--   SKIP         swallow the change (BEFORE triggers)
--   backup       the old row of an update goes to ev_extra2
--   deny         raise an error on any change
--   pkey=a,b     fields that identify a row, instead of the primary key
--   ignore=a,b   fields that are left out; a change of nothing else makes no event
--   when=EXPR    only rows for which this is true
--   ev_type=EXPR, ev_data=EXPR, ev_extra1=EXPR .. ev_extra4=EXPR   own values for fields of the event
-- Columns named _pgq_ev_type, _pgq_ev_data, _pgq_ev_extra1 .. 4 do the same as such expressions.
--
-- Values are printed by their types' output functions (concat, format), and compared by operators with their schema:
-- the owner of a type may make casts from it to text or json, also from a table's row type, and operators.

-- Text of an expression over a row, NULL for NULL. Runs with the rights and the search_path of whoever makes the
-- change.
create or replace function pgq._row_expression(i_expression text, i_row record, i_boolean boolean)
returns text
language plpgsql
as $$
declare
    result record;
begin
    if pg_catalog.btrim(i_expression) = '' then
        if i_boolean then
            raise exception 'when= query result must be boolean, got=0' using errcode = 'internal_error';
        end if;
        return null;
    end if;
    execute 'select pg_catalog.pg_typeof(v)::oid, v is null, pg_catalog.format(''%s'', v)'
            ' from (select ' || i_expression || ' from (select ($1).*) r) q (v)'
       into result using i_row;
    if i_boolean then
        if result.pg_typeof <> 'boolean'::regtype then
            raise exception 'when= query result must be boolean, got=%', result.pg_typeof
                using errcode = 'internal_error';
        end if;
        if result."?column?" then
            raise exception 'when= should not be NULL' using errcode = 'internal_error';
        end if;
    end if;
    return case when not result."?column?" then result.format end;
end $$;

-- Writes the event of a changed row, if the trigger's arguments want one. False: the change itself is to be swallowed.
-- i_old is that of an update. It knows nothing of the table beforehand and asks the catalogs for each row: what the row
-- functions leave to it.
create or replace function pgq._any_trigger_event(i_format text, i_op text, i_when text, i_relation oid, i_schema text,
    i_table text, i_args text[], i_row record, i_old record)
returns boolean
language plpgsql
as $$
declare
    queue text := i_args[0];
    table_name text := i_schema || '.' || i_table;
    ev text[] := array[null, null, table_name, null, null, null];
    is_set boolean[] := array[false, false, false, false, false, false];
    swallow boolean := false;
    backup boolean := false;
    key_list text;
    key text[];
    leave_out text[] := '{}';
    condition text;
    expressions text[];
    arg text;
    part text;
    spot integer;
    names text[];
    types oid[];
    has_magic boolean;
    fields text[];
    old_fields text[];
    unchanged text[];
    changed boolean := false;
    changed_ignored boolean := false;
    ignore text[] := '{}';
    ignores boolean := false;
begin
    if pg_catalog.current_setting('session_replication_role') = 'local' then
        return true;
    end if;
    if i_args[0] is null then
        raise exception 'pgq trigger must have destination queue as argument' using errcode = 'internal_error';
    end if;
    for i in 1 .. pg_catalog.array_upper(i_args, 1) loop
        arg := i_args[i];
        part := pg_catalog.substr(arg, pg_catalog.strpos(arg, '=') + 1);
        spot := pg_catalog.array_position(
                    array['ev_type=', 'ev_data=', 'ev_extra1=', 'ev_extra2=', 'ev_extra3=', 'ev_extra4='],
                    pg_catalog.left(arg, pg_catalog.strpos(arg, '=')));
        if spot is not null then
            expressions[spot] := part;
        elsif arg = 'SKIP' then
            if i_when = 'AFTER' then
                raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'internal_error';
            end if;
            swallow := true;
        elsif arg = 'backup' then
            backup := true;
        elsif arg = 'deny' then
            if pg_catalog.current_setting('londiste_rs.replay', true) = 'on' then
                return true;
            end if;
            raise exception 'Table ''%'' to queue ''%'': change not allowed (%)', table_name, queue, i_op
                using errcode = 'internal_error';
        elsif arg like 'pkey=%' then
            key_list := part;
            key := pg_catalog.regexp_split_to_array(part, ',');
        elsif arg like 'ignore=%' then
            ignore := pg_catalog.string_to_array(part, ',');
            ignores := true;
        elsif arg like 'when=%' then
            condition := part;
        else
            raise exception 'bad param to pgq trigger' using errcode = 'internal_error',
                detail = pg_catalog.format('argument "%s" of a trigger on %s', arg, table_name);
        end if;
    end loop;

    if i_op = 'TRUNCATE' then
        if expressions is not null or condition is not null then
            raise exception 'Custom expressions do not make sense for truncater trigger'
                using errcode = 'internal_error';
        end if;
        if ignores then
            raise exception 'Column ignore does not make sense for truncate trigger' using errcode = 'internal_error';
        end if;
        if key_list is not null then
            raise exception 'Custom pkey_list does not make sense for truncate trigger'
                using errcode = 'internal_error';
        end if;
        if backup then
            raise exception 'Backup does not make sense for truncate trigger' using errcode = 'internal_error';
        end if;
        perform pgq.insert_event(queue,
            case when i_format = 'J' then pgq._json_type(i_op, i_schema, i_table, pgq._primary_key(i_relation))
                 else 'R' end,
            case when i_format = 'J' then '{}' else '' end, table_name, null, null, null);
        return not swallow;
    end if;

    if pg_catalog.current_setting('transaction_isolation') = 'read committed' then
        select coalesce(pg_catalog.array_agg(a.attname::text order by a.attnum), '{}'),
               coalesce(pg_catalog.array_agg(a.atttypid order by a.attnum), '{}')
          into names, types
          from pg_catalog.pg_attribute a where a.attrelid = i_relation and a.attnum > 0 and not a.attisdropped;
    else
        select c.names, c.types into names, types from pgq._row_columns(i_relation) c;
    end if;
    has_magic := pg_catalog.array_to_string(names, ',') ~ '(^|,)_pgq_ev_';
    leave_out := ignore;
    if has_magic then
        leave_out := ignore || array(select name from pg_catalog.unnest(names) name
                                      where pg_catalog.starts_with(name, '_pgq_ev_'));
    end if;
    if key_list is null then
        key := pgq._primary_key(i_relation);
        key_list := pg_catalog.array_to_string(key, ',');
    end if;
    fields := pgq._record_fields(pg_catalog.concat(i_row));
    if i_op <> 'INSERT' and key_list = '' then
        raise exception 'Update/Delete on table without pkey' using errcode = 'internal_error';
    end if;

    if i_op = 'UPDATE' then
        old_fields := pgq._record_fields(pg_catalog.concat(i_old));
        unchanged := old_fields;
        for i in 1 .. pg_catalog.cardinality(fields) loop
            if fields[i] is distinct from old_fields[i]
               and not pgq._field_changed(names[i], types[i], i_row, i_old) then
                if names[i] <> all (key) then
                    unchanged[i] := fields[i];
                end if;
            elsif fields[i] is distinct from old_fields[i] then
                if names[i] = any (key) then
                    raise exception 'primary key update not allowed' using errcode = 'internal_error';
                end if;
                if names[i] = any (leave_out) then
                    changed_ignored := true;
                else
                    changed := true;
                end if;
            end if;
        end loop;
        -- Fields of the event are as good as ignored, but whole rows are written without asking where nothing else is.
        if changed_ignored and not changed and (i_format = 'S' or ignores) then
            return not swallow;
        end if;
    end if;
    if condition is not null and not pgq._row_expression(condition, i_row, true)::boolean then
        return not swallow;
    end if;

    if has_magic then
        for i in 1 .. pg_catalog.cardinality(fields) loop
            if pg_catalog.starts_with(names[i], '_pgq_ev_') then
                spot := pg_catalog.array_position(array['type', 'data', 'extra1', 'extra2', 'extra3', 'extra4'],
                            pg_catalog.substr(names[i], 9));
                if spot is null then
                    raise exception 'Unknown magic column: %', names[i] using errcode = 'internal_error';
                end if;
                ev[spot] := fields[i];
                is_set[spot] := true;
            end if;
        end loop;
    end if;
    if expressions is not null then
        for i in 1 .. 6 loop
            if expressions[i] is not null then
                ev[i] := pgq._row_expression(expressions[i], i_row, false);
                is_set[i] := true;
            end if;
        end loop;
    end if;

    if not is_set[1] then
        ev[1] := case i_format
            when 'U' then pg_catalog.left(i_op, 1) || ':' || key_list
            when 'S' then pg_catalog.left(i_op, 1)
            else pgq._json_type(i_op, i_schema, i_table, key)
        end;
    end if;
    if not is_set[2] then
        ev[2] := case i_format
            when 'U' then pgq._urlencode_row(names, fields, leave_out)
            when 'S' then pgq._partial_sql(i_op, names, fields, unchanged, key, leave_out)
            else pgq._json_row(names, types, fields, leave_out, i_row)
        end;
    end if;
    if backup and i_op = 'UPDATE' and not is_set[4] then
        ev[4] := case when i_format = 'J'
            then pgq._json_row(names, types, old_fields, leave_out, i_old)
            else pgq._urlencode_row(names, old_fields, leave_out)
        end;
    end if;
    perform pgq.insert_event(queue, ev[1], ev[2], ev[3], ev[4], ev[5], ev[6]);
    return not swallow;
end $$;

-- Names of the columns of a primary key, in its order; none where there is no key.
create or replace function pgq._primary_key(i_relation oid)
returns text[]
language plpgsql stable
as $$
declare
    index_columns int2[];
    key_columns integer;
    column_name text;
    names text[] := '{}';
begin
    select i.indkey::int2[], i.indnkeyatts into index_columns, key_columns
      from pg_catalog.pg_index i where i.indrelid = i_relation and i.indisprimary;
    for nr in 0 .. coalesce(key_columns, 0) - 1 loop
        select a.attname into column_name
          from pg_catalog.pg_attribute a where a.attrelid = i_relation and a.attnum = index_columns[nr];
        names := names || column_name;
    end loop;
    return names;
end $$;

-- What a JSON event says of itself: operation, table, key.
create or replace function pgq._json_type(i_op text, i_schema text, i_table text, i_key text[])
returns text
language plpgsql stable
as $$
begin
    return pg_catalog.concat('{"op":', pg_catalog.to_json(i_op), ',"table":',
        pg_catalog.to_json(array[i_schema, i_table]),
        ',"pkey":', pg_catalog.to_json(i_key), '}');
end $$;
