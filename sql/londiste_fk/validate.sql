-- What validate_fks.sql has to do, in order: each partition that holds rows by itself, then the foreign key.
create or replace function londiste_fk.validation_steps()
returns table (fkey bigint, leaf_schema name, leaf_table name)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select f.id, l.leaf_schema, l.leaf_table
      from londiste_fk.foreign_key f
      left join lateral (select l.leaf_schema, l.leaf_table
                           from londiste_fk.leaves(f.schema_name, f.table_name) l
                          where f.partitioned and f.state = 'restored' and f.was_valid
                         union all select null, null) l on true
     where f.state <> 'validated'
     order by f.schema_name, f.table_name, f.fkey_name, f.id, l.leaf_schema, l.leaf_table
$$;

-- Validates what one partition has of a partitioned table's foreign key; a partition that came after restore_fks.sql
-- gets it.
create or replace procedure londiste_fk.validate_partition(
    fkey bigint, leaf_schema name, leaf_table name, lock_timeout text, tries integer)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    whole oid;
    own_name name;
    valid boolean;
    failure text;
    began timestamptz := clock_timestamp();
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    -- its copy is under way, and the worker brings it back after that
    if londiste_fk.worker_holds(f, leaf_schema, leaf_table) then
        return;
    end if;
    whole := londiste_fk.find(f.schema_name, f.table_name, f.fkey_name);
    if whole is null then
        failure := londiste_fk.attempt(
            format('select londiste_fk.add_to_partition(f, %L, %L) from londiste_fk.foreign_key f where f.id = %s',
                   leaf_schema, leaf_table, f.id),
            londiste_fk.tables_of(f), false, lock_timeout, tries);
        select k.conname, k.convalidated into own_name, valid
          from londiste_fk.partition_fkey i
          join pg_constraint k on k.oid = londiste_fk.find(i.schema_name, i.table_name, i.fkey_name)
         where (i.fkey, i.schema_name, i.table_name)
            = (f.id, validate_partition.leaf_schema, validate_partition.leaf_table);
    else
        select p.fkey_name, p.valid into own_name, valid
          from londiste_fk.parts(whole) p
         where (p.schema_name, p.table_name) = (validate_partition.leaf_schema, validate_partition.leaf_table);
    end if;
    if failure is null and not valid then
        failure := londiste_fk.attempt(
            format('alter table %I.%I validate constraint %I', leaf_schema, leaf_table, own_name),
            londiste_fk.tables_of(f), false, lock_timeout, tries);
    end if;
    update londiste_fk.foreign_key r
       set error = nullif(concat_ws('; ', r.error, failure), ''),
           took = coalesce(r.took, interval '0') + (clock_timestamp() - began)
     where r.id = f.id;
end $$;

-- Puts a foreign key whose parts all its partitions have, valid, onto the partitioned table. PostgreSQL takes the parts
-- as they are, without looking at any row, provided that they are deferrable just as the whole.
create or replace function londiste_fk.join_parts(fkey bigint)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    i record;
    deferrability text;
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    deferrability := coalesce(substring(f.definition from '(DEFERRABLE( INITIALLY DEFERRED)?)$'), 'NOT DEFERRABLE');
    for i in
        select p.schema_name, p.table_name, p.fkey_name
          from londiste_fk.partition_fkey p
          join pg_constraint k on k.oid = londiste_fk.find(p.schema_name, p.table_name, p.fkey_name)
         where p.fkey = f.id and p.interim
           and case when k.condeferred then 'DEFERRABLE INITIALLY DEFERRED'
                    when k.condeferrable then 'DEFERRABLE' else 'NOT DEFERRABLE' end <> deferrability
    loop
        execute format('alter table %I.%I alter constraint %I %s', i.schema_name, i.table_name, i.fkey_name,
                       case deferrability when 'DEFERRABLE' then 'DEFERRABLE INITIALLY IMMEDIATE'
                                          else deferrability end);
    end loop;
    execute format('alter table %I.%I add constraint %I %s', f.schema_name, f.table_name, f.fkey_name, f.definition);
    perform londiste_fk.dress(f);
end $$;

-- Validates one foreign key that was valid when it was collected. Failure is recorded in the row, not raised.
create or replace procedure londiste_fk.validate_fkey(fkey bigint, lock_timeout text, tries integer)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    f londiste_fk.foreign_key;
    whole pg_constraint;
    failure text;
    began timestamptz := clock_timestamp();
begin
    select * into f from londiste_fk.foreign_key r where r.id = fkey;
    select * into whole from pg_constraint k where k.oid = londiste_fk.find(f.schema_name, f.table_name, f.fkey_name);
    if f.error is not null or not f.was_valid and whole.oid is not null
       or londiste_fk.worker_holds(f, null, null) then
        return;
    end if;
    if f.state = 'dropped' then
        failure := 'is not there: run restore_fks.sql first';
    elsif whole.oid is null then
        failure := londiste_fk.attempt(format('select londiste_fk.join_parts(%s)', f.id),
                                       londiste_fk.tables_of(f), true,
                                       lock_timeout, tries);
    elsif not whole.convalidated then
        failure := londiste_fk.attempt(
            format('alter table %I.%I validate constraint %I', f.schema_name, f.table_name, f.fkey_name),
            londiste_fk.tables_of(f), false, lock_timeout, tries);
    end if;
    update londiste_fk.foreign_key r
       set state = case when failure is null and r.state = 'restored' then 'validated' else r.state end,
           validated_at = case when failure is null then now() else r.validated_at end,
           error = failure, took = coalesce(r.took, interval '0') + (clock_timestamp() - began)
     where r.id = f.id;
end $$;
