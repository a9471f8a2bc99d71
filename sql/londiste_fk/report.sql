-- The closing table of each script.
create or replace function londiste_fk.report()
returns table ("table" text, "foreign key" text, state text, took text, remark text)
language sql volatile set search_path = pg_catalog, pg_temp as $$
    select format('%I.%I', f.schema_name, f.table_name), format('%I', f.fkey_name), f.state,
           round(extract(epoch from f.took)::numeric, 1) || ' s',
           case when f.error is not null then 'ERROR: ' || f.error
                when f.state = 'dropped' and londiste_fk.held_by_worker(f.schema_name, f.table_name, f.fkey_name)
                    then 'dropped by the replication worker, which restores it after its copy'
                when not f.enforced then 'NOT ENFORCED, stays so'
                when not f.was_valid then 'NOT VALID when collected, stays so'
                when f.state = 'restored' and londiste_fk.find(f.schema_name, f.table_name, f.fkey_name) is null
                    then 'on the partitions; validate_fks.sql puts it onto the table'
           end
      from londiste_fk.foreign_key f
    union all
    select format('%I.%I', p.schema_name, p.table_name), format('%I', p.fkey_name), 'not collected', null,
           'new: run collect_fks.sql again to have it dropped and restored'
      from londiste_fk.present() p
     where not exists (select from londiste_fk.foreign_key f
                        where (f.schema_name, f.table_name, f.fkey_name) = (p.schema_name, p.table_name, p.fkey_name))
     order by 1, 2
$$;

-- What has just been done with a foreign key, as a line to look at while a long run goes on; no row if nothing was to
-- be done.
create or replace function londiste_fk.progress(fkey bigint)
returns setof text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select format('%s  %I.%I %I: %s in %s s', to_char(clock_timestamp(), 'HH24:MI:SS'), f.schema_name, f.table_name,
                  f.fkey_name,
                  case when f.error is null then f.state else 'failed' end,
                  round(extract(epoch from f.took)::numeric, 1))
      from londiste_fk.foreign_key f
     where f.id = fkey and f.took is not null
$$;

-- Nothing to work with is an error: most likely collect_fks.sql was forgotten, or ran in another database.
create or replace procedure londiste_fk.begin_run()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from londiste_fk.foreign_key) and exists (select from londiste_fk.present()) then
        raise exception 'no foreign keys have been collected in database %', current_database()
            using hint = 'Run collect_fks.sql first.';
    end if;
    call londiste_fk.look_again();
end $$;

-- Makes psql's exit status tell whether every foreign key went through.
create or replace procedure londiste_fk.verdict(undone text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    failed bigint;
    everything bigint;
begin
    select count(f.error), count(*) into failed, everything from londiste_fk.foreign_key f;
    if failed > 0 then
        raise exception '% of % foreign keys could not be %', failed, everything, undone
            using hint = 'The reasons are in the table above. Run the script again '
                         'when they are gone: it goes on with these.';
    end if;
end $$;
