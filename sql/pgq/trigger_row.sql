-- Row functions: for each table with a plain stock trigger (no arguments but the queue's name) a function with static SQL that writes
-- its rows, made when the trigger first fires and again after the table's definition has changed. Whatever is out of the ordinary they
-- leave to pgq._trigger_event, which can do everything and knows nothing of the table beforehand.

-- Columns of a relation and their types, as its row type has them: the catalogs in the snapshot of a REPEATABLE READ transaction may be
-- older than the rows it changes.
create or replace function pgq._row_columns(i_relation oid, out names text[], out types oid[])
returns record
language plpgsql stable
as $$
declare
    relation constant text := i_relation::pg_catalog.regclass;
begin
    execute 'select array(select pg_catalog.json_object_keys(pg_catalog.row_to_json(r)) from (select (null::' || relation || ').*) r)'
       into names;
    execute 'select array[' || (select pg_catalog.string_agg(pg_catalog.format('pg_catalog.pg_typeof(r.%I)', name), ',' order by nr)
                                  from pg_catalog.unnest(names) with ordinality n (name, nr))
         || ']::oid[] from (select (null::' || relation || ').*) r'
       into types;
end $$;

-- What a row function is written for: columns, their types, and the key. NULL where this role may not look.
--
-- Declared immutable so that a row function's call of it, with a constant argument, is evaluated when its plan is made; a regclass
-- constant beside the call makes the plan depend on the table, so that DDL plans it anew.
create or replace function pgq._row_layout(i_relation oid)
returns text
language plpgsql immutable
as $$
begin
    return (select pg_catalog.json_build_array(c.names, c.types, pgq._primary_key(i_relation)) from pgq._row_columns(i_relation) c);
exception
    when others then
        return null;
end $$;

-- Name of a table's row function for a format. The number is that of the way they are written.
create or replace function pgq._row_function_name(i_format text, i_relation oid)
returns text
language plpgsql immutable
as $$
begin
    return pg_catalog.concat('pgq._row_', pg_catalog.lower(i_format), '1_', i_relation);
end $$;

-- Source text of an expression for a field's text, as its type writes it; NULL where it is NULL.
create or replace function pgq._field_text_source(i_field text, i_type oid)
returns text
language plpgsql immutable
as $$
begin
    return case
        when i_type in (20, 21, 23, 25, 1043, 1082, 1114, 1184, 114, 3802, 1700, 2950) then i_field || '::text'
        when i_type = 16 then pg_catalog.format('case when %1$s then ''t'' when not %1$s then ''f'' end', i_field)
        else pg_catalog.format('case when pg_catalog.num_nulls(%1$s) = 0 then pg_catalog.format(''%%s'', %1$s) end', i_field)
    end;
end $$;

-- Body of a row function. It returns type and data of the event, NULL for what pgq._trigger_event has to do, nothing ('{}') when the
-- table is not any more what it was written for.
create or replace function pgq._row_function_source(i_format text, i_relation oid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    layout constant text := pgq._row_layout(i_relation);
    key constant text[] := pgq._primary_key(i_relation);
    names text[];
    types oid[];
    new_text text[];
    old_text text[];
    ordinary text := 'true';
    key_same text := 'true';
    key_condition text := '';
    data text := '';
    changes text := '';
begin
    if layout is null then
        return 'begin return null; end';
    end if;
    select c.names, c.types into names, types from pgq._row_columns(i_relation) c;
    for i in 1 .. cardinality(names) loop
        new_text[i] := pgq._field_text_source('i_row.' || quote_ident(names[i]), types[i]);
        old_text[i] := pgq._field_text_source('i_old.' || quote_ident(names[i]), types[i]);
    end loop;
    if array_to_string(names, ',') ~ '(^|,)_pgq_ev_' then
        ordinary := 'false';
    elsif key = '{}' then
        ordinary := 'i_op = ''INSERT''';
    end if;

    for i in 1 .. cardinality(names) loop
        if names[i] = any (key) then
            key_same := format('%s and %s = %s', key_same, new_text[i], old_text[i]);
            key_condition := format('%s%s || pg_catalog.quote_literal(%s)', key_condition || case when key_condition <> '' then ' || ' else '' end,
                quote_literal(case when key_condition <> '' then ' and ' else '' end || quote_ident(names[i]) || '='), new_text[i]);
        end if;
        data := data || case i_format
            when 'U' then format(', %L, ''='' || %s', case when i > 1 then '&' else '' end || pgq._urlencode(names[i]), case
                when types[i] in (16, 20, 21, 23, 1700, 2950) then new_text[i]
                else format('pgq._urlencode(%s)', new_text[i]) end)
            when 'J' then format(', %L, coalesce(%s, ''null'')',
                case when i > 1 then ',' else '{' end || to_json(names[i]) || ':', case
                when types[i] in (20, 21, 23) then new_text[i]
                when types[i] in (16, 1082, 1114, 1184) then format('pg_catalog.to_json(i_row.%I)::text', names[i])
                else format('pg_catalog.to_json(%s)::text', new_text[i]) end)
            else format(', %L, coalesce(pg_catalog.quote_literal(%s), ''null'')', case when i > 1 then ',' else '' end, new_text[i])
        end;
        if i_format = 'S' and types[i] in (16, 20, 21, 23) then
            changes := changes || format($f$
        if i_row.%1$I is distinct from i_old.%1$I then
            changes := pg_catalog.concat(changes, %2$L, coalesce(pg_catalog.quote_literal(%3$s), 'NULL'), ',');
        end if;$f$, names[i], quote_ident(names[i]) || '=', new_text[i]);
        elsif i_format = 'S' then
            changes := changes || format($f$
        new_value := %2$s;
        if new_value is distinct from %3$s then
            changes := pg_catalog.concat(changes, %1$L, coalesce(pg_catalog.quote_literal(new_value), 'NULL'), ',');
        end if;$f$, quote_ident(names[i]) || '=', new_text[i], old_text[i]);
        end if;
    end loop;

    return format($f$
declare
    data text;
    changes text := '';
    new_value text;
begin
    if (%1$L::regclass::text is null) <> (pgq._row_layout(%1$L::oid) is distinct from %2$L) then
        return '{}';
    end if;
    if not (%3$s) then
        return null;
    end if;
    if i_op = 'UPDATE' then
        if (%4$s) is not true then
            return null;
        end if;
    end if;
%5$s
end $f$, i_relation, layout, ordinary, key_same, case i_format
        when 'U' then format('    return array[pg_catalog.left(i_op, 1) || %L, pg_catalog.array_to_string(array[%s], '''')];',
            ':' || array_to_string(key, ','), substr(data, 3))
        when 'J' then format('    return array[%L, pg_catalog.array_to_string(array[%s, ''}''], '''')];',
            ',"pkey":' || to_json(key) || '}', substr(data, 3))
        else format($f$    if i_op = 'INSERT' then
        return array['I', pg_catalog.array_to_string(array[%L%s, ')'], '')];
    elsif i_op = 'UPDATE' then%s
        if changes = '' then
            return null;
        end if;
        data := pg_catalog.left(changes, -1) || ' where ';
    end if;
    return array[pg_catalog.left(i_op, 1), coalesce(data, '') || %s];$f$,
            '(' || (select string_agg(quote_ident(n), ',' order by nr) from unnest(names) with ordinality t (n, nr)) || ') values (',
            data, changes, coalesce(nullif(key_condition, ''), 'null'))
    end);
end $outer$;

-- Writes a table's row function, unless somebody else is about to. It runs inside of the application's transaction: it never waits for a
-- lock, never fails, and only where a trigger of that table asks for it.
create or replace function pgq._write_row_function(i_format text, i_relation oid)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
declare
    name text := split_part(pgq._row_function_name(i_format, i_relation), '.', 2);
    source text;
begin
    if not exists (
        select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
         where t.tgrelid = i_relation and p.pronamespace = 'pgq'::regnamespace
           and p.proname = case i_format when 'U' then 'logutriga' when 'S' then 'sqltriga' when 'J' then 'jsontriga' end)
       or not pg_try_advisory_xact_lock(hashtextextended('pgq.' || name, 0)) then
        return;
    end if;
    source := pgq._row_function_source(i_format, i_relation);
    if exists (select from pg_proc where pronamespace = 'pgq'::regnamespace and proname = name and prosrc = source) then
        return;
    end if;
    execute format('create or replace function pgq.%I(i_op text, i_row record, i_old record) returns text[] language plpgsql as %L',
        name, source);
    execute format('grant execute on function pgq.%I(text, record, record) to public', name);
exception
    when others then
        raise debug 'row function of % is not written: %', i_relation, sqlerrm;
end $$;
