-- Brings what we remember in line with the catalogs: what is there, what is not, what goes by another name now.
-- Forgets what failed in earlier runs.
create or replace procedure londiste_fk.look_again()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    p record;
begin
    for p in
        select * from londiste_fk.present() n
         where not exists (select from londiste_fk.foreign_key f
                            where (f.schema_name, f.table_name, f.fkey_name)
                                  = (n.schema_name, n.table_name, n.fkey_name))
    loop
        update londiste_fk.foreign_key f
           set fkey_name = p.fkey_name
         where f.id = (select min(r.id) from londiste_fk.foreign_key r
                        where (r.schema_name, r.table_name, r.definition) = (p.schema_name, p.table_name, p.definition)
                          and londiste_fk.find(r.schema_name, r.table_name, r.fkey_name) is null
                          and not londiste_fk.held_by_worker(r.schema_name, r.table_name, r.fkey_name));
    end loop;

    update londiste_fk.foreign_key f
       set error = null, took = null, state = now_is.state,
           dropped_at = case when now_is.state = 'dropped' and f.state <> 'dropped' then now() else f.dropped_at end,
           restored_at = case when now_is.state <> 'dropped' and f.state = 'dropped' then now() else f.restored_at end,
           validated_at = case when now_is.state = 'validated' and f.state <> 'validated' then now()
                               else f.validated_at end
      from (select r.id,
                   case when r.state = 'collected' and k.oid is not null then 'collected'
                        when k.convalidated then 'validated'
                        when k.oid is not null then 'restored'
                        when r.state = 'restored'
                             and exists (select from londiste_fk.partition_fkey i where i.fkey = r.id and i.interim)
                             then 'restored'
                        else 'dropped'
                   end as state
              from londiste_fk.foreign_key r
              left join pg_constraint k on k.oid = londiste_fk.find(r.schema_name, r.table_name, r.fkey_name)) now_is
     where now_is.id = f.id;
end $$;

-- Remembers one foreign key as it is now. One that restore_fks.sql added and nobody validated yet still counts as
-- valid.
create or replace procedure londiste_fk.remember(fkey oid)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    p record;
    f londiste_fk.foreign_key;
    to_be_validated boolean;
begin
    if fkey is null then
        return;
    end if;
    select * into p from londiste_fk.present(fkey);
    if not found then
        return;
    end if;
    select * into f from londiste_fk.foreign_key r
     where (r.schema_name, r.table_name, r.fkey_name) = (p.schema_name, p.table_name, p.fkey_name)
       for update;
    to_be_validated := coalesce(f.state = 'restored' and f.was_valid and f.definition = p.definition
                                and not p.valid, false);

    insert into londiste_fk.foreign_key as r
           (schema_name, table_name, fkey_name, target_schema, target_table, definition,
            partitioned, enforced, was_valid, comment, state, collected_at)
    values (p.schema_name, p.table_name, p.fkey_name, p.target_schema, p.target_table, p.definition,
            p.partitioned, p.enforced, p.valid or to_be_validated, p.comment,
            case when to_be_validated then 'restored' else 'collected' end, now())
    on conflict (schema_name, table_name, fkey_name) do update
       set target_schema = excluded.target_schema, target_table = excluded.target_table,
           definition = excluded.definition,
           partitioned = excluded.partitioned, enforced = excluded.enforced, was_valid = excluded.was_valid,
           comment = excluded.comment, state = excluded.state, collected_at = excluded.collected_at
    returning * into f;

    delete from londiste_fk.partition_fkey i where i.fkey = f.id;
    insert into londiste_fk.partition_fkey (fkey, schema_name, table_name, fkey_name, comment)
    select f.id, c.schema_name, c.table_name, c.fkey_name, obj_description(c.part, 'pg_constraint')
      from londiste_fk.parts(p.fkey) c;
end $$;

-- Remembers every foreign key there is; those remembered earlier that are away now stay remembered.
create or replace procedure londiste_fk.collect()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    present_fkey oid;
begin
    call londiste_fk.look_again();
    for present_fkey in select p.fkey from londiste_fk.present() p
                         order by p.schema_name, p.table_name, p.fkey_name loop
        call londiste_fk.remember(present_fkey);
    end loop;
end $$;
