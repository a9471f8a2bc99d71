-- Row functions come and go: written when a trigger first fires, called by way of a generated search tree, removed with
-- their triggers.

-- Arguments of a trigger as tg_argv has them, counted from 0.
create or replace function pgq._trigger_arguments(i_arguments bytea)
returns text[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    rest bytea := i_arguments;
    args text[];
    spot integer;
    nr integer := 0;
begin
    loop
        spot := position(decode('00', 'hex') in rest);
        exit when spot = 0;
        args[nr] := convert_from(substring(rest from 1 for spot - 1), getdatabaseencoding());
        rest := substring(rest from spot + 1);
        nr := nr + 1;
    end loop;
    return args;
end $$;

-- Row functions that the triggers of this database can call, whether they have been written or not. With a relation:
-- those of its own triggers.
create or replace function pgq._wanted_row_functions(i_relation oid, out format text, out relation oid, out args text[],
    out name text)
returns setof record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select distinct f.letter, t.tgrelid, a.a, pgq._row_function_name(f.letter, t.tgrelid, a.a)
      from (values ('logutriga', 'U'), ('sqltriga', 'S'), ('jsontriga', 'J')) f (function_name, letter)
      join pg_proc p on p.proname = f.function_name and p.pronamespace = 'pgq'::regnamespace
      join pg_trigger t on t.tgfoid = p.oid
     cross join lateral pgq._trigger_arguments(t.tgargs) a (a)
     where (i_relation is null or t.tgrelid = i_relation) and not t.tgisinternal and a.a is not null;
end $$;

-- Writes a row function, unless somebody else is about to. It runs inside of the application's transaction: it never
-- waits for a lock, never fails, and only where a trigger of that table asks for it.
create or replace function pgq._write_row_function(i_format text, i_relation oid, i_args text[])
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
set check_function_bodies = on
as $$
declare
    function_name constant text := pgq._row_function_name(i_format, i_relation, i_args);
    layout text;
    source text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('pgq.' || function_name, 0))
       or not exists (select from pgq._wanted_row_functions(i_relation) w
                       where w.name = function_name and w.args = i_args) then
        return;
    end if;
    layout := pgq._row_layout(i_relation);
    if layout is null then
        perform pgq._create_row_function(function_name, 'begin return null; end');
        return;
    end if;
    begin
        source := pgq._row_function_source(i_format, i_relation, i_args, layout);
        perform pgq._create_row_function(function_name, source);
    exception
        when others then
            raise debug 'row function of % is not written: %', i_relation, sqlerrm;
            perform pgq._create_row_function(function_name,
                pgq._row_function_body(i_format, i_relation, i_args, layout, '', '
    return null;'));
    end;
exception
    when others then
        raise debug 'no row function of % is written: %', i_relation, sqlerrm;
end $$;

create or replace function pgq._create_row_function(i_name text, i_source text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pg_proc
                where pronamespace = 'pgq'::regnamespace and proname = i_name and prosrc = i_source) then
        return;
    end if;
    execute format('create or replace function pgq.%I(i_row record, i_old record, i_op text, i_schema text, '
                   'i_table text)'
        ' returns boolean language plpgsql as %L', i_name, i_source);
    execute format('grant execute on function pgq.%I(record, record, text, text, text) to public', i_name);
end $$;

-- Calls a row function that the search tree does not know yet, or has it written. NULL: nothing has been done.
create or replace function pgq._row_event(i_format text, i_relation oid, i_args text[], i_row record, i_old record,
    i_op text, i_schema text, i_table text)
returns boolean
language plpgsql
as $$
declare
    name text;
    goes_on boolean;
begin
    if pg_catalog.current_setting('session_replication_role') = 'local' then
        return true;
    end if;
    if i_args[0] is null then
        raise exception 'pgq trigger must have destination queue as argument' using errcode = 'internal_error';
    end if;
    name := pgq._row_function_name(i_format, i_relation, i_args);
    if pg_catalog.to_regproc('pgq.' || name) is null then
        perform pgq._write_row_function(i_format, i_relation, i_args);
        return null;
    end if;
    execute 'select pgq.' || name || '($1, $2, $3, $4, $5)' into goes_on using i_row, i_old, i_op, i_schema, i_table;
    return goes_on;
end $$;

-- Source text of a search in a sorted list of row functions: a statement for each, found by halves.
create or replace function pgq._row_tree_source(i_relations oid[], i_calls text[])
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    size constant integer := cardinality(i_relations);
    middle constant integer := size / 2;
begin
    if size = 0 then
        return '';
    elsif size = 1 then
        return format('
    if i_relation operator(pg_catalog.=) %L then%s
    end if;', i_relations[1], i_calls[1]);
    end if;
    return format('
    if i_relation operator(pg_catalog.<=) %L then%s
    else%s
    end if;', i_relations[middle], pgq._row_tree_source(i_relations[:middle], i_calls[:middle]),
        pgq._row_tree_source(i_relations[middle + 1:], i_calls[middle + 1:]));
end $$;

-- Row functions that come into the search trees: the first of those there are. A tree is compiled once for each row
-- type that it is called with, so that a large one would cost a session more than it saves.
create or replace function pgq._tree_row_functions(out format text, out relation oid, out args text[], out name text)
returns setof record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select r.format, r.relation, r.args, r.name
      from (select w.*, row_number() over (partition by w.format order by w.relation, w.name) as nr
              from pgq._wanted_row_functions(null) w
              join pg_proc p on p.proname = w.name and p.pronamespace = 'pgq'::regnamespace) r
     where r.nr <= 16;
end $$;

-- Writes the functions pgq._row_event_u, _s and _j, which call row functions: static SQL, so that a session plans each
-- call once. Where somebody else is about to, that is left at.
create or replace function pgq._write_row_trees()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    letter text;
    relations oid[];
    calls text[];
    source text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('pgq._write_row_trees', 0)) then
        return;
    end if;
    foreach letter in array array['U', 'S', 'J'] loop
        select coalesce(array_agg(c.relation order by c.relation), '{}'),
               coalesce(array_agg(c.calls order by c.relation), '{}')
          into relations, calls
          from (
            select w.relation, string_agg(format('
        if i_args operator(pg_catalog.=) %1$L then
            if i_op operator(pg_catalog.=) ''UPDATE'' then
                return pgq.%2$I(i_row, i_old, i_op, i_schema, i_table);
            end if;
            return pgq.%2$I(i_row, null, i_op, i_schema, i_table);
        end if;', w.args, w.name), '' order by w.name) as calls
              from pgq._tree_row_functions() w
             where w.format = letter
             group by w.relation) c;
        source := format('
begin%s
    return pgq._row_event(%L, i_relation, i_args, i_row, i_old, i_op, i_schema, i_table);
end', pgq._row_tree_source(relations, calls), letter);
        continue when exists (select from pg_proc
                               where pronamespace = 'pgq'::regnamespace and proname = '_row_event_' || lower(letter)
                                 and prosrc = source);
        execute format('create or replace function pgq.%I(i_relation oid, i_args text[], i_row record, '
                       'i_old record, i_op text,'
            ' i_schema text, i_table text) returns boolean language plpgsql as %L',
                       '_row_event_' || lower(letter), source);
    end loop;
end $outer$;

-- Row functions that an older version wrote in another way are written anew, so that it is not the application's next
-- statements that do.
do $$
begin
    perform pgq._write_row_function(w.format, w.relation, w.args)
       from pgq._wanted_row_functions(null) w
      where not exists (select from pg_proc p where p.pronamespace = 'pgq'::regnamespace and p.proname = w.name)
        and exists (select from pg_proc p where p.pronamespace = 'pgq'::regnamespace
                       and p.proname ~ format('^_row_%s[0-9]+_%s_', lower(w.format), w.relation));
    perform pgq._write_row_trees();
end $$;

-- Row functions, by name and whether a search tree calls them.
create or replace function pgq._row_functions(out name text, out in_tree boolean)
returns setof record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with called as (
        select distinct m[1] as function_name
          from pg_proc p cross join lateral regexp_matches(p.prosrc, '_row_[usj][0-9]+_[0-9]+_[0-9a-f]+', 'g') m
         where p.pronamespace = 'pgq'::regnamespace and p.proname in ('_row_event_u', '_row_event_s', '_row_event_j'))
    select coalesce(p.proname::text, c.function_name), c.function_name is not null
      from (select proname from pg_proc
             where pronamespace = 'pgq'::regnamespace and proname >= '_row_' and proname < '_row`'
               and proname ~ '^_row_[usj][0-9]+_[0-9]') p
      full join called c on c.function_name = p.proname::text;
end $$;

-- Functions that earlier versions of this schema called and this one does not. They outlive the upgrade by one round of
-- maintenance: a session may be inside of a function that calls them while they are replaced.
create or replace function pgq._retired_functions()
returns setof regprocedure
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select to_regprocedure(signature)
      from unnest(array[
               'pgq._insert_event_row(text,integer,bigint,timestamptz,integer,integer,text,text,text,text,text,text)',
               'pgq._trigger_event(text,text,text,oid,text,text,text[],record,record)',
               'pgq._json_row(text[],oid[],text[],text[],json)',
               'pgq._row_function_name(text,oid)', 'pgq._row_function_source(text,oid)',
               'pgq._write_row_function(text,oid)']) signature
     where to_regprocedure(signature) is not null;
end $$;

-- Whether there is something to do for pgq._maint_row_functions.
create or replace function pgq._row_functions_changed()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from pgq._retired_functions())
        or exists (select from pgq._row_functions() f
                     left join pgq._wanted_row_functions(null) w on w.name = f.name
                     left join pgq._tree_row_functions() t on t.name = f.name
                    where w.name is null or f.in_tree <> (t.name is not null));
end $$;

-- Upkeep of the row functions: those that were written lately come into the search trees, if there is room, those whose
-- trigger is gone out of them; what has been out of them since the last time, and what older versions have left, is
-- removed. Returns 0: there is nothing more to do.
create or replace function pgq._maint_row_functions()
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    old_function regprocedure;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('pgq._maint_row_functions', 0)) then
        return 0;
    end if;
    for old_function in
        select p.oid
          from pgq._row_functions() f
          join pg_proc p on p.proname = f.name and p.pronamespace = 'pgq'::regnamespace
         where not f.in_tree and f.name not in (select w.name from pgq._wanted_row_functions(null) w)
         union all
        select r from pgq._retired_functions() r
    loop
        execute format('drop function %s', old_function);
    end loop;
    perform pgq._write_row_trees();
    return 0;
end $$;
