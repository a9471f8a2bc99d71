-- Names of relations as text, "schema.name" without quotes, and the relations behind them.

-- A name without schema is in public.
create or replace function londiste.make_fqname(i_name text)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return case when strpos(i_name, '.') > 0 then i_name else 'public.' || i_name end;
end $$;

create or replace function londiste.split_fqname(i_fqname text, out schema_part text, out name_part text)
returns record
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    dot integer := strpos(i_fqname, '.');
begin
    schema_part := case when dot > 0 then substr(i_fqname, 1, dot - 1) else 'public' end;
    name_part := substr(i_fqname, dot + 1);
end $$;

create or replace function londiste.quote_fqname(i_name text)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    part record;
begin
    select * into part from londiste.split_fqname(i_name);
    return quote_ident(part.schema_part) || '.' || quote_ident(part.name_part);
end $$;

-- The relation behind a name, or NULL; i_kind: only one of this kind (pg_class.relkind). Schema and name may both
-- contain dots: the first dot that leads to a relation separates them, so that what split_fqname names comes first.
create or replace function londiste._find_relation(i_fqname text, i_kind text)
returns oid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.oid
      from (select londiste.make_fqname(i_fqname)) full_name (n)
      join pg_namespace s on starts_with(full_name.n, s.nspname || '.')
      join pg_class c on c.relnamespace = s.oid and c.relname = substr(full_name.n, length(s.nspname) + 2)
     where i_kind is null or c.relkind::text = i_kind
     order by length(s.nspname)
     limit 1
$$;

create or replace function londiste.find_rel_oid(i_fqname text, i_kind text)
returns oid
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return londiste._find_relation(i_fqname, i_kind);
end $$;

-- The name of the relation behind a name, as an SQL identifier. A relation that is not there is named as quote_fqname
-- reads it.
create or replace function londiste._quote_relation(i_fqname text)
returns text
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select format('%I.%I', n.nspname, c.relname)
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.oid = londiste._find_relation(i_fqname, null)),
        londiste.quote_fqname(i_fqname));
end $$;

create or replace function londiste.find_table_oid(tbl text)
returns oid
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return londiste.find_rel_oid(tbl, 'r');
end $$;

create or replace function londiste.find_seq_oid(seq text)
returns oid
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return londiste.find_rel_oid(seq, 'S');
end $$;

-- A search_path in which names without schema mean what is in the schemas of these relations, but nothing takes the
-- place of what PostgreSQL has itself.
create or replace function londiste._search_path(variadic i_relations text[])
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(', ', 'pg_catalog',
                     (select string_agg(quote_ident(n.nspname), ', ' order by r.place)
                        from unnest(i_relations) with ordinality r (name, place)
                        join pg_class c on c.oid = londiste._find_relation(r.name, null)
                        join pg_namespace n on n.oid = c.relnamespace),
                     'pg_temp')
$$;

-- One letter for each column of a table: k belongs to the primary key, v does not.
create or replace function londiste.find_column_types(tbl text)
returns text
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    relation oid := londiste.find_table_oid(tbl);
begin
    return (
        select coalesce(string_agg(case when a.attnum = any (i.indkey) then 'k' else 'v' end, '' order by a.attnum), '')
          from pg_attribute a
          left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
         where a.attrelid = relation and a.attnum > 0 and not a.attisdropped);
end $$;

-- Whether a function is one of the triggers that capture changes for replication.
create or replace function londiste.is_replica_func(func_oid oid)
returns boolean
language sql stable strict
set search_path = pg_catalog, pg_temp
as $$
    select count(*) > 0
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where p.oid = func_oid
       and (n.nspname = 'pgq' and p.proname in ('sqltriga', 'logutriga', 'jsontriga') or n.nspname = 'londiste_rs');
$$;

-- 'origin', 'local' or 'replica', for this session or transaction. Where the owner of this function may not set it, all
-- goes on without: a NOTICE says so.
create or replace function londiste.set_session_replication_role(val text, is_local boolean)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if val is null or val not in ('origin', 'local', 'replica') then
        raise exception 'bad value for session_replication_role';
    end if;
    perform set_config('session_replication_role', val, is_local);
exception
    when insufficient_privilege then
        raise notice 'session_replication_role is not permitted here: triggers and foreign keys stay in force';
end $$;
