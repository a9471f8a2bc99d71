-- Why a relation cannot be replicated on this node; null where it can.
create or replace function londiste_rs.refuse_table(i_queue_name text, i_rel oid, i_node_type text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
    select case
        when c.relkind = 'f' then 'it is a foreign table: its rows live on another server'
        when c.relkind in ('v', 'm') then 'it is a view: replicate the tables below it'
        when c.relkind not in ('r', 'p') then 'it is not a table'
        when c.relpersistence = 't' then 'it is a temporary table'
        when c.relispartition and exists (
             select from pg_partition_ancestors(c.oid) p
               join londiste.table_info t on t.queue_name = i_queue_name and t.local
                and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) = p.relid
              where p.relid <> c.oid)
            then 'it is a partition of a table that is replicated already'
        when not has_schema_privilege(c.relnamespace, 'usage')
            then format('role %s has no USAGE on its schema: grant it', current_user)
        when i_node_type = 'root'
             and not (has_table_privilege(c.oid, 'trigger') and has_any_column_privilege(c.oid, 'select'))
            then format('role %s has no privilege SELECT and TRIGGER on it: grant them', current_user)
        when i_node_type <> 'root' and not pg_has_role(c.relowner, 'usage')
            then format('role %s does not own it (owner: %s): grant membership in the owner', current_user,
                        pg_get_userbyid(c.relowner))
        end
      from pg_class c where c.oid = i_rel);
end $$;

-- Why the stock triggers cannot capture a table; null where they can. They write one event for each key, under the name
-- of the table that fired.
create or replace function londiste_rs.refuse_stock_capture(i_rel oid)
returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case
        when c.relkind = 'p'
            then 'with capture = stock its changes would be written under the names of its partitions: '
                 'add those one by one'
        when not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
            then 'it has no primary key, which capture = stock needs: add one, '
                 'or use capture = generated where no stock worker subscribes'
        end
      from pg_class c where c.oid = i_rel
$$;

-- Takes a table into replication on this node. Other than londiste.local_add_table it takes tables without a primary
-- key and partitioned ones, and installs the capture (root) or the guard (leaf) of this project. Options: expect_sync
-- (rows are there already), skip_truncate, no_triggers; on the root stock_capture: londiste.local_add_table registers
-- it, with the stock triggers that every subscriber understands, chosen by tgflags=FLAGS and trigger_arg=ARGUMENT.
-- Codes: 200 added or already there; 400 cannot be replicated; 404 no such table, node, or table on the queue.
create or replace function londiste_rs.add_table(
    i_queue_name text, i_table_name text, i_dest_table text, i_options text[], out ret_code integer, out ret_note text)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    node record;
    info record;
    dest text := coalesce(i_dest_table, i_table_name);
    rel oid := londiste_rs.find_relation(coalesce(i_dest_table, i_table_name));
    attrs text;
