-- Drops the foreign keys at either end of a table into londiste.pending_fkeys, in the stock form, so that either worker
-- can bring them back; those that a partition has for itself, or that reference it alone, too. Returns their number:
-- none where the table has left replication meanwhile, since nobody would bring them back. The caller sets
-- lock_timeout.
create or replace function londiste_rs.drop_fkeys(i_table_name text)
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    rels oid[] := array(select rel union select p.relid::oid from londiste_rs.partition_tree(rel) p);
    k record;
    dropped integer := 0;
begin
    -- copies of both ends run at once, and tables leave: one after the other, each seeing what the one before has done
    perform londiste_rs.lock_fkeys();
    if not londiste_rs.is_replicated_here(i_table_name) then
        return 0;
    end if;
    for k in
        select c.oid, c.conrelid, c.conname::text as name
          from pg_constraint c
         where c.contype = 'f' and c.conparentid = 0 and (c.conrelid = any (rels) or c.confrelid = any (rels))
         order by 2, 3
    loop
        perform londiste_rs.remember_fkey(k.oid);
        -- what was left to do after an earlier copy begins anew with this one
        update londiste_rs.foreign_key f set to_validate = false, error = null, tried = null
         where f.table_name = londiste_rs.plain_name(k.conrelid) and f.fkey_name = k.name;
        insert into londiste.pending_fkeys (from_table, to_table, fkey_name, fkey_def)
        select f.table_name, f.to_table, f.fkey_name, londiste_rs.fkey_statement(f, false)
          from londiste_rs.foreign_key f
         where f.table_name = londiste_rs.plain_name(k.conrelid) and f.fkey_name = k.name
            on conflict (from_table, fkey_name) do update
               set fkey_def = excluded.fkey_def, to_table = excluded.to_table;
        execute format('alter table %s drop constraint %I', k.conrelid::regclass, k.name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

-- Pending foreign keys that may come back now: no end of theirs is being copied or waits for it.
create or replace function londiste_rs.restorable_fkeys(out from_table text, out fkey_name text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with busy (name) as materialized (
        select coalesce(t.dest_table, t.table_name)
          from londiste.table_info t join pgq_node.node_info n on n.queue_name = t.queue_name
         where t.local and n.node_type <> 'root' and coalesce(t.merge_state, '') <> 'ok')
    select f.from_table, f.fkey_name
      from londiste.pending_fkeys f
     -- a partition is copied with the tables above it
     cross join lateral (
           select array_agg(e.name) || array_agg(londiste_rs.plain_name(a.relid)) as names
             from (values (f.from_table), (f.to_table)) e (name)
             left join lateral pg_partition_ancestors(londiste_rs.find_relation(e.name)) a on true) ends
     where not exists (select from busy b where b.name = any (ends.names))
     order by 1, 2
$$;

-- Brings one pending foreign key back with a short lock: NOT VALID where its own state is valid, to be validated later.
-- Where a partitioned table cannot have it NOT VALID (before PostgreSQL 18), it is validated at once. One that is there
-- already, or whose table is gone, is only taken off the list. Returns whether it has still to be validated.
create or replace function londiste_rs.restore_fkey(i_from_table text, i_fkey_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    p londiste.pending_fkeys;
    f londiste_rs.foreign_key;
    rel oid := londiste_rs.find_relation(i_from_table);
    k pg_constraint;
begin
    perform londiste_rs.lock_fkeys();
    delete from londiste.pending_fkeys x
     where x.from_table = i_from_table and x.fkey_name = i_fkey_name
    returning * into p;
    if not found or rel is null or londiste_rs.find_relation(p.to_table) is null
       or exists (select from pg_constraint c where c.conrelid = rel and c.conname = i_fkey_name::name)
    then
        return false;
    end if;
    select * into f from londiste_rs.foreign_key x where x.table_name = i_from_table and x.fkey_name = i_fkey_name;
    -- what the stock worker has written names tables without their schemas, also where it is remembered since
    perform set_config('search_path', londiste_rs.search_path_of(londiste_rs.find_relation(p.to_table), rel), true);
    if f.fkey_name is not null then
        execute londiste_rs.fkey_statement(f, true);
        perform londiste_rs.dress_fkey(f);
    else
        -- dropped by the stock worker, or by an older version
        execute p.fkey_def || case when p.fkey_def !~* '( not valid| not enforced)$'
                                    and ((select c.relkind from pg_class c where c.oid = rel) <> 'p'
                                         or current_setting('server_version_num')::integer >= 180000) then ' not valid'
                                   else '' end;
    end if;
    perform set_config('search_path', 'pg_catalog, pg_temp', true);
    select * into k from pg_constraint c where c.conrelid = rel and c.conname = i_fkey_name::name and c.contype = 'f';
    perform londiste_rs.remember_fkey(k.oid);
    update londiste_rs.foreign_key x
       set was_valid = coalesce(f.was_valid, p.fkey_def !~* '( not valid| not enforced)$'),
           was_deferrable = coalesce(f.was_deferrable, x.was_deferrable),
           was_deferred = coalesce(f.was_deferred, x.was_deferred),
           to_validate = not k.convalidated and coalesce(f.was_valid, p.fkey_def !~* '( not valid| not enforced)$'),
           error = null, tried = null
     where x.table_name = i_from_table and x.fkey_name = i_fkey_name
    returning * into f;
    return f.to_validate;
end $$;

-- Validates one foreign key that restore_fkey brought back. Writers go on meanwhile.
create or replace function londiste_rs.validate_fkey(i_from_table text, i_fkey_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from londiste_rs.unvalidated_fkey u
                where u.table_name = i_from_table and u.fkey_name = i_fkey_name) then
        execute format('alter table %s validate constraint %I', londiste_rs.find_relation(i_from_table)::regclass,
            i_fkey_name);
    end if;
    update londiste_rs.foreign_key f set to_validate = false, error = null
     where f.table_name = i_from_table and f.fkey_name = i_fkey_name;
    perform londiste_rs.settle_fkeys();
end $$;

-- Keeps why a foreign key could not be brought back or validated.
create or replace function londiste_rs.fkey_failed(i_from_table text, i_fkey_name text, i_error text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste_rs.foreign_key f set error = i_error, tried = now()
     where f.table_name = i_from_table and f.fkey_name = i_fkey_name;
    if not found then
        perform londiste_rs.remember_pending_fkey(i_from_table, i_fkey_name);
        update londiste_rs.foreign_key f set error = i_error, tried = now()
         where f.table_name = i_from_table and f.fkey_name = i_fkey_name;
    end if;
end $$;

-- Foreign keys that the worker can do something about now: restore, or validate. One that failed to come back is tried
-- again after a minute; one with rows that break it is validated by whoever has repaired them.
create or replace function londiste_rs.fkey_work(out table_name text, out fkey_name text, out step text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform londiste_rs.settle_fkeys();
    return query
    select c.table_name, c.fkey_name, case when c.state = 'dropped' then 'restore' else 'validate' end
      from londiste_rs.changed_fkey c
     where case c.state when 'dropped' then (c.tried is null or c.tried < now() - interval '1 minute')
                                            and exists (select from londiste_rs.restorable_fkeys() r
                                                         where r.from_table = c.table_name
                                                           and r.fkey_name = c.fkey_name)
                        when 'unvalidated' then c.error is null
                        else false end
     order by c.state, 1, 2;
end $$;

-- What keeps foreign keys from being as they were, for people, with the command that mends it.
create or replace function londiste_rs.fkey_troubles(out table_name text, out to_table text, out since timestamptz,
    out trouble text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.table_name, c.to_table, c.tried,
           case c.state when 'dropped'
                            then format('foreign key %s does not come back, it is tried again each minute: %s',
                                        c.fkey_name, c.error)
                        else format('foreign key %s is back and cannot be validated: %s; '
                                    'when the rows are repaired: alter table %s validate constraint %I',
                                    c.fkey_name, c.error, londiste_rs.find_relation(c.table_name)::regclass,
                                    c.fkey_name) end
      from londiste_rs.changed_fkey c
     where c.error is not null
     order by 1, 4
$$;
