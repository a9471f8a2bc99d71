-- Capture by statement: the rows of one statement in one INSERT, from its transition tables.

-- Source text of a statement that must be planned without one kind of plan, whatever the number of rows at hand when it
-- is planned first.
create or replace function londiste_rs.planned_without_source(i_setting text, i_statement text)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.filled($f$plan_setting := current_setting(@setting@);
        perform set_config(@setting@, 'off', true);
        @statement@
        get diagnostics written = row_count;
        perform set_config(@setting@, plan_setting, true);$f$, 'setting', quote_literal(i_setting),
        'statement', i_statement);
end $$;

-- Source text of the writing of an update's rows.
create or replace function londiste_rs.update_source(t record)
returns text language plpgsql stable
as $$
declare
    whole text := londiste_rs.planned_without_source('enable_nestloop',
        londiste_rs.write_events_source(t, londiste_rs.paired_updates_source('{}', t.unchanged)));
    one text;
    more text;
begin
    if cardinality(t.key) = 0 then
        return whole;
    elsif t.large <> '{}' then
        one := londiste_rs.write_events_source(t,
            londiste_rs.one_light_update_source(t.rel, t.key, t.large, t.unchanged), 'shape', true);
        more := londiste_rs.planned_without_source('enable_nestloop',
            londiste_rs.write_events_source(t,
                londiste_rs.paired_light_updates_source(t.rel, t.key, t.large, t.unchanged), 'shape', true));
    else
        one := londiste_rs.write_events_source(t, londiste_rs.one_update_source(t.key, t.unchanged));
        more := case when t.unchanged then londiste_rs.filled($f$@many@
            get diagnostics written = row_count;
            if written = 0 then
                @whole@
            end if;$f$, 'many', londiste_rs.write_events_source(t, londiste_rs.many_updates_source(t.rel, t.key)),
            'whole', whole)
        else londiste_rs.planned_without_source('enable_nestloop',
            londiste_rs.write_events_source(t, londiste_rs.paired_updates_source(t.key, false))) end;
    end if;
    return londiste_rs.filled($f$if known then
        @one@
        get diagnostics written = row_count;
        if written = 0 and exists (select from new_rows) then
            @more@
        end if;
    else
        @whole@
    end if;$f$, 'one', one, 'more', more, 'whole', whole);
end $$;

-- Source text of what suffices for nearly every statement: a client's own, that nobody interferes with, under settings
-- that suit, on a table that has not changed. An update: of one row, or of several, that keeps the keys. It ends there;
-- whatever is not sure, or not that plain, goes on behind it.
--
-- The conditions stand in one expression of few functions: PL/pgSQL prepares each anew in every transaction, and that
-- is most of what they cost. Inserts and deletes must be of one part: a statement that begins with UPDATE, INSERT or
-- DELETE, and is alone in what the client sent, has no data-modifying WITH: it would come first. An update that keeps
-- its keys may be of several: PostgreSQL lets only one part change a row.
create or replace function londiste_rs.plain_capture_source(t record, i_shape integer, i_event text)
returns text language plpgsql stable
as $$
declare
    shape text := quote_literal(i_shape);
    layout text := londiste_rs.layout_source(t);
    conditions text := t.suited;
    large boolean := i_event = 'update' and t.large <> '{}';
    queries text[];
    source text;
    writing text[];
    nested text[];
