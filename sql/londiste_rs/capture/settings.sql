-- What the text of values depends on besides the values.

-- Types of columns and all types that they are made of: elements, attributes, base types of domains, subtypes of
-- ranges.
create or replace function londiste_rs.deep_types(i_rel oid, i_columns text[], out type_oid oid)
returns setof oid language plpgsql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    -- most tables have nothing but plain types, and a recursive query takes long to begin
    if not exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
                    where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped
                      and (t.typtype <> 'b' or t.typelem <> 0)) then
        return query
        select distinct a.atttypid from pg_attribute a
         where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped
           and (i_columns is null or a.attname = any (i_columns));
        return;
    end if;
    return query
    with recursive deep (type_oid) as (
        select a.atttypid from pg_attribute a
         where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped
           and (i_columns is null or a.attname = any (i_columns))
        union
        select part.type_oid
          from deep d join pg_type t on t.oid = d.type_oid
         cross join lateral (
               select t.typelem union all select t.typbasetype
               union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid
               union all select a.atttypid from pg_attribute a
                          where a.attrelid = t.typrelid and t.typrelid <> 0 and a.attnum > 0
                            and not a.attisdropped) part (type_oid)
         where part.type_oid <> 0)
    select deep.type_oid from deep;
end $$;

-- Source text of the condition that the application's settings do not suit capture, and of their replacement and
-- return.
--
-- Dates in ISO style, floats with one extra digit or more and so on are exact whatever else is set, and it is cheaper
-- to look than to set. The time zone shows in the text of a timestamptz but does not change its value: it matters only
-- where texts tell rows apart, in keys and in tables without one. i_types: the deep types of all columns, i_key_types:
-- of those that tell rows apart.
create or replace function londiste_rs.pin_source(i_types oid[], i_key_types oid[], out pin text, out unpin text)
returns record language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    unsuited text := $f$left(current_setting('DateStyle'), 3) <> 'ISO' or current_setting('IntervalStyle') <> 'postgres'
        or current_setting('extra_float_digits') not in ('1', '2', '3') or current_setting('bytea_output') <> 'hex'$f$;
    pinned constant text[] := array['DateStyle=ISO, YMD', 'IntervalStyle=postgres', 'extra_float_digits=3',
                                    'bytea_output=hex', 'TimeZone=UTC', 'lc_monetary=C'];
begin
    if exists (select from pg_type t
                where t.oid = any (i_key_types)
                  and (t.oid = 'timestamptz'::regtype or t.typtype not in ('b', 'd', 'r', 'c', 'e'))) then
        unsuited := unsuited || $f$ or current_setting('TimeZone') <> 'UTC'$f$;
    end if;
    if exists (select from pg_type t
                where t.oid = any (i_types)
                  and (t.oid = 'money'::regtype or t.typtype not in ('b', 'd', 'r', 'c', 'e'))) then
        unsuited := unsuited || $f$ or current_setting('lc_monetary') <> 'C'$f$;
    end if;
    select format('    if %s then
        settings := array[%s];
%s
    end if;', unsuited, string_agg(format('current_setting(%L)', p.name), ', ' order by p.pos),
                  string_agg(format('        perform set_config(%L, %L, true);', p.name, p.value),
                             e'\n' order by p.pos)),
           format('    if settings is not null then
%s
    end if;', string_agg(format('        perform set_config(%L, settings[%s], true);', p.name, p.pos),
                         e'\n' order by p.pos))
      into pin, unpin
      from (select split_part(u.p, '=', 1) as name, split_part(u.p, '=', 2) as value, u.pos
              from unnest(pinned) with ordinality u(p, pos)) p;
end $$;

-- Source text of the conditions that the application's settings suit the types that a table has now, each with AND
-- before it.
create or replace function londiste_rs.suited_source(i_types oid[], i_key_types oid[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    with needed (setting) as (
        select unnest(case
                   when t.typtype in ('d', 'r', 'c', 'e') or t.typcategory = 'A' then '{}'
                   when t.typtype <> 'b'
                       then '{DateStyle,IntervalStyle,extra_float_digits,bytea_output,lc_monetary,TimeZone}'
                   when t.typnamespace <> 'pg_catalog'::regnamespace
                       then '{DateStyle,IntervalStyle,extra_float_digits,bytea_output}'
                   when t.typcategory = 'D' and t.typname <> 'time' then '{DateStyle}'
                   when t.typname = 'interval' then '{IntervalStyle}'
                   when t.typcategory = 'G' or t.typname in ('float4', 'float8') then '{extra_float_digits}'
                   when t.typname = 'bytea' then '{bytea_output}'
                   when t.typname = 'money' then '{lc_monetary}'
                   when t.typcategory in ('N', 'S', 'B', 'I', 'V') or t.typname in ('time', 'uuid', 'json', 'jsonb',
                       'tsvector', 'tsquery', 'char', 'xml') then '{}'
                   else '{DateStyle,IntervalStyle,extra_float_digits,bytea_output}' end::text[])
          from pg_type t where t.oid = any (i_types)
        union
        select 'TimeZone' where 'timestamptz'::regtype = any (i_key_types))
    select coalesce(string_agg(' and ' || case n.setting
               when 'DateStyle' then $f$current_setting('DateStyle') ^@ 'ISO'$f$
               when 'IntervalStyle' then $f$current_setting('IntervalStyle') = 'postgres'$f$
               when 'extra_float_digits' then $f$current_setting('extra_float_digits') in ('1', '2', '3')$f$
               when 'bytea_output' then $f$current_setting('bytea_output') = 'hex'$f$
               when 'lc_monetary' then $f$current_setting('lc_monetary') = 'C'$f$
               else $f$current_setting('TimeZone') = 'UTC'$f$ end, '' order by n.setting), '')
      from needed n);
end $$;

-- Whether updates that change nothing are captured.
create or replace function londiste_rs.captures_unchanged(i_queue_name text)
returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce((select s.unchanged from londiste_rs.capture_setting s where s.queue_name = i_queue_name), true);
end $$;

-- Sets that for a queue. It takes effect when the root's worker looks at its captures next.
create or replace function londiste_rs.set_captures_unchanged(i_queue_name text, i_unchanged boolean)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    -- nothing is written where it is so already: the root's worker says it again and again
    insert into londiste_rs.capture_setting (queue_name, unchanged)
    select i_queue_name, i_unchanged
     where not exists (select from londiste_rs.capture_setting s
                        where s.queue_name = i_queue_name and s.unchanged = i_unchanged)
        on conflict (queue_name) do update set unchanged = excluded.unchanged
$$;
