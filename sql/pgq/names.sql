-- Names of relations as text, and the sequences they lead to.

-- "schema.name" or "name" (in public) as quoted identifiers; only the first dot separates.
create or replace function pgq.quote_fqname(i_name text)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    dot integer := strpos(i_name, '.');
begin
    if dot = 0 then
        return 'public.' || quote_ident(i_name);
    end if;
    return quote_ident(substr(i_name, 1, dot - 1)) || '.' || quote_ident(substr(i_name, dot + 1));
end $$;

-- The sequence behind a name. Where schema and name both contain dots, the first dot that leads to a sequence separates
-- them.
create or replace function pgq._quote_sequence(i_name text)
returns text
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select format('%I.%I', n.nspname, c.relname)
           from pg_namespace n
           join pg_class c on c.relnamespace = n.oid and c.relname = substr(i_name, length(n.nspname) + 2)
          where starts_with(i_name, n.nspname || '.') and c.relkind = 'S'
          order by length(n.nspname)
          limit 1),
        pgq.quote_fqname(i_name));
end $$;

-- Last value a sequence gave out.
create or replace function pgq.seq_getval(i_seq_name text)
returns bigint
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    val bigint;
begin
    execute 'select last_value from ' || pgq._quote_sequence(i_seq_name) into val;
    return val;
end $$;

-- Moves a sequence forward to a value, never backwards; the value it stands at afterwards.
-- It may not be used where others call nextval at the same time.
create or replace function pgq.seq_setval(i_seq_name text, i_new_value bigint)
returns bigint
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    seq_name text := pgq._quote_sequence(i_seq_name);
    val bigint;
begin
    execute 'select last_value from ' || seq_name into val;
    if val < i_new_value then
        return setval(seq_name::regclass, i_new_value);
    end if;
    return val;
end $$;
