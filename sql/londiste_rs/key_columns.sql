-- Columns that identify a row: the primary key, else the unique index over NOT NULL columns that has the fewest
-- columns, and of several such the one whose column names sort first; none where there is no such index. Names of
-- indexes and object ids take no part: they differ between servers, and change while the columns stay. A NOT NULL that
-- is not valid yet (PostgreSQL 18) may have NULLs under it. A deferrable key identifies nothing before its transaction
-- ends: capture does not use it.
--
-- The rule stands here only. The crate pg compiles this file in, and asks what stands between the two marks on servers
-- that lack this schema: hence the schemas before all names. i_rel is the table there, too.
create or replace function londiste_rs.key_columns(i_rel oid)
returns text[] language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce((
        -- rule of the key: begin
        select k.columns::text[]
          from pg_catalog.pg_index i
         cross join lateral (
               select pg_catalog.array_agg(a.attname order by u.place) as columns,
                      pg_catalog.bool_and(a.attnotnull and not exists (
                          select from pg_catalog.pg_constraint n
                           where n.conrelid = i.indrelid and n.contype = 'n' and n.conkey = array[a.attnum]
                             and not n.convalidated)) as not_null
                 from pg_catalog.unnest(i.indkey::int2[]) with ordinality u (attnum, place)
                 join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
                where u.place <= i.indnkeyatts) k
         where i.indrelid = i_rel and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
           and i.indexprs is null
           and k.not_null
         order by i.indisprimary desc, i.indnkeyatts, k.columns
         limit 1
        -- rule of the key: end
        ), '{}');
end $$;