begin
    if not t.gates or (i_event = 'update' and cardinality(t.key) = 0) then
        return '';
    end if;
    if cardinality(t.key) > 0 then
        conditions := londiste_rs.undisturbed_source(t.rel) || conditions || case when i_event = 'update' then '' else
            $f$ and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$'$f$ end;
    end if;
    if i_event = 'insert' then
        queries := array[$f$select 'rec.I', concat("."), null::text from new_rows "."$f$];
    elsif i_event = 'delete' then
        queries := array[$f$select 'rec.D', concat("."), null::text from old_rows "."$f$];
    elsif large then
        queries := array[londiste_rs.one_light_update_source(t.rel, t.key, t.large, t.unchanged)];
    elsif t.unchanged then
        queries := array[coalesce(londiste_rs.plain_update_source(t.rel, t.key),
            londiste_rs.one_update_source(t.key, true)),
                         londiste_rs.many_updates_source(t.rel, t.key)];
    else
        queries := array[londiste_rs.one_update_source(t.key, false)];
    end if;
    for nr in 0 .. t.ntables - 1 loop
        source := '';
        for pos in 1 .. cardinality(queries) loop
            source := source || case when pos = 1 then '' else e'\n        ' end
                || londiste_rs.write_event_source(t, queries[pos], shape, nr, pos = 1 and large)
                || case when i_event <> 'update' then '
        return new;' when pos = 1 then '
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;' else '
        if found then
            return new;
        end if;' end;
        end loop;
        writing[nr + 1] := source;
        -- a deleted row may be there again, by another part of the statement: its text is not at hand
        if cardinality(t.key) > 0 and i_event <> 'delete' and not large and t.unchanged then
            source := '';
            for pos in 1 .. cardinality(queries) loop
                source := source || case when pos = 1 then '' else e'\n        ' end || londiste_rs.filled($f$@write@
        if found then
            stack := set_config('londiste_rs.nested_@table_oid@', stack, true);
            return new;
        end if;$f$,
                    'write', londiste_rs.write_event_source(t,
                        regexp_replace(queries[pos], '^select ''rec[.].''', 'select ''rec.P'''), shape, nr, false),
                    'table_oid', t.rel::text);
            end loop;
            nested[nr + 1] := source;
        end if;
    end loop;
    return case when cardinality(t.key) > 0 then e'    get diagnostics stack = pg_context;\n' else '' end
        || londiste_rs.plain_source(t, layout, conditions, writing)
        || coalesce(londiste_rs.nested_source(t, layout, nested), '');
end $$;

-- Source text of what is right for every statement.
create or replace function londiste_rs.statement_capture_source(t record, i_shape integer, i_event text)
returns text language plpgsql stable
as $$
declare
    sources text[];
    plain text;
begin
    if i_event = 'insert' then
        sources := array['new_rows "."'];
        plain := londiste_rs.write_events_source(t, $f$select 'rec.I', concat("."), null::text from new_rows "."$f$);
    elsif i_event = 'delete' then
        sources := array['old_rows "."'];
        plain := londiste_rs.write_events_source(t, $f$select 'rec.D', concat("."), null::text from old_rows "."$f$);
    else
        sources := array['new_rows "."', 'old_rows "."'];
        plain := londiste_rs.update_source(t);
    end if;
    if cardinality(t.key) > 0 then
        plain := londiste_rs.filled($f$if current_rows then
        @write_present_rows@
        if nested and written > 0 then
            @mark@
        end if;
    else
    @write@
    end if;$f$,
            'write_present_rows', londiste_rs.planned_without_source('enable_seqscan',
                londiste_rs.write_events_source(t, londiste_rs.current_rows_source(t, sources))),
            'mark', londiste_rs.mark_source(t.rel), 'write', plain);
    end if;
    return londiste_rs.silence_source() || londiste_rs.filled($f$@find_event_table@
@pin@
    known := ('@table_oid@'::regclass::text is null) <> (@layout@);
    if known then
        shape := '@shape@';@suspect@
    else
        shape := @present_shape@;
    end if;
    @write@
@unpin@$f$,
        'find_event_table', londiste_rs.event_table_source(t,
            format('exists (select from %s)', case i_event when 'delete' then 'old_rows' else 'new_rows' end)),
        'pin', t.pin, 'table_oid', t.rel::text, 'layout', londiste_rs.layout_source(t), 'shape', i_shape::text,
        'suspect', case when cardinality(t.key) > 0 then londiste_rs.suspicion_source(t, true) else '' end,
        'present_shape', londiste_rs.present_shape_source(t.rel::text, t.rel), 'write', plain, 'unpin', t.unpin);
end $$;
