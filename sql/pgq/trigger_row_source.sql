-- Source text of row functions: static SQL for the rows of one table, with the arguments of one trigger.

-- Expression for a field's text, as its type writes it; NULL where it is NULL. Collation C: not every other one
-- can be searched with patterns.
create or replace function pgq._field_text_source(i_field text, i_type oid)
returns text
language plpgsql immutable
as $$
begin
    return case
        when i_type in (25, 1043) then i_field || '::text collate pg_catalog."C"'
        when i_type in (20, 21, 23, 1082, 1114, 1184, 114, 3802, 1700, 2950) then i_field || '::text'
        when i_type = 16 then pg_catalog.format('case when %1$s then ''t'' when not %1$s then ''f'' end', i_field)
        else pg_catalog.format('case when pg_catalog.num_nulls(%1$s) = 0 '
                               'then pg_catalog.format(''%%s'', %1$s) collate pg_catalog."C" end', i_field)
    end;
end $$;

-- Condition for a field having changed.
create or replace function pgq._field_changed_source(i_field text, i_old_field text, i_type oid)
returns text
language plpgsql stable
as $$
declare
    equality constant text := pgq._equality(i_type);
begin
    return case
        when i_type in (16, 20, 21, 23, 25, 1043, 1082, 1114, 1184, 1700, 2950) then
            pg_catalog.format('((%1$s operator(pg_catalog.=) %2$s) is not true and (%1$s is not null '
                              'or %2$s is not null))', i_field, i_old_field)
        when equality is not null then
            pg_catalog.format('(pg_catalog.num_nulls(%1$s, %2$s) = 1 or not coalesce(%1$s%4$s %3$s %2$s%4$s, true))',
                i_field, i_old_field, equality,
                pgq._base_type(i_type))
        else pg_catalog.format(
            '(pg_catalog.num_nulls(%1$s, %2$s) = 1 or not coalesce((%3$s) collate pg_catalog."C" operator(pg_catalog.=)'
                ' (%4$s) collate pg_catalog."C", true))', i_field, i_old_field,
            pgq._field_text_source(i_field, i_type), pgq._field_text_source(i_old_field, i_type))
    end;
end $$;

-- Expression for a row's fields, urlencoded or as a JSON object. i_row is the name of the record.
create or replace function pgq._row_data_source(i_format text, i_row text, i_names text[], i_types oid[], i_skip text[])
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    parts text := '';
    separator text := '';
    field text;
    plain text;
begin
    for i in 1 .. cardinality(i_names) loop
        continue when i_names[i] = any (i_skip);
        field := format('%s.%I', i_row, i_names[i]);
        plain := pgq._field_text_source(field, i_types[i]);
        if i_format = 'J' then
            parts := format('%s, %L, coalesce(%s, ''null'')', parts, separator || to_json(i_names[i]) || ':', case
                when i_types[i] in (20, 21, 23) then plain
                when i_types[i] in (16, 1082, 1114, 1184) then format('pg_catalog.to_json(%s)::text', field)
                else format('pg_catalog.to_json(%s)::text', plain) end);
            separator := ',';
        else
            parts := format('%s, %L, ''='' || %s', parts, separator || pgq._urlencode(i_names[i]), case
                when i_types[i] in (16, 20, 21, 23, 1700, 2950) then plain
                when i_types[i] in (1082, 1114, 1184)
                    then format('case when iso_dates then pg_catalog.replace(pg_catalog.replace('
                    'pg_catalog.replace(%1$s, ''+'', ''%%2b''), '' '', ''+''), '':'', ''%%3a'') '
                    'else pgq._urlencode(%1$s) end', plain)
                when i_types[i] in (25, 1043) then
                    format('case when %1$s !~ ''[^A-Za-z0-9._-]'' then %1$s'
                        ' when %1$s !~ ''[^A-Za-z0-9._ -]'' then pg_catalog.replace(%1$s, '' '', ''+'')'
                        ' else pgq._urlencode(%1$s) end', plain)
                else format('pgq._urlencode(%s)', plain) end);
            separator := '&';
        end if;
    end loop;
    return case
        when i_format = 'J' then format('pg_catalog.array_to_string(array[''{''%s, ''}''], '''')', parts)
        when parts = '' then quote_literal('')
        else format('pg_catalog.array_to_string(array[%s], '''')', substr(parts, 3))
    end;
end $outer$;

-- Statements that put the part of an SQL statement that stands for a change into the variable data; they return NULL
-- where a key field is NULL.
create or replace function pgq._row_sql_source(i_names text[], i_types oid[], i_key text[], i_skip text[])
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    columns text;
    inserted text := '';
    key_fields text[] := '{}';
    old_key_fields text[] := '{}';
    changes text := '';
