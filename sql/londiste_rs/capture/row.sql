-- Capture by row: for partitioned tables, for inheritance, and where a statement's rows may be changed by others that
-- cannot be told from it.

-- Source text of what suffices for a row that nobody else changes, as plain_capture_source has it for statements.
-- Nothing where partitions have different layouts. The layout is asked of each partition by itself: one that was
-- detached may come back with another one.
create or replace function londiste_rs.plain_row_source(t record)
returns text language plpgsql
as $$
declare
    shape text;
    of_new text;
    of_old text;
    writing text[];
begin
    if not t.gates or t.relids is null or t.layouts[1] <> any (t.layouts) then
        return '';
    end if;
    shape := quote_literal(londiste_rs.shape_id(t.table_name, t.layouts[1]));
    of_new := concat_ws(' and ', londiste_rs.row_layout_source(t, 'new'),
        nullif(londiste_rs.tells_truncate_source(t, 'new'), ''));
    of_old := concat_ws(' and ', londiste_rs.row_layout_source(t, 'old'),
        nullif(londiste_rs.tells_truncate_source(t, 'old'), ''));
    for nr in 0 .. t.ntables - 1 loop
        -- a row's type is known only where there is a row
        writing[nr + 1] := format($f$if tg_op = 'DELETE' then
            if %s then
                %s
                return null;
            end if;
        elsif %s and tg_op = 'INSERT' then
            %s
            return null;
        elsif %s then
            %s
            return null;
        end if;$f$,
            of_old, londiste_rs.write_event_source(t, $s$select 'rec.D', concat(old), null::text$s$, shape, nr, false),
            of_new, londiste_rs.write_event_source(t, $s$select 'rec.I', concat(new), null::text$s$, shape, nr, false),
            of_new, londiste_rs.write_event_source(t, londiste_rs.row_update_source(t.rel, t.key, t.large, t.unchanged),
                shape, nr, t.large <> '{}'));
    end loop;
    return case when cardinality(t.key) > 0 then e'    get diagnostics stack = pg_context;\n' else '' end
        || londiste_rs.plain_source(t, 'tg_op <> ''TRUNCATE''',
               case when cardinality(t.key) > 0 then londiste_rs.undisturbed_source(t.rel) else '' end
               || t.suited, writing);
end $$;

-- An updated row, with its old one where the key has changed or there is none; light where there are large columns.
set client_min_messages = warning;
drop function if exists londiste_rs.row_update_source(text, text[]);
reset client_min_messages;
create or replace function londiste_rs.row_update_source(i_rel oid, i_key text[], i_large text[], i_unchanged boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when i_large <> '{}' then londiste_rs.row_light_update_source(i_rel, i_key, i_large, i_unchanged)
        else format($f$select 'rec.U', concat(new), %s%s$f$,
            case when cardinality(i_key) = 0 then 'concat(old)'
                 else format('case when %s::record *<> %s::record then concat(old) end',
                             londiste_rs.key_source(i_key, 'old'), londiste_rs.key_source(i_key, 'new')) end,
            case when i_unchanged then '' else ' where new *<> old' end) end
$$;

create or replace function londiste_rs.row_capture_source(t record)
returns text language plpgsql
as $$
declare
    layout record;
    shapes text := '';
    suspicion text := '';
    current text := '';
begin
    -- a branch for each row layout of the table: a partition may have its columns in another order
    for layout in select distinct u.description from unnest(t.layouts) u (description) order by 1 loop
        shapes := shapes || londiste_rs.filled($f$
    @if@ shape = @layout@ then
        shape := '@shape@';
        known := true;$f$,
            'if', case when shapes = '' then 'if' else 'elsif' end, 'layout', quote_literal(layout.description),
            'shape', londiste_rs.shape_id(t.table_name, layout.description)::text);
    end loop;
    shapes := londiste_rs.filled($f$    if tg_op = 'DELETE' then
        shape := @old_shape@;@note_old@
    else
        shape := @new_shape@;@note_new@
    end if;@known_shapes@$f$,
        'note_old', londiste_rs.note_row_source(t, '{old}'), 'note_new', londiste_rs.note_row_source(t, '{new,old}'),
        'old_shape', londiste_rs.present_shape_source(format('coalesce(%s, tg_relid)',
            londiste_rs.relation_source('old')), t.rel),
        'new_shape', londiste_rs.present_shape_source(format('coalesce(%s, tg_relid)',
            londiste_rs.relation_source('new')), t.rel),
        'known_shapes', shapes || case when shapes = '' then '' else '
    end if;' end);
    -- the present row is read through the table: in its layout
    if cardinality(t.key) > 0 and t.same_order then
        suspicion := londiste_rs.filled($f$
    if known then@suspect@
    end if;$f$, 'suspect', londiste_rs.suspicion_source(t, false));
        current := londiste_rs.filled($f$if current_rows then
        if tg_op = 'INSERT' then
            @inserted@
        elsif tg_op = 'UPDATE' then
            @updated@
        else
            @deleted@
        end if;
        if nested then
            @mark@
        end if;
    els$f$,
            'inserted', londiste_rs.planned_without_source('enable_seqscan', londiste_rs.write_events_source(t,
                londiste_rs.current_rows_source(t, array['(select new.*) "."']))),
            'updated', londiste_rs.planned_without_source('enable_seqscan', londiste_rs.write_events_source(t,
                londiste_rs.current_rows_source(t, array['(select new.*) "."', '(select old.*) "."']))),
            'deleted', londiste_rs.planned_without_source('enable_seqscan', londiste_rs.write_events_source(t,
                londiste_rs.current_rows_source(t, array['(select old.*) "."']))),
            'mark', londiste_rs.mark_source(t.rel));
    end if;
    return londiste_rs.filled($f$
@pin@
@find_shape@@suspect@
    @present_rows_or@if tg_op = 'INSERT' then
        @inserted@
    elsif tg_op = 'DELETE' then
        @deleted@
    elsif known then
        @updated@
    else
        @updated_whole@
    end if;
@unpin@$f$,
        'pin', t.pin, 'find_shape', shapes, 'suspect', suspicion, 'present_rows_or', current,
        'inserted', londiste_rs.write_events_source(t, $f$select 'rec.I', concat(new), null::text$f$),
        'deleted', londiste_rs.write_events_source(t, $f$select 'rec.D', concat(old), null::text$f$),
        'updated', londiste_rs.write_events_source(t, londiste_rs.row_update_source(t.rel, t.key, t.large, t.unchanged),
            'shape', t.large <> '{}'),
        'updated_whole', londiste_rs.write_events_source(t, $f$select 'rec.U', concat(new), concat(old)$f$),
        'unpin', t.unpin);
end $$;
