-- Foreign keys that are put aside while their tables are copied.

-- Foreign keys from and to a table, with the statement that makes them again.
create or replace function londiste.find_table_fkeys(i_table_name text)
returns setof londiste.pending_fkeys
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    relation oid := londiste._find_relation(i_table_name, null);
begin
    return query
    select sn.nspname || '.' || s.relname, dn.nspname || '.' || d.relname, c.conname::text,
           format('alter table %s%I.%I add constraint %I %s', case when s.relkind = 'r' then 'only ' end,
               sn.nspname, s.relname, c.conname, pg_get_constraintdef(c.oid))
      from pg_constraint c
      join pg_class s on s.oid = c.conrelid
      join pg_namespace sn on sn.oid = s.relnamespace
      join pg_class d on d.oid = c.confrelid
      join pg_namespace dn on dn.oid = d.relnamespace
     where c.contype = 'f' and c.conparentid = 0 and relation in (c.conrelid, c.confrelid)
     order by 1, 2, 3;
end $$;

-- Drops a foreign key and keeps its definition: how many were dropped.
create or replace function londiste.drop_table_fkey(i_from_table text, i_fkey_name text)
returns integer
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fkey londiste.pending_fkeys;
begin
    select * into fkey
      from londiste.find_table_fkeys(i_from_table)
     where from_table = i_from_table and fkey_name = i_fkey_name;
    if not found then
        return 0;
    end if;
    insert into londiste.pending_fkeys values (fkey.*);
    execute format('alter table %s%s drop constraint %I',
        case when fkey.fkey_def like 'alter table only %' then 'only ' end, londiste._quote_relation(fkey.from_table),
        i_fkey_name);
    return 1;
end $$;

-- Makes a foreign key again, and forgets that it was put aside: the result is empty then.
--
-- With i_lazy the caller does the work, so that no lock is held for long: each call returns the next statement to run
-- in a transaction of its own (add it without looking at the rows, then validate it), until the result is empty.
create or replace function londiste.restore_table_fkey(i_from_table text, i_fkey_name text,
    i_lazy boolean default false)
returns text
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fkey londiste.pending_fkeys;
    is_validated boolean;
begin
    select * into fkey
      from londiste.pending_fkeys
     where from_table = i_from_table and fkey_name = i_fkey_name
       for update;
    if not found then
        return '';
    end if;

    if i_lazy then
        select convalidated into is_validated
          from pg_constraint
         where conrelid = londiste._find_relation(i_from_table, null) and conname = i_fkey_name and contype = 'f';
        if is_validated is null then
            -- On a partitioned table it can only be added as a whole.
            return fkey.fkey_def || case
                when fkey.fkey_def like 'alter table only %' and fkey.fkey_def !~* ' not valid$' then ' not valid'
                else ''
            end;
        elsif not is_validated and fkey.fkey_def !~* ' not valid$' then
            return format('alter table only %s validate constraint %I', londiste._quote_relation(i_from_table),
                i_fkey_name);
        end if;
    else
        -- The stock tool writes names without schema: those of the tables at the key's ends.
        perform set_config('search_path', londiste._search_path(fkey.to_table, fkey.from_table), true);
        execute fkey.fkey_def;
        perform set_config('search_path', 'pg_catalog, pg_temp', true);
    end if;
    delete from londiste.pending_fkeys where from_table = fkey.from_table and fkey_name = fkey.fkey_name;
    return '';
end $$;

-- Foreign keys put aside from and to a table.
create or replace function londiste.get_table_pending_fkeys(i_table_name text)
returns setof londiste.pending_fkeys
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select * from londiste.pending_fkeys
     where i_table_name in (from_table, to_table)
     order by 1, 2, 3;
end $$;

-- Foreign keys put aside whose tables are both in sync, in each queue that brings them here, so that they can come
-- back. One of these queues brings them back: a queue that is combined into another one before the others, then by
-- name.
create or replace function londiste.get_valid_pending_fkeys(i_queue_name text)
returns setof londiste.pending_fkeys
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select p.*
      from londiste.pending_fkeys p
     cross join lateral (
           select bool_and(coalesce(t.merge_state, '') = 'ok')
                  and bool_or(coalesce(t.dest_table, t.table_name) = p.from_table)
                  and bool_or(coalesce(t.dest_table, t.table_name) = p.to_table) as in_sync,
                  (array_agg(t.queue_name order by n.combined_queue is null, t.queue_name))[1] as by_queue
             from londiste.table_info t join pgq_node.node_info n on n.queue_name = t.queue_name
            where t.local and coalesce(t.dest_table, t.table_name) in (p.from_table, p.to_table)) ends
     where ends.in_sync and ends.by_queue = i_queue_name
     order by 1, 2, 3;
end $$;
