-- Nodes that read a queue from this one. Each has two consumers here: its worker, which reads, and its watermark, which
-- holds what nodes further down may still need.

create or replace function pgq_node.register_subscriber(i_queue_name text, i_remote_node_name text,
    i_remote_worker_name text, i_custom_tick_id bigint, out ret_code integer, out ret_note text,
    out global_watermark bigint)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    type_here text;
    watermark_name text := format('.%s.watermark', i_remote_node_name);
begin
    select node_type into type_here from pgq_node.node_info where queue_name = i_queue_name;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown queue: %s', i_queue_name);
        return;
    end if;
    if type_here not in ('root', 'branch') then
        ret_code := 401;
        ret_note := 'Cannot subscribe to leaf node';
        return;
    end if;

    select last_tick into global_watermark from pgq.get_consumer_info(i_queue_name, '.global_watermark');
    perform pgq.register_consumer_at(i_queue_name, watermark_name, global_watermark),
            pgq.register_consumer_at(i_queue_name, i_remote_worker_name, coalesce(i_custom_tick_id, global_watermark));
    insert into pgq_node.subscriber_info (queue_name, subscriber_node, worker_name, watermark_name)
    values (i_queue_name, i_remote_node_name, i_remote_worker_name, watermark_name);
    ret_code := 200;
    ret_note := format('Subscriber registered: %s', i_remote_node_name);
end $$;

create or replace function pgq_node.unregister_subscriber(i_queue_name text, i_remote_node_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
begin
    delete from pgq_node.subscriber_info
     where queue_name = i_queue_name and subscriber_node = i_remote_node_name
    returning worker_name, watermark_name into sub;
    if not found then
        ret_code := 304;
        ret_note := 'Subscriber not found';
        return;
    end if;
    perform pgq.unregister_consumer(i_queue_name, sub.watermark_name),
            pgq.unregister_consumer(i_queue_name, sub.worker_name);
    ret_code := 200;
    ret_note := format('Subscriber unregistered: %s', i_remote_node_name);
end $$;

create or replace function pgq_node.get_subscriber_info(i_queue_name text,
    out node_name text, out worker_name text, out node_watermark bigint)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.subscriber_node, s.worker_name, w.sub_last_tick
      from pgq_node.subscriber_info s
      left join pgq.queue q on q.queue_name = s.queue_name
      left join pgq.consumer c on c.co_name = s.watermark_name
      left join pgq.subscription w on w.sub_queue = q.queue_id and w.sub_consumer = c.co_id
     where s.queue_name = i_queue_name
     order by s.subscriber_node;
end $$;

-- Moves what a subscriber needs on to a tick: 200, 100 it stands there, 405 never backwards.
create or replace function pgq_node.set_subscriber_watermark(i_queue_name text, i_node_name text, i_watermark bigint,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
    position bigint;
begin
    select watermark_name into sub
      from pgq_node.subscriber_info
     where queue_name = i_queue_name and subscriber_node = i_node_name;
    if not found then
        ret_code := 404;
        ret_note := format('node %s not subscribed to queue %s', i_node_name, i_queue_name);
        return;
    end if;
    select last_tick into position from pgq.get_consumer_info(i_queue_name, sub.watermark_name);
    if i_watermark = position then
        ret_code := 100;
        ret_note := 'watermark already set';
    elsif i_watermark < position then
        ret_code := 405;
        ret_note := 'watermark must not be moved backwards';
    else
        perform pgq.register_consumer_at(i_queue_name, sub.watermark_name, i_watermark);
        ret_code := 200;
        ret_note := format('%s set to %s', sub.watermark_name, i_watermark);
    end if;
end $$;
