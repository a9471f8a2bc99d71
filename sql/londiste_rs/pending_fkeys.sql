-- Drops the foreign keys at either end of a table into londiste.pending_fkeys, in the stock form, so that either worker can bring them back;
-- those that a partition has for itself, or that reference it alone, too. Returns their number. The caller sets lock_timeout.
create or replace function londiste_rs.drop_fkeys(i_table_name text)
returns integer language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
    rels oid[] := array(select rel union select p.relid::oid from pg_partition_tree(rel) p);
    k record;
    dropped integer := 0;
begin
    -- copies of both ends run at once: one after the other, each seeing what the one before has done
    perform pg_advisory_xact_lock(hashtextextended('londiste_rs.foreign_keys', 0));
    for k in
        select c.conrelid, c.conname::text as name, r.relkind, pg_get_constraintdef(c.oid) as definition,
               londiste_rs.plain_name(c.conrelid) as from_table, londiste_rs.plain_name(c.confrelid) as to_table
          from pg_constraint c join pg_class r on r.oid = c.conrelid
         where c.contype = 'f' and c.conparentid = 0 and (c.conrelid = any (rels) or c.confrelid = any (rels))
         order by 1, 2
    loop
        insert into londiste.pending_fkeys (from_table, to_table, fkey_name, fkey_def)
        values (k.from_table, k.to_table, k.name,
                format('alter table %s%s add constraint %I %s', case when k.relkind = 'p' then '' else 'only ' end,
                       k.conrelid::regclass, k.name, k.definition))
            on conflict (from_table, fkey_name) do update set fkey_def = excluded.fkey_def, to_table = excluded.to_table;
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
    select f.from_table, f.fkey_name
      from londiste.pending_fkeys f
     -- a partition is copied with the tables above it
     cross join lateral (
           select array_agg(e.name) || array_agg(londiste_rs.plain_name(a.relid)) as names
             from (values (f.from_table), (f.to_table)) e (name)
             left join lateral pg_partition_ancestors(londiste_rs.find_relation(e.name)) a on true) ends
     where not exists (
           select from londiste.table_info t join pgq_node.node_info n on n.queue_name = t.queue_name
            where t.local and n.node_type <> 'root' and coalesce(t.merge_state, '') <> 'ok'
              and coalesce(t.dest_table, t.table_name) = any (ends.names))
     order by 1, 2
$$;

-- Brings one pending foreign key back with a short lock: NOT VALID, to be validated later (londiste_rs.unvalidated_fkey remembers it).
-- Where a partitioned table cannot have it NOT VALID (before PostgreSQL 18), it is validated at once. One that is there already, or whose
-- table is gone, is only taken off the list. Returns whether it has still to be validated.
create or replace function londiste_rs.restore_fkey(i_from_table text, i_fkey_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    f record;
    rel oid := londiste_rs.find_relation(i_from_table);
    lazy boolean;
begin
    perform pg_advisory_xact_lock(hashtextextended('londiste_rs.foreign_keys', 0));
    delete from londiste.pending_fkeys p
     where p.from_table = i_from_table and p.fkey_name = i_fkey_name
    returning * into f;
    if not found or rel is null or londiste_rs.find_relation(f.to_table) is null
       or exists (select from pg_constraint k where k.conrelid = rel and k.conname = i_fkey_name::name)
    then
        return false;
    end if;
    lazy := f.fkey_def !~* 'not valid$'
        and ((select relkind from pg_class where oid = rel) <> 'p' or current_setting('server_version_num')::integer >= 180000);
    perform set_config('search_path', londiste_rs.search_path_of(londiste_rs.find_relation(f.to_table), rel), true);
    execute f.fkey_def || case when lazy then ' not valid' else '' end;
    perform set_config('search_path', 'pg_catalog, pg_temp', true);
    if lazy then
        insert into londiste_rs.unvalidated_fkey (table_name, fkey_name) values (i_from_table, i_fkey_name) on conflict do nothing;
    end if;
    return lazy;
end $$;

-- Validates one foreign key that restore_fkey brought back. Writers go on meanwhile.
create or replace function londiste_rs.validate_fkey(i_from_table text, i_fkey_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_from_table);
begin
    if exists (select from pg_constraint k where k.conrelid = rel and k.conname = i_fkey_name::name and not k.convalidated) then
        execute format('alter table %s validate constraint %I', rel::regclass, i_fkey_name);
    end if;
    delete from londiste_rs.unvalidated_fkey u where u.table_name = i_from_table and u.fkey_name = i_fkey_name;
end $$;
