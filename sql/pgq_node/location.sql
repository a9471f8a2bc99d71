-- Members of a queue's cascade and their connect strings. The root tells every node of a change through the queue.

-- Adds or changes a member; without a connect string only whether it is dead.
create or replace function pgq_node.register_location(i_queue_name text, i_node_name text, i_node_location text,
    i_dead boolean, out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgq_node._root_event(i_queue_name, 'pgq.location-info', i_node_name,
        i_node_location, case when i_dead then 'true' else 'false' end);
    if i_node_location is null then
        update pgq_node.node_location set dead = i_dead where queue_name = i_queue_name and node_name = i_node_name;
    else
        insert into pgq_node.node_location (queue_name, node_name, node_location, dead)
        values (i_queue_name, i_node_name, i_node_location, i_dead)
        on conflict (queue_name, node_name) do update
           set node_location = excluded.node_location, dead = excluded.dead;
    end if;
    ret_code := 200;
    ret_note := 'Location registered';
end $$;

-- Removes a member, and its subscription here where it has one: 200, 301 unknown, 403 it is this node or its provider.
create or replace function pgq_node.unregister_location(i_queue_name text, i_node_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pgq_node.node_info where queue_name = i_queue_name and node_name = i_node_name) then
        ret_code := 403;
        ret_note := 'Cannot drop node''s own location';
        return;
    end if;
    if exists (select from pgq_node.local_state where queue_name = i_queue_name and provider_node = i_node_name) then
        ret_code := 403;
        ret_note := 'Cannot drop location of node''s parent';
        return;
    end if;
    if exists (select from pgq_node.subscriber_info
                where queue_name = i_queue_name and subscriber_node = i_node_name) then
        perform pgq_node.unregister_subscriber(i_queue_name, i_node_name);
    end if;
    perform pgq_node._root_event(i_queue_name, 'pgq.unregister-location', i_node_name, null, null);

    delete from pgq_node.node_location where queue_name = i_queue_name and node_name = i_node_name;
    if found then
        ret_code := 200;
        ret_note := 'Ok';
    else
        ret_code := 301;
        ret_note := format('Location not found: %s/%s', i_queue_name, i_node_name);
    end if;
end $$;

create or replace function pgq_node.get_queue_locations(i_queue_name text,
    out node_name text, out node_location text, out dead boolean)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select l.node_name, l.node_location, l.dead
      from pgq_node.node_location l where l.queue_name = i_queue_name
     order by l.node_name;
end $$;

-- Puts a control event into the queue where this node is its root; elsewhere the event comes from upstream.
create or replace function pgq_node._root_event(i_queue_name text, i_ev_type text, i_ev_data text, i_extra2 text,
    i_extra3 text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pgq_node.node_info where queue_name = i_queue_name and node_type = 'root') then
        perform pgq.insert_event(i_queue_name, i_ev_type, i_ev_data, i_queue_name, i_extra2, i_extra3, null);
    end if;
end $$;