begin
    for i in 1 .. cardinality(i_names) loop
        if i_names[i] = any (i_key) then
            key_fields := key_fields || format('%L || pg_catalog.quote_literal(%s)', quote_ident(i_names[i]) || '=',
                pgq._field_text_source('i_row.' || quote_ident(i_names[i]), i_types[i]));
            old_key_fields := old_key_fields
                || format('%L || pg_catalog.quote_literal(%s)', quote_ident(i_names[i]) || '=',
                pgq._field_text_source('i_old.' || quote_ident(i_names[i]), i_types[i]));
        end if;
        continue when i_names[i] = any (i_skip);
        columns := concat(columns || ',', quote_ident(i_names[i]));
        inserted := format('%s%s, coalesce(pg_catalog.quote_literal(%s), ''null'')', inserted,
            case when inserted <> '' then ', '',''' else '' end,
            pgq._field_text_source('i_row.' || quote_ident(i_names[i]), i_types[i]));
        continue when i_names[i] = any (i_key);
        changes := changes || format($f$
        if %s then
            data := pg_catalog.concat(data, %L, coalesce(pg_catalog.quote_literal(%s), 'NULL'));
        end if;$f$,
            pgq._field_changed_source('i_row.' || quote_ident(i_names[i]), 'i_old.' || quote_ident(i_names[i]),
                i_types[i]),
            ',' || quote_ident(i_names[i]) || '=',
            pgq._field_text_source('i_row.' || quote_ident(i_names[i]), i_types[i]));
    end loop;
    return format($f$
    if i_op = 'INSERT' then
        data := pg_catalog.array_to_string(array[%L%s, ')'], '');
    elsif i_op = 'UPDATE' then
        row_key := %s;
        if row_key is null then
            return null;
        end if;%s
        data := coalesce(pg_catalog.substr(data, 2), %s) || ' where ' || row_key;
    else
        data := %s;
        if data is null then
            return null;
        end if;
    end if;$f$, '(' || coalesce(columns, '') || ') values (', inserted,
        coalesce(nullif(array_to_string(old_key_fields, ' || '' and '' || '), ''), 'null'), changes,
        coalesce(old_key_fields[1], 'null'),
        coalesce(nullif(array_to_string(key_fields, ' || '' and '' || '), ''), 'null'));
end $outer$;

