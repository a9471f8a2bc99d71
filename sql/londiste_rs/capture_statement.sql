-- Capture by statement: the rows of one statement in one INSERT, from its transition tables.

-- Source text of a statement that must be planned without one kind of plan, whatever the number of rows at hand when it is planned first.
create or replace function londiste_rs.planned_without_source(i_setting text, i_statement text)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format($f$plan_setting := current_setting(%L);
        perform set_config(%L, 'off', true);
        %s
        get diagnostics written = row_count;
        perform set_config(%L, plan_setting, true);$f$, i_setting, i_setting, i_statement, i_setting)
$$;

-- Source text of the writing of an update's rows.
create or replace function londiste_rs.update_source(i_queue_name text, i_table_name text, i_rel oid, i_unchanged boolean)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    key text[] := londiste_rs.key_columns(i_rel);
    large text[] := londiste_rs.large_columns(i_queue_name, i_rel);
    whole text;
    one text;
    more text;
begin
    whole := londiste_rs.planned_without_source('enable_nestloop',
        londiste_rs.write_events_source(i_queue_name, i_table_name, londiste_rs.paired_updates_source('{}', i_unchanged)));
    if cardinality(key) = 0 then
        return whole;
    elsif large <> '{}' then
        one := londiste_rs.write_events_source(i_queue_name, i_table_name,
            londiste_rs.one_light_update_source(i_rel, key, large, i_unchanged), 'shape', true);
        more := londiste_rs.planned_without_source('enable_nestloop', londiste_rs.write_events_source(i_queue_name, i_table_name,
            londiste_rs.paired_light_updates_source(i_rel, key, large, i_unchanged), 'shape', true));
    else
        one := londiste_rs.write_events_source(i_queue_name, i_table_name, londiste_rs.one_update_source(key, i_unchanged));
        more := case when i_unchanged then format($f$%s
            get diagnostics written = row_count;
            if written = 0 then
                %s
            end if;$f$,
            londiste_rs.write_events_source(i_queue_name, i_table_name, londiste_rs.many_updates_source(i_rel, key)), whole)
        else londiste_rs.planned_without_source('enable_nestloop',
            londiste_rs.write_events_source(i_queue_name, i_table_name, londiste_rs.paired_updates_source(key, false))) end;
    end if;
    return format($f$if known then
        %s
        get diagnostics written = row_count;
        if written = 0 and exists (select from new_rows) then
            %s
        end if;
    else
        %s
    end if;$f$, one, more, whole);
end $$;

