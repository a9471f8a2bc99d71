-- Takes a remembered foreign key off its table, and its parts off the partitions where those stand alone.
create or replace function londiste_fk.remove(fkey bigint)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    i londiste_fk.partition_fkey;
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    if londiste_fk.find(f.schema_name, f.table_name, f.fkey_name) is not null then
        execute format('alter table %I.%I drop constraint %I', f.schema_name, f.table_name, f.fkey_name);
    end if;
    for i in select * from londiste_fk.partition_fkey r where r.fkey = f.id and r.interim loop
        if londiste_fk.find(i.schema_name, i.table_name, i.fkey_name) is not null then
            execute format('alter table %I.%I drop constraint %I', i.schema_name, i.table_name, i.fkey_name);
        end if;
    end loop;
    update londiste_fk.partition_fkey r set interim = false where r.fkey = f.id and r.interim;
end $$;

-- Drops one foreign key, after a last look at its definition. Failure is recorded in the row, not raised.
create or replace procedure londiste_fk.drop_fkey(fkey bigint, lock_timeout text, tries integer)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    began timestamptz := clock_timestamp();
    failure text;
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    if f.state is null or f.state = 'dropped' then
        return;
    end if;
    call londiste_fk.remember(londiste_fk.find(f.schema_name, f.table_name, f.fkey_name));
    failure := londiste_fk.attempt(format('select londiste_fk.remove(%s)', f.id), londiste_fk.tables_of(f), true,
                                   lock_timeout, tries);
    update londiste_fk.foreign_key r
       set state = case when failure is null then 'dropped' else r.state end,
           dropped_at = case when failure is null then now() else r.dropped_at end,
           error = failure, took = clock_timestamp() - began
     where r.id = f.id;
end $$;