begin
    ret_code := 404;
    select * into node from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        ret_note := format('no node of queue "%s" in this database', i_queue_name);
        return;
    end if;
    if rel is null then
        ret_note := format('table %s does not exist on node %s', dest, node.node_name);
        return;
    end if;
    select * into info from londiste.table_info where queue_name = i_queue_name and table_name = i_table_name;
    if info.local then
        ret_code := 200;
        ret_note := format('table %s is replicated already', i_table_name);
        return;
    end if;
    ret_note := londiste_rs.refuse_table(i_queue_name, rel, node.node_type);
    if ret_note is not null then
        ret_code := 400;
        ret_note := format('table %s cannot be replicated: %s', dest, ret_note);
        return;
    end if;
    if node.node_type = 'root' and 'stock_capture' = any (i_options) then
        ret_note := londiste_rs.refuse_stock_capture(rel);
        if ret_note is not null then
            ret_code := 400;
            ret_note := format('table %s cannot be replicated: %s', dest, ret_note);
            return;
        end if;
        select l.ret_code, l.ret_note into ret_code, ret_note
          from londiste.local_add_table(i_queue_name, i_table_name,
                   array(select regexp_replace(o, '^trigger_arg=', '') from unnest(i_options) with ordinality u(o, pos)
                          where o <> 'stock_capture' order by pos), null, i_dest_table) l;
        return;
    end if;
    if node.node_type <> 'root' and info is null then
        ret_note := format('table %s is not on the queue: add it on the provider first', i_table_name);
        return;
    end if;
    if node.node_type = 'root' then
        select format('it is replicated as %s, which was its name: remove-table %1$s first', c.table_name) into ret_note
          from londiste_rs.capture c
         where c.queue_name = i_queue_name and c.relid = rel and c.table_name <> i_table_name;
        if found then
            ret_code := 400;
            ret_note := format('table %s cannot be replicated: %s', i_table_name, ret_note);
            return;
        end if;
    end if;
    -- the guard of one table's parallel additions
    perform from pgq_node.node_info where queue_name = i_queue_name for update;
    if info is null then
        insert into londiste.table_info (queue_name, table_name) values (i_queue_name, i_table_name)
            on conflict do nothing;
    end if;
    delete from londiste_rs.table_error e where e.queue_name = i_queue_name and e.table_name = i_table_name;
    delete from londiste_rs.capture_part p where p.queue_name = i_queue_name and p.table_name = i_table_name;
    delete from londiste_rs.new_partition_row r where r.queue_name = i_queue_name and r.table_name = i_table_name;
    delete from londiste_rs.copy_tick k where k.queue_name = i_queue_name and k.table_name = i_table_name;
    delete from londiste_rs.partition_notice n where n.queue_name = i_queue_name and n.table_name = i_table_name;
    delete from londiste_rs.table_identity i where i.queue_name = i_queue_name and i.table_name = i_table_name;
    perform londiste_rs.skip_columns(i_queue_name, i_table_name, '{}');
    attrs := case when 'skip_truncate' = any (i_options) then 'skip_truncate=1' end;
    update londiste.table_info
       set local = true, dest_table = nullif(i_dest_table, i_table_name), custom_snapshot = null, table_attrs = attrs,
           merge_state = case when node.node_type = 'root' or 'expect_sync' = any (i_options) then 'ok' end
     where queue_name = i_queue_name and table_name = i_table_name;
    if node.node_type = 'root' then
        perform londiste_rs.capture_table(i_queue_name, i_table_name);
        perform londiste_rs.know_partitions(i_queue_name, i_table_name);
        perform londiste.root_notify_change(i_queue_name, 'londiste.add-table', i_table_name);
    else
        if node.node_type = 'leaf' and not 'no_triggers' = any (i_options) then
            perform londiste_rs.guard_table(i_queue_name, rel);
        end if;
        -- a worker that listens begins the copy at once
        perform pg_notify('londiste_rs_tables', i_queue_name);
    end if;
    ret_code := 200;
    ret_note := format('table %s added', i_table_name);
end $$;

-- Puts the triggers on a leaf's table that refuse changes from anyone but the worker. Their condition keeps them from
-- calling a function for each row of the worker's; those of an older version, which have none, are made anew.
create or replace function londiste_rs.guard_table(i_queue_name text, i_rel oid)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
-- as for ensure_trigger
set enable_seqscan = off
as $$
declare
    name text := londiste_rs.trigger_name(i_queue_name);
    t record;
begin
    for t in select v.*, g.tgfoid as function, g.tgqual as condition
               from (values (name, 'insert or update or delete', 'row'),
                     (name || '_truncate', 'truncate', 'statement')) v (name, events, level)
               left join pg_trigger g on g.tgrelid = i_rel and g.tgname = v.name::name
    loop
        -- another one under the name stays
        continue when t.condition is not null or t.function <> 'londiste_rs.deny()'::regprocedure;
        if t.function is not null then
            execute format('drop trigger %I on %s', t.name, i_rel::regclass);
        end if;
        execute format(
            $f$create trigger %I before %s on %s for each %s
               when (current_setting('londiste_rs.replay', true) is distinct from 'on')
               execute function londiste_rs.deny(%L)$f$,
            t.name, t.events, i_rel::regclass, t.level, i_queue_name);
    end loop;
end $$;

-- Takes a table out of replication on this node and undoes what replication did to it: triggers, relaxations, foreign
-- keys dropped for a copy. Codes as londiste.local_remove_table.
create or replace function londiste_rs.remove_table(
    i_queue_name text, i_table_name text, out ret_code integer, out ret_note text)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set client_min_messages = warning
as $$
declare
    dest text;
    relations oid[];
    r oid;
    f record;
    fkeys text;
    away text := '';
    index_note text;
    lost text := '';
