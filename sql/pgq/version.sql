-- Version of the interface, as existing tools check it.
create or replace function pgq.version()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return '3.5';
end $$;

-- Brings tables of an older version up to this one: the install script does it all, nothing is left to do here.
create or replace function pgq.upgrade_schema()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return 0;
end $$;
