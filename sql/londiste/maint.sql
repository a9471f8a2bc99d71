-- Maintenance of the replication's tables. Always 0.
create or replace function londiste.periodic_maintenance()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from londiste.applied_execute where execute_time < now() - interval '3 months';
    return 0;
end $$;
