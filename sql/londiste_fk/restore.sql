-- Before PostgreSQL 18 a partitioned table cannot have a foreign key that is NOT VALID, but its partitions can.
create or replace function londiste_fk.goes_by_partitions(f londiste_fk.foreign_key)
returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select f.partitioned and current_setting('server_version_num')::integer < 180000
       and exists (select from londiste_fk.leaves(f.schema_name, f.table_name))
$$;

create or replace function londiste_fk.replication_relaxes()
returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select to_regprocedure('londiste_rs.relax_tables()') is not null
$$;

-- Gives a foreign key that was just added its comments, its partitions' parts their own names, and lets replication
-- make it deferrable where it has to be, all before anybody can run into it.
create or replace function londiste_fk.dress(f londiste_fk.foreign_key)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    c record;
begin
    if f.comment is not null then
        execute format('comment on constraint %I on %I.%I is %L', f.fkey_name, f.schema_name, f.table_name, f.comment);
    end if;
    for c in
        select p.schema_name, p.table_name, p.fkey_name, i.fkey_name as own_name, i.comment
          from londiste_fk.parts(londiste_fk.find(f.schema_name, f.table_name, f.fkey_name)) p
          join londiste_fk.partition_fkey i
            on (i.fkey, i.schema_name, i.table_name) = (f.id, p.schema_name, p.table_name)
         where i.fkey_name <> p.fkey_name or i.comment is not null
    loop
        if c.own_name <> c.fkey_name then
            execute format('alter table %I.%I rename constraint %I to %I',
                           c.schema_name, c.table_name, c.fkey_name, c.own_name);
        end if;
        if c.comment is not null then
            execute format('comment on constraint %I on %I.%I is %L', c.own_name, c.schema_name, c.table_name,
                c.comment);
        end if;
    end loop;
    update londiste_fk.partition_fkey i set interim = false where i.fkey = f.id and i.interim;
    if londiste_fk.replication_relaxes() then
        execute 'select londiste_rs.relax_tables()';
    end if;
end $$;

-- Adds one foreign key to one partition, NOT VALID. It has to let replicated changes pass by itself, for the replicated
-- table is the partitioned one.
create or replace function londiste_fk.add_to_partition(f londiste_fk.foreign_key, leaf_schema name, leaf_table name)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    own_name name;
    definition text := f.definition;
begin
    insert into londiste_fk.partition_fkey as i (fkey, schema_name, table_name, fkey_name, interim)
    values (f.id, leaf_schema, leaf_table, f.fkey_name, true)
    on conflict (fkey, schema_name, table_name) do update set interim = true
    returning i.fkey_name into own_name;
    if londiste_fk.find(leaf_schema, leaf_table, own_name) is not null then
        return;
    end if;
    if londiste_fk.replication_relaxes() then
        definition := regexp_replace(definition, '( DEFERRABLE)?( INITIALLY DEFERRED)?$',
            ' DEFERRABLE INITIALLY DEFERRED');
    end if;
    execute format('alter table %I.%I add constraint %I %s NOT VALID', leaf_schema, leaf_table, own_name, definition);
end $$;

-- Adds a remembered foreign key, NOT VALID, without looking at any row.
create or replace function londiste_fk.add(fkey bigint)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    nothing_to_look_at boolean;
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    if londiste_fk.goes_by_partitions(f) then
        perform londiste_fk.add_to_partition(f, l.leaf_schema, l.leaf_table)
           from londiste_fk.leaves(f.schema_name, f.table_name) l;
        return;
    end if;
    nothing_to_look_at := not f.enforced
        or f.partitioned and current_setting('server_version_num')::integer < 180000;
    execute format('alter table %I.%I add constraint %I %s', f.schema_name, f.table_name, f.fkey_name,
                   f.definition || case when nothing_to_look_at then '' else ' NOT VALID' end);
    perform londiste_fk.dress(f);
end $$;

-- Restores one foreign key that is away, unless the worker is going to. Failure is recorded in the row, not raised.
create or replace procedure londiste_fk.restore_fkey(fkey bigint, lock_timeout text, tries integer)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    began timestamptz := clock_timestamp();
    failure text;
    there_and_valid boolean;
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    if f.state is distinct from 'dropped' or londiste_fk.held_by_worker(f.schema_name, f.table_name, f.fkey_name) then
        return;
    end if;
    failure := londiste_fk.attempt(format('select londiste_fk.add(%s)', f.id), londiste_fk.tables_of(f),
                                   f.partitioned or londiste_fk.replication_relaxes(), lock_timeout, tries);
    select k.convalidated into there_and_valid
      from pg_constraint k where k.oid = londiste_fk.find(f.schema_name, f.table_name, f.fkey_name);
    update londiste_fk.foreign_key r
       set state = case when failure is not null then r.state when there_and_valid then 'validated' else 'restored' end,
           restored_at = case when failure is null then now() else r.restored_at end,
           validated_at = case when failure is null and there_and_valid then now() else r.validated_at end,
           error = failure, took = clock_timestamp() - began
     where r.id = f.id;
end $$;
