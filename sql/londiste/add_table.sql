-- Tables come into replication on this node.

-- Registers a table of the queue on this node, or of this root in the queue.
--
-- i_trg_args: see create_trigger; merge_all, no_merge: where other leaf queues of this database bring the same table,
-- take it from all of them, or only from this one. i_dest_table: the name it has here. 200; 400 no such queue, or no
-- primary key; 404 not in the queue, or not in this database; 405 sources to choose from; 410 added already, with other
-- attributes; 403, 410 its triggers cannot be made.
create or replace function londiste.local_add_table(i_queue_name text, i_table_name text, i_trg_args text[],
    i_table_attrs text, i_dest_table text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_table_name);
    args text[] := coalesce(i_trg_args, '{}');
    dest text := londiste.make_fqname(coalesce(i_dest_table, i_table_name));
    shown text := fq_name || coalesce('(' || nullif(dest, fq_name) || ')', '');
    merge_all boolean := 'merge_all' = any (args);
    no_merge boolean := 'no_merge' = any (args);
    virtual_table boolean := 'virtual_table' = any (args);
    expect_sync boolean := 'expect_sync' = any (args);
    attrs text := i_table_attrs;
    node record;
    known record;
    is_known boolean;
    source_queue text;
    relation oid := londiste.find_table_oid(dest);
    trigger record;
begin
    if merge_all and no_merge then
        ret_code := 405;
        ret_note := 'Cannot use merge-all and no-merge together';
        return;
    end if;
    if not virtual_table then
        if relation is null then
            ret_code := 404;
            ret_note := 'Table does not exist: ' || shown;
            return;
        end if;
        if not exists (select from pg_index where indrelid = relation and indisprimary) then
            ret_code := 400;
            ret_note := 'Primary key missing on table: ' || shown;
            return;
        end if;
    end if;
    select n.node_type, n.combined_queue, c.node_type as combined_type into node
      from pgq_node.node_info n
      left join pgq_node.node_info c on c.queue_name = n.combined_queue
     where n.queue_name = i_queue_name;
    if not found then
        ret_code := 400;
        ret_note := format('No such set: %s', i_queue_name);
        return;
    end if;

    if 'skip_truncate' = any (args) then
        attrs := coalesce(attrs || '&skip_truncate=1', 'skip_truncate=1');
    end if;
    select local, table_attrs into known
      from londiste.table_info where queue_name = i_queue_name and table_name = fq_name
       for update;
    is_known := found;
    if is_known and known.local and known.table_attrs is distinct from attrs then
        ret_code := 410;
        ret_note := format('Table %s already added, but with different args: %s', shown, known.table_attrs);
        return;
    elsif is_known and known.local then
        ret_code := 200;
        ret_note := 'Table already added: ' || shown;
        return;
    end if;
    if not is_known and node.node_type <> 'root' then
        ret_code := 404;
        ret_note := 'Table not available on queue: ' || shown;
        return;
    end if;

    if node.node_type = 'leaf' and not no_merge then
        if not merge_all and exists (
            select from londiste.table_info t join pgq_node.node_info n using (queue_name)
             where t.queue_name <> i_queue_name and t.table_name = fq_name and not t.local
               and n.node_type = 'leaf') then
            ret_code := 405;
            ret_note := format('Found multiple sources for table %s, use merge-all or no-merge to continue', shown);
            return;
        end if;
        select queue_name into source_queue
          from londiste.table_info
         where queue_name not in (i_queue_name, coalesce(node.combined_queue, '')) and local
           and coalesce(dest_table, table_name) = dest
         order by nr limit 1;
        if found then
            ret_code := 405;
            ret_note := format('Found local table %s in queue %s, use remove-table first to remove all previous '
                               'table subscriptions',
                shown, source_queue);
            return;
        end if;
    end if;

    -- The triggers first: where they cannot be made, nothing is registered.
    select * into trigger from londiste.create_trigger(i_queue_name, fq_name, args, dest, node.node_type);
    if trigger.ret_code >= 300 then
        ret_code := trigger.ret_code;
        ret_note := format('Trigger creation failed for table %s: %s', shown, trigger.ret_note);
        return;
    end if;

    -- Where a combined branch stands here, rows come through its queue: this one has nothing to copy.
    if not is_known then
        insert into londiste.table_info (queue_name, table_name) values (i_queue_name, fq_name);
    end if;
    update londiste.table_info t
       set local = true, table_attrs = attrs, dest_table = nullif(dest, fq_name),
           merge_state = case when node.node_type = 'root' or node.combined_type = 'branch' or expect_sync
                                   or virtual_table then 'ok' end
     where table_name = fq_name
       and (queue_name = i_queue_name
            or merge_all and not local
            and queue_name in (select n.queue_name from pgq_node.node_info n where n.node_type = 'leaf'));
    perform londiste._add_to_combined(node.combined_queue, node.combined_type, fq_name, args, attrs, dest, no_merge);
    if node.node_type = 'root' then
        perform londiste.root_notify_change(i_queue_name, 'londiste.add-table', fq_name);
    end if;

    ret_code := 200;
    ret_note := case when trigger.ret_code = 201 then 'Table added with no triggers: '
                     else 'Table added: ' end || shown;
end $$;

-- A table that arrives here from partitions goes on through the queue that combines them: its root tells the others, a
-- branch still copies it.
create or replace function londiste._add_to_combined(i_combined_queue text, i_combined_type text, i_table_name text,
    i_trg_args text[], i_table_attrs text, i_dest_table text, i_no_merge boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if i_combined_type in ('root', 'branch') and not i_no_merge and exists (
        select from londiste.table_info
         where queue_name = i_combined_queue and table_name = i_table_name and not local) then
        perform londiste.create_trigger(i_combined_queue, i_table_name, i_trg_args, i_dest_table, i_combined_type);
        update londiste.table_info
           set local = true, merge_state = case when i_combined_type = 'root' then 'ok' end,
               table_attrs = i_table_attrs, dest_table = nullif(i_dest_table, i_table_name)
         where queue_name = i_combined_queue and table_name = i_table_name;
        if i_combined_type = 'root' then
            perform londiste.root_notify_change(i_combined_queue, 'londiste.add-table', i_table_name);
        end if;
    end if;
end $$;

create or replace function londiste.local_add_table(i_queue_name text, i_table_name text, i_trg_args text[],
    i_table_attrs text, out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into ret_code, ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, i_trg_args, i_table_attrs, null);
end $$;

create or replace function londiste.local_add_table(i_queue_name text, i_table_name text, i_trg_args text[],
    out ret_code integer, out ret_note text)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into ret_code, ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, i_trg_args, null, null);
end $$;

create or replace function londiste.local_add_table(i_queue_name text, i_table_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
begin
    select * into ret_code, ret_note
      from londiste.local_add_table(i_queue_name, i_table_name, null, null, null);
end $$;