-- Body of a row function. It writes the event, if there is to be one, and returns whether the change itself goes on.
-- NULL: it has not done anything, pgq._any_trigger_event has to. i_layout: what pgq._row_layout says now.
create or replace function pgq._row_function_source(i_format text, i_relation oid, i_args text[], i_layout text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    arg record;
    schema_name text;
    table_name text;
    names text[];
    types oid[];
    key_same text := 'true';
    nothing_changed text := 'true';
    only_ignored text := 'false';
    leave_out text[];
    fields text[] := array[null, null, 'i_schema || ''.'' || i_table', 'null', 'null', 'null'];
    is_set boolean[] := array[false, false, false, false, false, false];
    condition text := '';
    own_values text := '';
    spot integer;
    steps text := '';
begin
    select n.nspname, c.relname into schema_name, table_name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_relation;
    select * into arg from pgq._row_arguments(i_args, pgq._primary_key(i_relation));
    select c.names, c.types into names, types from pgq._row_columns(i_relation) c;
    leave_out := arg.ignored || array(select n from unnest(names) n where starts_with(n, '_pgq_ev_'));

    for i in 1 .. cardinality(names) loop
        spot := array_position(array['type', 'data', 'extra1', 'extra2', 'extra3', 'extra4'],
                    case when starts_with(names[i], '_pgq_ev_') then substr(names[i], 9) end);
        if spot is not null then
            fields[spot] := pgq._field_text_source('i_row.' || quote_ident(names[i]), types[i]);
            is_set[spot] := true;
        elsif starts_with(names[i], '_pgq_ev_') then
            arg.known := false;
        end if;
        if names[i] = any (arg.key) then
            key_same := format('%s and not (%s)', key_same,
                pgq._field_changed_source('i_row.' || quote_ident(names[i]), 'i_old.' || quote_ident(names[i]),
                    types[i]));
        elsif names[i] = any (leave_out) then
            only_ignored := format('%s or %s', only_ignored,
                pgq._field_changed_source('i_row.' || quote_ident(names[i]), 'i_old.' || quote_ident(names[i]),
                    types[i]));
        else
            nothing_changed := format('%s and not (%s)', nothing_changed,
                pgq._field_changed_source('i_row.' || quote_ident(names[i]), 'i_old.' || quote_ident(names[i]),
                    types[i]));
        end if;
    end loop;
    if arg.deny and arg.known then
        steps := '
    return case when pg_catalog.current_setting(''londiste_rs.replay'', true) = ''on'' then true end;';
    elsif not arg.known then
        steps := '
    return null;';
    end if;
    if steps <> '' then
        return pgq._row_function_body(i_format, i_relation, i_args, i_layout, '', steps);
    end if;

    if arg.key_list = '' then
        steps := steps || '
    if i_op <> ''INSERT'' then
        return null;
    end if;';
    end if;
    steps := steps || format('
    if i_op = ''UPDATE'' then
        if (%s) is not true then
            return null;
        end if;', key_same);
    if only_ignored <> 'false' and (arg.ignores or i_format = 'S') then
        steps := steps || format('
        if %s and (%s) then
            return %s;
        end if;', nothing_changed, only_ignored, (not arg.swallow)::text);
    end if;
    steps := steps || '
    end if;';

    -- an expression sees the row's columns and nothing else; the regclass constant makes its plan depend on the table
    if arg.condition is not null then
        steps := steps || format('
    own_values := array[(select case when pg_catalog.pg_typeof(v)::oid = 16 then pg_catalog.format(''%%s'', v) end'
            ' from (select %s from (select ($1).* where %L::pg_catalog.regclass is not null) r) q (v))];
    if own_values[1] = ''f'' then
        return %s;
    elsif own_values[1] is distinct from ''t'' then
        return null;
    end if;', arg.condition, i_relation, (not arg.swallow)::text);
    end if;
    if arg.expressions is not null then
        for i in 1 .. 6 loop
            if arg.expressions[i] is not null then
                own_values := own_values || ', ' || case
                    when btrim(arg.expressions[i]) = '' then 'null'
                    else format('(select case when not (v is null) then pg_catalog.format(''%%s'', v) end'
                        ' from (select %s from (select ($1).* where %L::pg_catalog.regclass is not null) r) q (v))',
                        arg.expressions[i], i_relation) end;
                is_set[i] := true;
                fields[i] := format('own_values[%s]',
                    (select count(*) from unnest(arg.expressions[1:i]) e where e is not null));
            end if;
        end loop;
        steps := steps || format('
    own_values := array[%s]::text[];', substr(own_values, 3));
    end if;

    if not is_set[1] then
        fields[1] := case i_format
            when 'U' then 'pg_catalog.left(i_op, 1) || ' || quote_literal(':' || arg.key_list)
            when 'S' then 'pg_catalog.left(i_op, 1)'
            else format('pg_catalog.concat(''{"op":"'', i_op, ''","table":'', case '
                        'when i_schema = %L and i_table = %L then %L'
                    ' else pg_catalog.to_json(array[i_schema, i_table])::text end, %L)', schema_name, table_name,
                    to_json(array[schema_name, table_name]), ',"pkey":' || to_json(arg.key) || '}')
        end;
    end if;
    if is_set[2] then
        steps := steps || format('
    data := %s;', fields[2]);
    elsif i_format = 'S' then
        steps := steps || pgq._row_sql_source(names, types, arg.key, leave_out);
    else
        steps := steps || format('
    data := %s;', pgq._row_data_source(i_format, 'i_row', names, types, leave_out));
    end if;
    if arg.backup and not is_set[4] then
        steps := steps || format('
    if i_op = ''UPDATE'' then
        old_data := %s;
    end if;', pgq._row_data_source(i_format, 'i_old', names, types, leave_out));
        fields[4] := 'old_data';
    end if;
    steps := format('
    if pg_catalog.current_setting(''session_replication_role'') = ''local'' then
        return true;
    end if;%s
    event_id := pgq.insert_event(%L, %s, data, %s, %s, %s, %s);
    return %s;', steps, i_args[0], fields[1], fields[3], fields[4], fields[5], fields[6], (not arg.swallow)::text);
    return pgq._row_function_body(i_format, i_relation, i_args, i_layout, concat('
    data text;
    old_data text;
    row_key text;
    own_values text[];
    event_id bigint;', case when strpos(steps, 'iso_dates') > 0 then '
    iso_dates constant boolean := pg_catalog.starts_with(pg_catalog.current_setting(''datestyle''), ''ISO'');' end),
        steps);
end $outer$;

-- Statements of a row function behind the test that its table still is what they were written for. Where it is not, the
-- function is written anew for the rows to come.
create or replace function pgq._row_function_body(i_format text, i_relation oid, i_args text[], i_layout text,
    i_variables text, i_steps text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $outer$
begin
    return format($f$
#variable_conflict use_column
declare%5$s
begin
    if (%1$L::pg_catalog.regclass::text is null) <> (pgq._row_layout(%1$L::oid) is distinct from %2$L) then
        if pgq._row_layout(%1$L::oid) is not null then
            perform pgq._write_row_function(%3$L, %1$L, %4$L);
        end if;
        return null;
    end if;%6$s
end $f$, i_relation, i_layout, i_format, i_args, i_variables, i_steps);
end $outer$;
