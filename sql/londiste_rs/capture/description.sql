-- What capture asks of the catalogs about a table and its queue: once, for all texts that its functions are made of.

-- The functions that make texts ask for nothing: they take the description, as the record t. Those of older versions
-- asked by themselves.
do $$
declare
    f regprocedure;
begin
    for f in
        select p.oid from pg_catalog.pg_proc p
         where p.pronamespace = 'londiste_rs'::regnamespace
           and (p.oid = any (array[to_regprocedure('londiste_rs.pin_source(oid)'),
                                   to_regprocedure('londiste_rs.suited_source(oid)'),
                                   to_regprocedure('londiste_rs.capture_form(oid)'),
                                   to_regprocedure('londiste_rs.layout_question(oid, oid)'),
                                   to_regprocedure('londiste_rs.large_columns(text, oid)'),
                                   to_regprocedure('londiste_rs.capture_triggers(text, oid, text)'),
                                   to_regprocedure('londiste_rs.suspicion_source(oid, boolean)')]::oid[])
             or p.proname in ('same_key_source', 'write_event_source', 'write_events_source', 'current_rows_source',
                              'layout_source', 'row_layout_source', 'plain_source', 'nested_source', 'plain_row_source',
                              'row_capture_source', 'update_source', 'plain_capture_source',
                              'statement_capture_source', 'event_table_source', 'write_capture_function',
                              'capture_layouts', 'expected_functions')
            and 'record'::regtype <> all (p.proargtypes::oid[]))
    loop
        execute format('drop function %s', f);
    end loop;
end $$;

-- Describes a table for capture: its queue's event tables, as far as this role may write them (else null), and their
-- default of ev_id; its form, key and shape; the layouts of the relations whose rows its triggers see, and one question
-- and answer for all of them; its large columns; what settings it depends on; how its key's columns are compared.
create or replace function londiste_rs.described_capture(i_queue_name text, i_table_name text, i_rel oid,
    out queue_name text, out table_name text, out rel oid, out queue_id integer, out ntables integer,
    out event_tables text[], out event_ids text[], out gates boolean, out unchanged boolean, out relkind "char",
    out nspname text, out relname text, out form text, out key text[], out shape text, out relids oid[],
    out layouts text[], out same_order boolean, out question text, out answer text, out large text[],
    out pin text, out unpin text, out suited text, out matches text[], out present text)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    q record;
    e record;
    types oid[];
    key_types oid[];
begin
    queue_name := i_queue_name;
    table_name := i_table_name;
    rel := i_rel;
    select * into strict q from pgq.queue x where x.queue_name = i_queue_name;
    queue_id := q.queue_id;
    ntables := q.queue_ntables;
    -- one by one: a plan for several would read the whole catalog
    for nr in 0 .. ntables - 1 loop
        select case when has_table_privilege(c.oid, 'insert') then format('%I.%I', n.nspname, c.relname) end as name,
               case when a.atthasdef then '' else format('nextval(%L::regclass), ', q.queue_event_seq) end as id
          into strict e
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'ev_id'
         where c.oid = (q.queue_data_pfx || '_' || nr)::regclass;
        event_tables[nr + 1] := e.name;
        event_ids[nr + 1] := e.id;
    end loop;
    gates := londiste_rs.has_gates();
    unchanged := londiste_rs.captures_unchanged(i_queue_name);
    select c.relkind, n.nspname, c.relname into relkind, nspname, relname
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_rel;
    key := londiste_rs.key_columns(i_rel);
    form := londiste_rs.capture_form(i_rel, key);
    shape := londiste_rs.row_shape(i_rel, i_rel);
    select array_agg(r.relid order by r.relid),
           array_agg(case when r.relid = i_rel then shape
                          else londiste_rs.row_shape(r.relid, i_rel) end order by r.relid)
      into relids, layouts
      from londiste_rs.row_relations(i_rel) r;
    same_order := shape = all (coalesce(layouts, '{}'));
    if form = 'statement' then
        select k.question, k.answer into question, answer from londiste_rs.known_layout(i_rel, i_rel, shape, key) k;
    elsif layouts[1] = all (layouts) then
        select k.question, k.answer into question, answer
          from londiste_rs.known_layout(relids[1], i_rel, layouts[1], key) k;
    end if;
    large := londiste_rs.large_columns(i_queue_name, i_rel, key, relids, same_order);
    types := array(select d.type_oid from londiste_rs.deep_types(i_rel, null) d);
    key_types := case when cardinality(key) = 0 then types
                      else array(select d.type_oid from londiste_rs.deep_types(i_rel, key) d) end;
    select p.pin, p.unpin into pin, unpin from londiste_rs.pin_source(types, key_types) p;
    suited := londiste_rs.suited_source(types, key_types);
    matches := array(select londiste_rs.key_match(i_rel, k.name) from unnest(key) with ordinality k (name, pos)
                      order by k.pos);
    present := londiste_rs.present_source(i_rel);
end $$;
