-- How a table is captured: by 'statement' or by 'row'.
--
-- i_key: the table's key, where it is known.
--
-- By row where a statement on another table changes this one's rows without firing its statement triggers, or the other
-- way round (partitions, inheritance), and where a row has no key and another trigger may change it between its change
-- and the statement's end.
create or replace function londiste_rs.capture_form(i_rel oid, i_key text[] default null)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select case
        when c.relkind <> 'r' or c.relispartition then 'row'
        when exists (select from pg_inherits i where i_rel in (i.inhrelid, i.inhparent)) then 'row'
        when cardinality(coalesce(i_key, londiste_rs.key_columns(i_rel))) = 0
         and exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                       join pg_namespace n on n.oid = p.pronamespace
                      where t.tgrelid = i_rel and not t.tgisinternal and n.nspname not in ('londiste_rs', 'pgq'))
            then 'row'
        else 'statement' end
      from pg_class c where c.oid = i_rel);
end $$;

-- Source text that finds the event table to write to: its number plus one.
create or replace function londiste_rs.event_table_source(t record, i_anything_written text)
returns text language plpgsql immutable
as $$
declare
    gate text := case when t.gates then format('event_table := pg_sequence_last_value(%L::regclass);',
                                               londiste_rs.gate_name(t.queue_id)) else '' end;
begin
    return londiste_rs.filled($f$    @gate@
    if event_table between 1 and @event_tables@ is not true then
        select case when queue_disable_insert then 0 else queue_cur_table + 1 end into event_table$f$
        || $f$ from pgq.queue where queue_id = @queue_id@;
        if event_table = 0 and current_setting('londiste_rs.replay', true) is distinct from 'on'$f$
        || $f$ and @anything_written@ then
            perform londiste_rs.refuse_change(@queue_name@, tg_relid);
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;$f$,
        'gate', gate, 'event_tables', t.ntables::text, 'queue_id', t.queue_id::text,
        'anything_written', i_anything_written, 'queue_name', quote_literal(t.queue_name));
end $$;

-- Source text that finds out whether rows may have been changed by others than this statement while it ran, so that
-- what its trigger sees of them is not the last word, or not in its place: then current_rows.
--
-- Others are: statements inside of it, of triggers, foreign keys and functions, each of which leaves a mark when it is
-- captured; a statement around it, which the call stack tells; another part of the same statement, which takes the word
-- WITH or MERGE (or EXECUTE, whose text is not at hand). In a statement of the client's without these words, and
-- without a mark, there is none of them.
--
-- The table is read where that cannot fail. Both its name and what it is compared with are quoted as the application's
-- quote_all_identifiers says.
create or replace function londiste_rs.suspicion_source(t record, i_parts boolean)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.filled($f$
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_@table_oid@', true) <> ''@look_at_text@;
        if current_rows then
            current_rows := has_table_privilege(@table_oid@::oid, 'select')$f$
        || $f$ and not row_security_active(@table_oid@::oid)
                and @table_oid@::oid::regclass::text = format('%I.%I', @schema@, @table@)$f$
        || $f$ and has_schema_privilege(@schema@, 'usage');
        end if;$f$,
        'table_oid', t.rel::text, 'schema', quote_literal(t.nspname), 'table', quote_literal(t.relname),
        'look_at_text', case when i_parts then $f$;
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if$f$ else '' end);
end $$;

-- Source text of the conditions, each with AND before it, that neither a statement around this one nor one inside of it
-- may have changed its rows.
create or replace function londiste_rs.undisturbed_source(i_rel oid)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.filled($f$ and stack not like e'%\n%'$f$
        || $f$ and (current_setting('londiste_rs.nested_@table_oid@', true) <> '') is not true$f$,
        'table_oid', i_rel::text);
end $$;

-- Source text of how deep a statement is nested, as text that sorts: the length of the call stack (PG_CONTEXT,
-- innermost first) without the capture function, and without the statement's own text, which the next line begins with
-- if SPI executes it. A statement inside of another one always has more: that one's text as well, or one frame. A SQL
-- function has no text, but a frame: it counts one less, since a statement that C code executes in it has none.
-- Statements of one function have the same depth, but for the digits of its line numbers.
create or replace function londiste_rs.depth_source()
returns text language plpgsql immutable
as $$
begin
    return $f$lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1)$f$
        || $f$ else strpos(stack, e'\n') end)::text, 10, '0')$f$;
end $$;

-- Source text of the mark for statements around this one: the depth of the deepest statement on the table in the
-- transaction. A function of an older generation marks with a word, which counts as deeper than any.
create or replace function londiste_rs.mark_source(i_rel oid)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.filled(
        $f$perform set_config('londiste_rs.nested_@table_oid@', greatest($f$
        || $f$coalesce(current_setting('londiste_rs.nested_@table_oid@', true), '') collate "C", @depth@), true);$f$,
        'table_oid', i_rel::text, 'depth', londiste_rs.depth_source());
end $$;

-- Source text of the end of all capture where the session wants none.
create or replace function londiste_rs.silence_source()
returns text language plpgsql immutable
as $$
begin
    return $f$
    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
$f$;
end $$;

-- The event table (its number plus one) that a queue's gate tells, if the session wants capture.
--
-- Declared immutable so that a call with constant arguments is evaluated when the statement is planned, as
-- londiste_rs.layout_answer is. What these depend on makes PostgreSQL plan anew: DDL on the table and
-- londiste_rs.tell_gate by the regclass constants that stand beside the calls, and session_replication_role, whose
-- every change discards all plans of the session. A transaction that has planned already, and holds its locks, may not
-- notice a gate before its end.
create or replace function londiste_rs.open_event_table(i_gate oid)
returns bigint language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when current_setting('session_replication_role') <> 'local'
                    then pg_sequence_last_value(i_gate::regclass) end