-- Source text of what suffices for nearly every statement: a client's own, that nobody interferes with, under settings that suit, on a table
-- that has not changed. An update: of one row, or of several, that keeps the keys. It ends there; whatever is not sure, or not that plain,
-- goes on behind it.
--
-- The conditions stand in one expression of few functions: PL/pgSQL prepares each anew in every transaction, and that is most of what they cost.
-- Inserts and deletes must be of one part: a statement that begins with UPDATE, INSERT or DELETE, and is alone in what the client sent, has no
-- data-modifying WITH: it would come first. An update that keeps its keys may be of several: PostgreSQL lets only one part change a row.
create or replace function londiste_rs.plain_capture_source(i_queue_name text, i_table_name text, i_rel oid, i_event text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    key text[] := londiste_rs.key_columns(i_rel);
    unchanged boolean := londiste_rs.captures_unchanged(i_queue_name);
    description text := londiste_rs.row_shape(i_rel, i_rel);
    shape text := quote_literal(londiste_rs.shape_id(i_table_name, description));
    layout text := londiste_rs.layout_source(i_rel, i_rel, description);
    suited text := londiste_rs.suited_source(i_rel);
    conditions text := suited;
    large text[] := case i_event when 'update' then londiste_rs.large_columns(i_queue_name, i_rel) else '{}' end;
    queries text[];
    writing text[];
    nested text[];
    tables integer;
begin
    select queue_ntables into strict tables from pgq.queue where queue_name = i_queue_name;
    if not londiste_rs.has_gates() or (i_event = 'update' and cardinality(key) = 0) then
        return '';
    end if;
    if cardinality(key) > 0 then
        conditions := londiste_rs.undisturbed_source(i_rel) || conditions || case when i_event = 'update' then '' else
            $f$ and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$'$f$ end;
    end if;
    queries := case i_event
        when 'insert' then array[$f$select 'rec.I', concat("."), null::text from new_rows "."$f$]
        when 'delete' then array[$f$select 'rec.D', concat("."), null::text from old_rows "."$f$]
        else array[case when large <> '{}' then londiste_rs.one_light_update_source(i_rel, key, large, unchanged)
                        else coalesce(case when unchanged then londiste_rs.plain_update_source(i_rel, key) end,
                                      londiste_rs.one_update_source(key, unchanged)) end]
             || case when unchanged and large = '{}' then array[londiste_rs.many_updates_source(i_rel, key)] else '{}' end end;
    for nr in 0 .. tables - 1 loop
        writing[nr + 1] := (
            select string_agg(londiste_rs.write_event_source(i_queue_name, i_table_name, u.query, shape, nr, u.pos = 1 and large <> '{}')
                              || case when i_event <> 'update' then '
        return new;' when u.pos = 1 then '
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;' else '
        if found then
            return new;
        end if;' end, e'\n        ' order by u.pos)
              from unnest(queries) with ordinality u (query, pos));
        -- a deleted row may be there again, by another part of the statement: its text is not at hand
        if cardinality(key) > 0 and i_event <> 'delete' and large = '{}' and unchanged then
            nested[nr + 1] := (
                select string_agg(format($f$%s
        if found then
            stack := set_config('londiste_rs.nested_%s', stack, true);
            return new;
        end if;$f$, londiste_rs.write_event_source(i_queue_name, i_table_name, regexp_replace(u.query, '^select ''rec[.].''', 'select ''rec.P'''), shape, nr, false),
                                  i_rel), e'\n        ' order by u.pos)
                  from unnest(queries) with ordinality u (query, pos));
        end if;
    end loop;
    return case when cardinality(key) > 0 then e'    get diagnostics stack = pg_context;\n' else '' end
        || londiste_rs.plain_source(i_queue_name, i_rel, layout, conditions, writing)
        || coalesce(londiste_rs.nested_source(i_queue_name, i_rel, layout, suited, nested), '');
end $$;

-- Source text of what is right for every statement.
create or replace function londiste_rs.statement_capture_source(i_queue_name text, i_table_name text, i_rel oid, i_event text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    key text[] := londiste_rs.key_columns(i_rel);
    description text := londiste_rs.row_shape(i_rel, i_rel);
    sources text[];
    plain text;
    pinning record;
begin
    sources := case i_event when 'insert' then array['new_rows "."'] when 'delete' then array['old_rows "."']
                            else array['new_rows "."', 'old_rows "."'] end;
    plain := case i_event
        when 'insert' then londiste_rs.write_events_source(i_queue_name, i_table_name,
                               $f$select 'rec.I', concat("."), null::text from new_rows "."$f$)
        when 'delete' then londiste_rs.write_events_source(i_queue_name, i_table_name,
                               $f$select 'rec.D', concat("."), null::text from old_rows "."$f$)
        else londiste_rs.update_source(i_queue_name, i_table_name, i_rel, londiste_rs.captures_unchanged(i_queue_name)) end;
    if cardinality(key) > 0 then
        plain := format($f$if current_rows then
        %s
        if nested and written > 0 then
            %s
        end if;
    else
    %s
    end if;$f$,
            londiste_rs.planned_without_source('enable_seqscan',
                londiste_rs.write_events_source(i_queue_name, i_table_name, londiste_rs.current_rows_source(i_rel, key, sources))),
            londiste_rs.mark_source(i_rel), plain);
    end if;
    select * into pinning from londiste_rs.pin_source(i_rel);
    return londiste_rs.silence_source() || format($f$%s
%s
    known := (%L::regclass::text is null) <> (%s);
    if known then
        shape := %L;%s
    else
        shape := %s;
    end if;
    %s
%s$f$,
        londiste_rs.event_table_source(i_queue_name,
            format('exists (select from %s)', case i_event when 'delete' then 'old_rows' else 'new_rows' end)),
        pinning.pin, i_rel, londiste_rs.layout_source(i_rel, i_rel, description),
        londiste_rs.shape_id(i_table_name, description),
        case when cardinality(key) > 0 then londiste_rs.suspicion_source(i_rel, true) else '' end,
        londiste_rs.present_shape_source(i_rel::text, i_rel), plain, pinning.unpin);
end $$;
