-- Whether rows still have the shape that a capture function was written for. A session asks when it first writes to a
-- table, and again after each change of the table's or an event table's definition, VACUUM's and ANALYZE's among them:
-- so it must not cost what row_shape costs.

-- Select list of a query over a row "." of the table i_rel, with the key of i_top, whose result changes when row_shape
-- does. Names and types of columns come from the row type, which costs no query; the key from its constraint, which
-- REINDEX CONCURRENTLY leaves as it is. NULL for a table without columns. The question of another relation with the
-- same columns in the same order is the same one. All values of the row are NULL, so row_to_json uses no cast. i_key:
-- the key of i_top, where it is known.
create or replace function londiste_rs.layout_question(i_rel oid, i_top oid, i_key text[] default null)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select format('row_to_json("."), array[%s]::regtype[], %s%s',
                  string_agg(format('pg_typeof(".".%I)', a.attname), ', ' order by a.attnum), k.question,
                  case when current_setting('server_version_num')::integer >= 180000
                       then ', array(select a.attname from pg_attribute a '
                            'where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)'
                       else '' end)
      from pg_attribute a
     cross join lateral (
           select coalesce((select format('pg_get_constraintdef(%s)', c.oid) from pg_constraint c
                             where c.conrelid = i_top and c.contype = 'p' and not c.condeferrable
                               and coalesce(i_key, londiste_rs.key_columns(i_top)) = array(
                                   select n.attname::text from unnest(c.conkey) with ordinality u(attnum, pos)
                                     join pg_attribute n on n.attrelid = i_top and n.attnum = u.attnum order by u.pos)),
                           format('londiste_rs.present_key(%s)', i_top))) k (question)
     where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped
     group by k.question);
end $$;

-- The answer; NULL where it cannot be had, as when a column of the question is not there any more. Declared immutable
-- for the same reason as row_shape.
create or replace function londiste_rs.layout_answer(i_rel oid, i_question text)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    answer text;
begin
    execute format('select concat_ws('' '', %s) from (select (null::%s).*) "." '
                   'cross join (select %s::oid as relation) ".."',
                   i_question, i_rel::regclass, i_rel) into answer;
    return answer;
exception when others then
    -- capture must not fail the application
    return null;
end $$;

-- Question and answer of i_rel while it has the shape i_shape, as just told by row_shape. No answer where it cannot be
-- had, or is another shape's: the shape is looked at once more after it, lest they belong to different definitions of
-- the table.
create or replace function londiste_rs.known_layout(i_rel oid, i_top oid, i_shape text, i_key text[], out question text,
    out answer text)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    question := londiste_rs.layout_question(i_rel, i_top, i_key);
    answer := londiste_rs.layout_answer(i_rel, question);
    if londiste_rs.row_shape(i_rel, i_top) <> i_shape then
        answer := null;
    end if;
end $$;

-- Source text of the condition that the table t (londiste_rs.described_capture) still has its shape. Where the answer
-- is another one, or cannot be had, row_shape decides: it needs no privilege.
create or replace function londiste_rs.layout_source(t record)
returns text language plpgsql immutable
as $$
declare
    same_shape text := format('londiste_rs.row_shape(%s, %s) = %L', t.rel, t.rel, t.shape);
begin
    if t.answer is null then
        return same_shape;
    end if;
    return format('(londiste_rs.layout_answer(%s, %L) = %L or %s)', t.rel, t.question, t.answer, same_shape);
end $$;

-- The table whose row type i_row is of; NULL where it is of none. Declared immutable for the same reason: the type is
-- known when a statement is planned.
create or replace function londiste_rs.relation_of(i_row anyelement)
returns oid language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select nullif(t.typrelid, 0) from pg_type t where t.oid = pg_typeof(i_row));
end $$;

-- Source text of the table that a trigger's row (new or old) belongs to, as a constant of the plan: the row's type
-- without the row. PL/pgSQL plans a trigger's expressions for each trigger by itself, and each partition has its own,
-- which goes when the partition is detached.
create or replace function londiste_rs.relation_source(i_row text)
returns text language plpgsql immutable
as $$
begin
    return format('londiste_rs.relation_of(case when true then null else %s end)', i_row);
end $$;

-- Source text of the condition that the row of a row trigger of t has the shape of t's rows, which all have the same
-- one.
create or replace function londiste_rs.row_layout_source(t record, i_row text)
returns text language plpgsql immutable
as $$
declare
    relation text := londiste_rs.relation_source(i_row);
    same_shape text := format('londiste_rs.row_shape(%s, %s) = %L', relation, t.rel, t.layouts[1]);
begin
    if t.answer is null then
        return format('%L::regclass is not null and %s', t.rel, same_shape);
    end if;
    return format('%L::regclass is not null and (londiste_rs.layout_answer(%s, %L) = %L or %s)', t.rel, relation,
        t.question, t.answer, same_shape);
end $$;

-- Source text of the present shape of rows of i_relation (source text of its object id), under a plan that every change
-- of the table's definition has made anew.
create or replace function londiste_rs.present_shape_source(i_relation text, i_top oid)
returns text language plpgsql immutable
as $$
begin
    return format('case when %L::regclass is not null then londiste_rs.row_shape(%s, %s) end', i_top,
        i_relation, i_top);
end $$;