$$;

-- What capture functions of generation 5 call, until they are written anew.
create or replace function londiste_rs.plain_event_table(i_rel oid, i_top oid, i_shape text, i_gate oid)
returns bigint language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when londiste_rs.row_shape(i_rel, i_top) = i_shape
                     and current_setting('session_replication_role') <> 'local'
                then pg_sequence_last_value(i_gate::regclass) end
$$;

-- Source text of the short way: for each of the queue's event tables what is written there if it is the current one,
-- the table has its layout (i_layout, a condition of londiste_rs.layout_source) and the conditions hold. All but the
-- conditions is evaluated when the statement is planned, the layout for the current event table only.
create or replace function londiste_rs.plain_source(t record, i_layout text, i_conditions text, i_writing text[])
returns text language plpgsql immutable
as $$
declare
    gate text := londiste_rs.gate_name(t.queue_id);
    source text := '';
begin
    for nr in 1 .. cardinality(i_writing) loop
        source := source || londiste_rs.filled(
            $f$    @if@ '@table_oid@'::regclass is not null and @gate@::regclass is not null
       and londiste_rs.open_event_table(@gate@::regclass) = @event_table@ and @layout@@conditions@ then
        @write@
$f$,
            'if', case when nr = 1 then 'if' else 'elsif' end, 'table_oid', t.rel::text, 'gate', quote_literal(gate),
            'event_table', nr::text,
            'layout', i_layout, 'conditions', i_conditions, 'write', i_writing[nr]);
    end loop;
    return source || '    end if;';
end $$;

-- Source text of a shorter way for statements of functions and triggers, if no deeper one has been captured in the
-- transaction: then nobody has changed the rows that the trigger sees since the statement did. What a statement around
-- this one has not told yet may be missing before them, so they are told as what the row is now. The variable stack
-- holds the depth there, for the mark. NULL if there is nothing to write.
create or replace function londiste_rs.nested_source(t record, i_layout text, i_writing text[])
returns text language plpgsql immutable
as $$
begin
    if i_writing is null then
        return null;
    end if;
    return londiste_rs.filled($f$
    if stack like e'%\n%' then
        stack := @depth@;
        if coalesce(current_setting('londiste_rs.nested_@table_oid@', true), '') collate "C" <= stack@suited@ then
    @write@
        end if;
    end if;$f$,
        'depth', londiste_rs.depth_source(), 'table_oid', t.rel::text, 'suited', t.suited,
        'write', londiste_rs.plain_source(t, i_layout, '', i_writing));
end $$;

-- Source text of a function of its generated short way and of what is right for everything. What only the long way
-- needs is declared there; RETURN NEW, a variable, is cheaper than an expression.
create or replace function londiste_rs.trigger_function_source(i_plain text, i_body text)
returns text language plpgsql immutable
as $outer$
begin
    return londiste_rs.filled($f$
declare
    stack text;
begin
@short_way@
    declare
        event_table bigint;
        shape text;
        settings text[];
        nested boolean;
        current_rows boolean;
        known boolean;
        plan_setting text;
        written bigint;
    begin
@long_way@
    end;
    return null;
end $f$, 'short_way', i_plain, 'long_way', i_body);
end $outer$;

-- The capture functions that a table should have: ending is what their names have behind the table's. Either '' for its
-- rows and for TRUNCATE, or '' for TRUNCATE only and one for each of insert, update and delete.
create or replace function londiste_rs.capture_sources(t record, out ending text, out source text)
returns setof record language plpgsql rows 4
as $outer$
declare
    truncated text;
    shape integer;
    event text;
begin
    truncated := londiste_rs.silence_source() || londiste_rs.event_table_source(t, 'true') || londiste_rs.filled($f$
    if tg_op = 'TRUNCATE' then
        @write@
        return null;
    end if;$f$, 'write', londiste_rs.write_events_source(t,
        case when t.relkind = 'p'
             then format('select e.kind, e.data, e.bounds from londiste_rs.truncate_event(%s, tg_relid, tg_name) e',
                 t.rel)
             else $f$select 'R', null::text, null::text$f$ end));
    ending := '';
    if t.form = 'row' then
        source := londiste_rs.trigger_function_source(londiste_rs.plain_row_source(t),
            truncated || londiste_rs.row_capture_source(t));
        return next;
        return;
    end if;
    source := londiste_rs.trigger_function_source('', truncated);
    return next;
    shape := londiste_rs.shape_id(t.table_name, t.shape);
    foreach event in array array['insert', 'update', 'delete'] loop
        ending := '_' || event;
        source := londiste_rs.trigger_function_source(londiste_rs.plain_capture_source(t, shape, event),
                                                      londiste_rs.statement_capture_source(t, shape, event));
        return next;
    end loop;
end $outer$;

-- Writes the capture functions of a table. SECURITY DEFINER: the application's roles need no privilege on the queue.
-- The search_path is pg_catalog and then pg_temp: a schema that is not named comes first, and is not looked up anew
-- with each call. The texts differ between tables in quoted names only: to parse each again would be half of what a
-- table costs.
create or replace function londiste_rs.write_capture_function(t record, i_function_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set check_function_bodies = off
as $outer$
declare
    f record;
    event text;
begin
    for f in select s.ending, s.source from londiste_rs.capture_sources(t) s loop
        execute format($f$
create or replace function londiste_rs.%I() returns trigger language plpgsql security definer
set search_path = pg_temp
as %L
$f$, i_function_name || f.ending, f.source);
    end loop;
    if t.form = 'row' then
        foreach event in array array['insert', 'update', 'delete'] loop
            execute format('drop function if exists londiste_rs.%I() cascade', i_function_name || '_' || event);
        end loop;
    end if;
end $outer$;
