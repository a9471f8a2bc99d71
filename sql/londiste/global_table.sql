-- Tables of a queue, as the root's control events tell the nodes below.

create or replace function londiste.global_add_table(i_queue_name text, i_table_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_table_name);
    combined text;
begin
    select c.queue_name into combined
      from pgq_node.node_info n
      left join pgq_node.node_info c on c.queue_name = n.combined_queue
     where n.queue_name = i_queue_name
       for update of n;
    if not found then
        ret_code := 400;
        ret_note := format('No such queue: %s', i_queue_name);
        return;
    end if;
    ret_code := 200;
    if exists (select from londiste.table_info where queue_name = i_queue_name and table_name = fq_name) then
        ret_note := format('Table already added: %s', fq_name);
        return;
    end if;
    insert into londiste.table_info (queue_name, table_name) values (i_queue_name, fq_name);
    if combined is not null
       and not exists (select from londiste.table_info where queue_name = combined and table_name = fq_name) then
        insert into londiste.table_info (queue_name, table_name) values (combined, fq_name);
    end if;
    ret_note := format('Table added: %s', fq_name);
end $$;

-- Only what is known here goes, an unknown queue is an error; local_remove_table tells the nodes below a root.
create or replace function londiste.global_remove_table(i_queue_name text, i_table_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    fq_name text := londiste.make_fqname(i_table_name);
begin
    perform pgq_node.is_root_node(i_queue_name);
    delete from londiste.table_info where queue_name = i_queue_name and table_name = fq_name;
    if found then
        ret_code := 200;
        ret_note := format('Table removed: %s', i_table_name);
    else
        ret_code := 400;
        ret_note := format('Table not found: %s', i_table_name);
    end if;
end $$;

-- Control event of a root: the nodes below do the same.
create or replace function londiste.root_notify_change(i_queue_name text, i_ev_type text, i_ev_data text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not coalesce(pgq_node.is_root_node(i_queue_name), false) then
        raise exception 'only root node can send events';
    end if;
    perform pgq.insert_event(i_queue_name, i_ev_type, i_ev_data);
    return 1;
end $$;