begin
    perform londiste_rs.lock_fkeys();
    select coalesce(t.dest_table, t.table_name) into dest
      from londiste.table_info t
     where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local;
    if not found then
        ret_code := 400;
        ret_note := format('table %s is not replicated here', i_table_name);
        return;
    end if;
    perform londiste_rs.release_table(i_queue_name, i_table_name);
    -- indexes that a copy has dropped come back one by one below: what the rows keep from coming back is told
    perform londiste_rs.copy_adopt_dropped(i_queue_name, i_table_name, dest);
    update londiste.table_info t set dropped_ddl = null
     where t.queue_name = i_queue_name and t.table_name = i_table_name and t.dropped_ddl is not null;
    select l.ret_code, l.ret_note into ret_code, ret_note
      from londiste.local_remove_table(i_queue_name, i_table_name) l;
    if ret_code >= 300 then
        return;
    end if;
    relations := array(select x.relid from londiste_rs.row_relations(londiste_rs.find_relation(dest)) x);
    foreach r in array relations || londiste_rs.find_relation(dest) loop
        continue when r is null;
        execute format('drop trigger if exists %I on %s', londiste_rs.trigger_name(i_queue_name), r::regclass);
        execute format('drop trigger if exists %I on %s', londiste_rs.trigger_name(i_queue_name) || '_truncate',
            r::regclass);
    end loop;
    delete from londiste_rs.table_error e where e.queue_name = i_queue_name and e.table_name = i_table_name;
    delete from londiste_rs.capture_part p where p.queue_name = i_queue_name and p.table_name = i_table_name;
    delete from londiste_rs.new_partition_row r where r.queue_name = i_queue_name and r.table_name = i_table_name;
    delete from londiste_rs.copy_tick k where k.queue_name = i_queue_name and k.table_name = i_table_name;
    delete from londiste_rs.partition_notice n where n.queue_name = i_queue_name and n.table_name = i_table_name;
    delete from londiste_rs.table_identity i where i.queue_name = i_queue_name and i.table_name = i_table_name;
    perform londiste_rs.skip_columns(i_queue_name, i_table_name, '{}');
    delete from londiste_rs.copy_progress p where p.queue_name = i_queue_name and p.table_name = i_table_name;
    perform londiste_rs.copy_forget(i_queue_name, i_table_name);
    for index_note in select x from londiste_rs.copy_restore_dropped(dest) x loop
        lost := lost || ' ' || index_note;
    end loop;
    delete from londiste_rs.table_conflict c where c.queue_name = i_queue_name and c.table_name = i_table_name;
    delete from londiste_rs.drift d where d.queue_name = i_queue_name and d.table_name = i_table_name;
    -- one foreign key's failure is not the table's, and other tables' foreign keys are the worker's
    for f in
        select p.from_table, p.fkey_name from londiste_rs.restorable_fkeys() x
          join londiste.pending_fkeys p using (from_table, fkey_name)
         where (relations || londiste_rs.find_relation(dest))
               && array[londiste_rs.find_relation(p.from_table), londiste_rs.find_relation(p.to_table)]
    loop
        begin
            perform londiste_rs.restore_fkey(f.from_table, f.fkey_name);
        exception
            when lock_not_available or deadlock_detected then
                -- the caller tries again
                raise;
            when others then
                perform londiste_rs.fkey_failed(f.from_table, f.fkey_name, sqlerrm);
                away := away || format(' %s of %s (%s)', f.fkey_name, f.from_table, sqlerrm);
        end;
    end loop;
    perform londiste_rs.restore_relaxed();
    select coalesce(string_agg(format(' %s of %s', u.fkey_name, u.table_name), ',' order by u.table_name, u.fkey_name),
                    '') into fkeys
      from londiste_rs.changed_fkey u
     where u.state = 'unvalidated'
       and (relations || londiste_rs.find_relation(dest))
           && array[londiste_rs.find_relation(u.table_name), londiste_rs.find_relation(u.to_table)];
    ret_note := format('table %s removed', i_table_name)
        || case when lost <> '' then '; its copy was not complete, '
                                     'and these indexes cannot be brought back on its rows:' || lost else '' end
        || case when fkeys <> '' then '; foreign keys that are back and still to be validated:' || fkeys else '' end
        || case when away <> '' then '; foreign keys that do not come back:' || away else '' end;
end $$;
