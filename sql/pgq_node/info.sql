-- What is known of this node and of the consumers that work here.

create or replace function pgq_node.is_root_node(i_queue_name text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq_node._node_type(i_queue_name) = 'root';
end $$;

create or replace function pgq_node.is_leaf_node(i_queue_name text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq_node._node_type(i_queue_name) = 'leaf';
end $$;

create or replace function pgq_node._node_type(i_queue_name text)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    type_here text;
begin
    select node_type into type_here from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        raise exception 'queue does not exist: %', i_queue_name;
    end if;
    return type_here;
end $$;

create or replace function pgq_node._last_tick(i_queue_name text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select t.tick_id from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
             where q.queue_name = i_queue_name order by t.tick_id desc limit 1);
end $$;

-- The oldest tick that anyone reading from this node may still need.
create or replace function pgq_node._local_watermark(i_queue_name text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select min(s.sub_last_tick)
           from pgq.subscription s
           join pgq.queue q on q.queue_id = s.sub_queue
           join pgq.consumer c on c.co_id = s.sub_consumer
          where q.queue_name = i_queue_name and c.co_name <> '.global_watermark'),
        pgq_node._last_tick(i_queue_name));
end $$;

create or replace function pgq_node.get_node_info(i_queue_name text, out ret_code integer, out ret_note text,
    out node_type text, out node_name text, out global_watermark bigint, out local_watermark bigint,
    out provider_node text, out provider_location text, out combined_queue text, out combined_type text,
    out worker_name text, out worker_paused boolean, out worker_uptodate boolean, out worker_last_tick bigint,
    out node_attrs text, out target_for text[])
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    select 100, 'Ok', n.node_type, n.node_name, s.provider_node, l.node_location, n.combined_queue, c.node_type,
           n.worker_name, s.paused, s.uptodate, s.last_tick_id, n.node_attrs,
           (select array_agg(part.queue_name order by part.queue_name)
              from pgq_node.node_info part where part.combined_queue = i_queue_name)
      into ret_code, ret_note, node_type, node_name, provider_node, provider_location, combined_queue, combined_type,
           worker_name, worker_paused, worker_uptodate, worker_last_tick, node_attrs, target_for
      from pgq_node.node_info n
      left join pgq_node.node_info c on c.queue_name = n.combined_queue
      left join pgq_node.local_state s on s.queue_name = n.queue_name and s.consumer_name = n.worker_name
      left join pgq_node.node_location l on l.queue_name = n.queue_name and l.node_name = s.provider_node
     where n.queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown queue: %s', i_queue_name);
        return;
    end if;
    if node_type = 'leaf' then
        local_watermark := worker_last_tick;
        return;
    end if;
    select last_tick into global_watermark from pgq.get_consumer_info(i_queue_name, '.global_watermark');
    if node_type = 'root' then
        worker_last_tick := pgq_node._last_tick(i_queue_name);
    end if;
    local_watermark := pgq_node._local_watermark(i_queue_name);
end $$;

create or replace function pgq_node.get_consumer_state(i_queue_name text, i_consumer_name text,
    out ret_code integer, out ret_note text, out node_type text, out node_name text, out completed_tick bigint,
    out provider_node text, out provider_location text, out paused boolean, out uptodate boolean, out cur_error text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    select n.node_type, n.node_name into node_type, node_name
      from pgq_node.node_info n where n.queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown queue: %s', i_queue_name);
        return;
    end if;
    select s.last_tick_id, s.provider_node, l.node_location, s.paused, s.uptodate, s.cur_error
      into completed_tick, provider_node, provider_location, paused, uptodate, cur_error
      from pgq_node.local_state s
      left join pgq_node.node_location l on l.queue_name = s.queue_name and l.node_name = s.provider_node
     where s.queue_name = i_queue_name and s.consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown consumer: %s/%s', i_queue_name, i_consumer_name);
        return;
    end if;
    ret_code := 100;
    ret_note := 'Ok';
end $$;

create or replace function pgq_node.get_worker_state(i_queue_name text, out ret_code integer, out ret_note text,
    out node_type text, out node_name text, out completed_tick bigint, out provider_node text,
    out provider_location text, out paused boolean, out uptodate boolean, out cur_error text, out worker_name text,
    out global_watermark bigint, out local_watermark bigint, out local_queue_top bigint,
    out combined_queue text, out combined_type text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    select n.worker_name, n.combined_queue, c.node_type into worker_name, combined_queue, combined_type
      from pgq_node.node_info n
      left join pgq_node.node_info c on c.queue_name = n.combined_queue
     where n.queue_name = i_queue_name;
    select s.ret_code, s.ret_note, s.node_type, s.node_name, s.completed_tick, s.provider_node, s.provider_location,
           s.paused, s.uptodate, s.cur_error
      into ret_code, ret_note, node_type, node_name, completed_tick, provider_node, provider_location,
           paused, uptodate, cur_error
      from pgq_node.get_consumer_state(i_queue_name, worker_name) s;
    if ret_code >= 300 then
        combined_queue := null;
        combined_type := null;
    elsif node_type = 'leaf' then
        local_watermark := completed_tick;
    else
        select last_tick into global_watermark from pgq.get_consumer_info(i_queue_name, '.global_watermark');
        local_watermark := pgq_node._local_watermark(i_queue_name);
        local_queue_top := pgq_node._last_tick(i_queue_name);
    end if;
end $$;

create or replace function pgq_node.get_consumer_info(i_queue_name text,
    out consumer_name text, out provider_node text, out last_tick_id bigint, out paused boolean, out uptodate boolean,
    out cur_error text)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.consumer_name, s.provider_node, s.last_tick_id, s.paused, s.uptodate, s.cur_error
      from pgq_node.local_state s where s.queue_name = i_queue_name
     order by s.consumer_name;
end $$;

-- Free text that tools keep with the node.
create or replace function pgq_node.set_node_attrs(i_queue_name text, i_node_attrs text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq_node.node_info set node_attrs = i_node_attrs where queue_name = i_queue_name;
    if found then
        ret_code := 200;
        ret_note := 'Node attributes updated';
    else
        ret_code := 404;
        ret_note := 'Node not found';
    end if;
end $$;
