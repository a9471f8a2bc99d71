-- Partitions by inheritance, named PARENT_2026_01_31: made when events for them arrive, dropped when they are old.

-- Schema and name of a relation that is to be made: in the schema of its parent where the name begins with it, else in
-- the first schema that a dot leads to.
create or replace function londiste._split_new(i_fqname text, i_parent_schema text, out schema_part text,
    out name_part text)
returns record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    full_name constant text := londiste.make_fqname(i_fqname);
begin
    select n.nspname, substr(full_name, length(n.nspname) + 2) into schema_part, name_part
      from pg_namespace n
     where starts_with(full_name, n.nspname || '.')
     order by n.nspname <> i_parent_schema, length(n.nspname)
     limit 1;
    if not found then
        select s.schema_part, s.name_part into schema_part, name_part from londiste.split_fqname(full_name) s;
    end if;
end $$;

-- Makes a partition like its parent, with its indexes, triggers, rules and rights: 1, or 0 where it exists. With
-- i_part_field, only rows of the period (year, month, week, day, hour) around i_part_time fit in. The primary key is
-- the parent's; i_pkeys, which callers pass, has never made another one.
create or replace function londiste.create_partition(i_table text, i_part text, i_pkeys text, i_part_field text,
    i_part_time timestamptz, i_part_period text)
returns integer
language plpgsql
as $$
declare
    parent text := londiste._quote_relation(i_table);
    parent_name record;
    part_name record;
    part text;
    period_start timestamptz;
    statement text;
begin
    if i_table is null or i_part is null then
        raise exception 'need table and part';
    end if;
    select n.nspname as schema_part, c.relname as name_part into parent_name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid = londiste._find_relation(i_table, null);
    select * into part_name from londiste._split_new(i_part, parent_name.schema_part);
    part := pg_catalog.format('%I.%I', part_name.schema_part, part_name.name_part);
    if londiste._find_relation(i_part, null) is not null then
        return 0;
    end if;
    execute pg_catalog.format('create table %s (like %s including all) inherits (%s)', part, parent, parent);

    if i_part_field <> '' then
        period_start := pg_catalog.date_trunc(i_part_period, i_part_time);
        execute pg_catalog.format('alter table %s add check (%I >= %L and %I < %L)', part, i_part_field, period_start,
            i_part_field, period_start + ('1 ' || i_part_period)::interval);
    end if;

    for statement in
        select pg_catalog.replace(pg_catalog.pg_get_triggerdef(oid), ' ON ' || parent || ' ', ' ON ' || part || ' ')
          from pg_catalog.pg_trigger where tgrelid = parent::regclass and not tgisinternal
        union all
        select pg_catalog.replace(definition, ' TO ' || parent, ' TO ' || part)
          from pg_catalog.pg_rules where schemaname = parent_name.schema_part and tablename = parent_name.name_part
    loop
        execute statement;
    end loop;
    perform pgq._grant_perms_from(parent_name.schema_part, parent_name.name_part, part_name.schema_part,
        part_name.name_part);
    return 1;
end $$;

-- Whether all of a partition's period is longer ago than i_retention_period; NULL where its name does not tell its
-- period.
create or replace function londiste.is_obsolete_partition(i_partition_table text, i_retention_period interval,
    i_partition_period text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    suffix_format text := case i_partition_period
        when 'year' then 'YYYY'
        when 'month' then 'YYYY_MM'
        when 'day' then 'YYYY_MM_DD'
        when 'hour' then 'YYYY_MM_DD_HH24'
    end;
    suffix text;
begin
    if suffix_format is null then
        raise exception 'not supported i_partition_period: %', i_partition_period;
    end if;
    suffix := substring(i_partition_table from
        '_(' || regexp_replace(replace(suffix_format, 'HH24', 'HH'), '[A-Z]', '[0-9]', 'g') || ')$');
    return case when suffix is not null
                    then coalesce(suffix < to_char(now() - i_retention_period, suffix_format), false) end;
end $$;

-- Old partitions among a table's children: those in its schema that are named after it and a time.
create or replace function londiste.list_obsolete_partitions(i_parent_table text, i_retention_period interval,
    i_partition_period text)
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_class parent on parent.oid = i.inhparent
     where i.inhparent = londiste._find_relation(i_parent_table, null)
       and c.relnamespace = parent.relnamespace
       and starts_with(c.relname, parent.relname || '_') and substr(c.relname, length(parent.relname) + 2) !~ '[^0-9_]'
       and londiste.is_obsolete_partition(n.nspname || '.' || c.relname, i_retention_period, i_partition_period)
     order by n.nspname, c.relname;
end $$;

-- Drops partitions that are old; their names.
create or replace function londiste.drop_obsolete_partitions(i_parent_table text, i_retention_period interval,
    i_partition_period text)
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    part text;
begin
    for part in
        select * from londiste.list_obsolete_partitions(i_parent_table, i_retention_period, i_partition_period)
    loop
        execute 'drop table ' || part;
        return next part;
    end loop;
end $$;
