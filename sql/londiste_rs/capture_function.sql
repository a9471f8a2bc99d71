-- How a table is captured: by 'statement' or by 'row'.
--
-- By row where a statement on another table changes this one's rows without firing its statement triggers, or the other way round
-- (partitions, inheritance), and where a row has no key and another trigger may change it between its change and the statement's end.
create or replace function londiste_rs.capture_form(i_rel oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select case
        when c.relkind <> 'r' or c.relispartition then 'row'
        when exists (select from pg_inherits i where i_rel in (i.inhrelid, i.inhparent)) then 'row'
        when cardinality(londiste_rs.key_columns(i_rel)) = 0
         and exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
                      where t.tgrelid = i_rel and not t.tgisinternal and n.nspname not in ('londiste_rs', 'pgq')) then 'row'
        else 'statement' end
      from pg_class c where c.oid = i_rel);
end $$;

-- Source text that finds the event table to write to: its number plus one.
create or replace function londiste_rs.event_table_source(i_queue_name text, i_anything_written text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $outer$
declare
    q record;
    gate text := '';
begin
    select queue_id, queue_ntables into strict q from pgq.queue where queue_name = i_queue_name;
    if londiste_rs.has_gates() then
        gate := format('event_table := pg_sequence_last_value(%L::regclass);', londiste_rs.gate_name(q.queue_id));
    end if;
    return format($f$    %s
    if event_table between 1 and %s is not true then
        select case when queue_disable_insert then 0 else queue_cur_table + 1 end into event_table from pgq.queue where queue_id = %s;
        if event_table = 0 and %s then
            raise exception 'queue %% does not take changes: this node is not the root any more', %L;
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;$f$, gate, q.queue_ntables, q.queue_id, i_anything_written, i_queue_name);
end $outer$;

-- Source text that finds out whether rows may have been changed by others than this statement while it ran, so that what its trigger
-- sees of them is not the last word, or not in its place: then current_rows.
--
-- Others are: statements inside of it, of triggers, foreign keys and functions, each of which leaves a mark when it is captured; a
-- statement around it, which the call stack tells; another part of the same statement, which takes the word WITH or MERGE (or EXECUTE, whose
-- text is not at hand). In a statement of the client's without these words, and without a mark, there is none of them.
--
-- The table is read where that cannot fail. Both its name and what it is compared with are quoted as the application's
-- quote_all_identifiers says.
create or replace function londiste_rs.suspicion_source(i_rel oid, i_parts boolean)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format($f$
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_%s', true) <> ''%s;
        if current_rows then
            current_rows := has_table_privilege(%s::oid, 'select') and not row_security_active(%s::oid)
                and %s::oid::regclass::text = format('%%I.%%I', %L, %L) and has_schema_privilege(%L, 'usage');
        end if;$f$, i_rel,
        case when i_parts then $f$;
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if$f$ else '' end, i_rel, i_rel, i_rel, n.nspname, c.relname, n.nspname)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = i_rel
$$;

-- Source text of the conditions, each with AND before it, that neither a statement around this one nor one inside of it may have changed its rows.
create or replace function londiste_rs.undisturbed_source(i_rel oid)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format($f$ and stack not like e'%%\n%%' and (current_setting('londiste_rs.nested_%s', true) <> '') is not true$f$, i_rel)
$$;

-- Source text of how deep a statement is nested, as text that sorts: the length of the call stack (PG_CONTEXT, innermost first) without the capture
-- function, and without the statement's own text, which the next line begins with if SPI executes it. A statement inside of another one always has
-- more: that one's text as well, or one frame. A SQL function has no text, but a frame: it counts one less, since a statement that C code
-- executes in it has none. Statements of one function have the same depth, but for the digits of its line numbers.
create or replace function londiste_rs.depth_source()
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select $f$lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')$f$
$$;

-- Source text of the mark for statements around this one: the depth of the deepest statement on the table in the transaction. A function of an older
-- generation marks with a word, which counts as deeper than any.
create or replace function londiste_rs.mark_source(i_rel oid)
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format('perform set_config(''londiste_rs.nested_%s'', greatest(coalesce(current_setting(''londiste_rs.nested_%s'', true), '''') collate "C", %s), true);',
                  i_rel, i_rel, londiste_rs.depth_source())
$$;

-- Source text of the end of all capture where the session wants none.
create or replace function londiste_rs.silence_source()
returns text language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select $f$
    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
$f$ $$;

-- The event table (its number plus one) that a queue's gate tells, if the session wants capture.
--
-- Declared immutable so that a call with constant arguments is evaluated when the statement is planned, as londiste_rs.layout_answer is. What
-- these depend on makes PostgreSQL plan anew: DDL on the table and londiste_rs.tell_gate by the regclass constants that stand beside the calls, and
-- session_replication_role, whose every change discards all plans of the session. A transaction that has planned already, and holds its
-- locks, may not notice a gate before its end.
create or replace function londiste_rs.open_event_table(i_gate oid)
returns bigint language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when current_setting('session_replication_role') <> 'local' then pg_sequence_last_value(i_gate::regclass) end
$$;

-- What capture functions of generation 5 call, until they are written anew.
create or replace function londiste_rs.plain_event_table(i_rel oid, i_top oid, i_shape text, i_gate oid)
returns bigint language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when londiste_rs.row_shape(i_rel, i_top) = i_shape and current_setting('session_replication_role') <> 'local'
                then pg_sequence_last_value(i_gate::regclass) end
$$;

-- Source text of the short way: for each of the queue's event tables what is written there if it is the current one, the table has its layout
-- (i_layout, a condition of londiste_rs.layout_source) and the conditions hold. All but the conditions is evaluated when the statement is planned, the
-- layout for the current event table only.
set client_min_messages = warning;
drop function if exists londiste_rs.plain_source(text, oid, oid, text, text, text[]);
reset client_min_messages;
create or replace function londiste_rs.plain_source(i_queue_name text, i_rel oid, i_layout text, i_conditions text, i_writing text[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select string_agg(format($f$    %s %s::regclass is not null and %L::regclass is not null
       and londiste_rs.open_event_table(%L::regclass) = %s and %s%s then
        %s
$f$, case when w.nr = 1 then 'if' else 'elsif' end, quote_literal(i_rel), g.gate, g.gate, w.nr, i_layout, i_conditions, w.writing),
                      '' order by w.nr) || '    end if;'
      from pgq.queue q
     cross join lateral (select londiste_rs.gate_name(q.queue_id)) g (gate)
     cross join lateral unnest(i_writing) with ordinality w (writing, nr)
     where q.queue_name = i_queue_name);
end $$;

-- Source text of a shorter way for statements of functions and triggers, if no deeper one has been captured in the transaction: then nobody has changed
-- the rows that the trigger sees since the statement did. What a statement around this one has not told yet may be missing before them,
-- so they are told as what the row is now. The variable stack holds the depth there, for the mark. NULL if there is nothing to write.
create or replace function londiste_rs.nested_source(i_queue_name text, i_rel oid, i_layout text, i_suited text, i_writing text[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select format($f$
    if stack like e'%%\n%%' then
        stack := %s;
        if coalesce(current_setting('londiste_rs.nested_%s', true), '') collate "C" <= stack%s then
    %s
        end if;
    end if;$f$, londiste_rs.depth_source(), i_rel, i_suited, londiste_rs.plain_source(i_queue_name, i_rel, i_layout, '', i_writing))
     where i_writing is not null);
end $$;

-- Writes a function of its generated short way and of what is right for everything. SECURITY DEFINER: the application's roles need no
-- privilege on the queue. What only the long way needs is declared there; RETURN NEW, a variable, is cheaper than an expression. The search_path
-- is pg_catalog and then pg_temp: a schema that is not named comes first, and is not looked up anew with each call.
create or replace function londiste_rs.write_trigger_function(i_function_name text, i_plain text, i_body text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
begin
    execute format($f$
create or replace function londiste_rs.%I() returns trigger language plpgsql security definer
set search_path = pg_temp
as %L
$f$, i_function_name, format($f$
declare
    stack text;
begin
%s
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
%s
    end;
    return null;
end $f$, i_plain, i_body));
end $outer$;

-- Writes the capture functions of a table: <name> for its rows and for TRUNCATE, or <name> for TRUNCATE only and one for each of
-- insert, update and delete. Returns their form.
create or replace function londiste_rs.write_capture_function(
    i_queue_name text, i_table_name text, i_rel oid, i_function_name text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    form text := londiste_rs.capture_form(i_rel);
    truncated text;
    event text;
begin
    truncated := londiste_rs.silence_source() || londiste_rs.event_table_source(i_queue_name, 'true') || format($f$
    if tg_op = 'TRUNCATE' then
        %s
        return null;
    end if;$f$, londiste_rs.write_events_source(i_queue_name, i_table_name,
        case when (select c.relkind from pg_class c where c.oid = i_rel) = 'p'
             then format('select e.kind, e.data, e.bounds from londiste_rs.truncate_event(%s, tg_relid, tg_name) e', i_rel)
             else $f$select 'R', null::text, null::text$f$ end));
    if form = 'row' then
        perform londiste_rs.write_trigger_function(i_function_name, londiste_rs.plain_row_source(i_queue_name, i_table_name, i_rel),
            truncated || londiste_rs.row_capture_source(i_queue_name, i_table_name, i_rel));
        foreach event in array array['insert', 'update', 'delete'] loop
            execute format('drop function if exists londiste_rs.%I() cascade', i_function_name || '_' || event);
        end loop;
        return form;
    end if;
    perform londiste_rs.write_trigger_function(i_function_name, '', truncated);
    foreach event in array array['insert', 'update', 'delete'] loop
        perform londiste_rs.write_trigger_function(i_function_name || '_' || event,
            londiste_rs.plain_capture_source(i_queue_name, i_table_name, i_rel, event),
            londiste_rs.statement_capture_source(i_queue_name, i_table_name, i_rel, event));
    end loop;
    return form;
end $outer$;
