-- Whether rows still have the shape that a capture function was written for. A session asks when it first writes to a table, and again after each
-- change of the table's or an event table's definition, VACUUM's and ANALYZE's among them: so it must not cost what row_shape costs.

-- Select list of a query over a row "." of the table i_rel, with the key of i_top, whose result changes when row_shape does. Names and types of
-- columns come from the row type, which costs no query; the key from its constraint, which REINDEX CONCURRENTLY leaves as it is. NULL for a table without columns.
create or replace function londiste_rs.layout_question(i_rel oid, i_top oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('row_to_json("."), array[%s]::regtype[], %s%s', string_agg(format('pg_typeof(".".%I)', a.attname), ', ' order by a.attnum), k.question,
                  case when current_setting('server_version_num')::integer >= 180000
                       then format(', array(select a.attnum from pg_attribute a where a.attrelid = %s and a.attgenerated = ''v'' order by a.attnum)', i_rel)
                       else '' end)
      from pg_attribute a
     cross join lateral (
           select coalesce((select format('pg_get_constraintdef(%s)', c.oid) from pg_constraint c
                             where c.conrelid = i_top and c.contype = 'p' and not c.condeferrable
                               and londiste_rs.key_columns(i_top) = array(
                                   select n.attname::text from unnest(c.conkey) with ordinality u(attnum, pos)
                                     join pg_attribute n on n.attrelid = i_top and n.attnum = u.attnum order by u.pos)),
                           format('londiste_rs.key_columns(%s)', i_top))) k (question)
     where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped
     group by k.question
$$;

-- The answer; NULL where it cannot be had, as when a column of the question is not there any more. Declared immutable for the same reason as row_shape.
create or replace function londiste_rs.layout_answer(i_rel oid, i_question text)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    answer text;
begin
    execute format('select concat_ws('' '', %s) from (select (null::%s).*) "."', i_question, i_rel::regclass) into answer;
    return answer;
exception when others then
    -- capture must not fail the application
    return null;
end $$;

-- Source text of the condition that i_rel still has the shape i_shape, as just told by row_shape. Where the answer is another one, or cannot be had,
-- row_shape decides: it needs no privilege. The shape is looked at once more after the answer, lest they belong to different definitions of the table.
create or replace function londiste_rs.layout_source(i_rel oid, i_top oid, i_shape text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    question text := londiste_rs.layout_question(i_rel, i_top);
    answer text := londiste_rs.layout_answer(i_rel, question);
    same_shape text := format('londiste_rs.row_shape(%s, %s) = %L', i_rel, i_top, i_shape);
begin
    if answer is null or londiste_rs.row_shape(i_rel, i_top) <> i_shape then
        return same_shape;
    end if;
    return format('(londiste_rs.layout_answer(%s, %L) = %L or %s)', i_rel, question, answer, same_shape);
end $$;
