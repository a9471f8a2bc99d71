-- This database becomes a node of a queue.
--
-- root: owns the queue, no provider. branch: keeps a copy of the queue, so its first tick is the provider's global
-- watermark. leaf: keeps no queue; with i_combined_queue its events go on into that queue of this database.
-- 200, or 401 when the arguments do not fit the type or the node exists.
create or replace function pgq_node.create_node(i_queue_name text, i_node_type text, i_node_name text,
    i_worker_name text, i_provider_name text, i_global_watermark bigint, i_combined_queue text, out ret_code integer,
    out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    provider text := i_provider_name;
    position bigint := i_global_watermark;
begin
    ret_code := 401;
    if exists (select from pgq_node.node_info where queue_name = i_queue_name) then
        ret_note := 'Node already initialized';
        return;
    end if;

    if i_node_type = 'root' then
        if coalesce(i_provider_name, i_global_watermark::text, i_combined_queue) is not null then
            ret_note := 'unexpected args for root';
            return;
        end if;
        perform pgq.create_queue(i_queue_name);
        perform pgq.register_consumer(i_queue_name, '.global_watermark');
        provider := i_node_name;
        select last_tick into position from pgq.get_consumer_info(i_queue_name, '.global_watermark');
    elsif i_node_type = 'branch' then
        if i_provider_name is null then
            ret_note := 'provider not set for branch';
            return;
        end if;
        if i_global_watermark is null then
            ret_note := 'global watermark not set for branch';
            return;
        end if;
        perform pgq.create_queue(i_queue_name);
        update pgq.queue
           set queue_external_ticker = true, queue_disable_insert = true
         where queue_name = i_queue_name;
        if i_global_watermark > 1 then
            perform pgq.ticker(i_queue_name, i_global_watermark, now(), 1);
        end if;
        perform pgq.register_consumer_at(i_queue_name, '.global_watermark', i_global_watermark);
    elsif i_node_type = 'leaf' and i_combined_queue is not null then
        if not exists (select from pgq_node.node_info
                        where queue_name = i_combined_queue and node_type in ('root', 'branch')) then
            ret_note := format('non-existing queue on leaf side: %s', i_combined_queue);
            return;
        end if;
    end if;

    insert into pgq_node.node_info (queue_name, node_type, node_name, worker_name, combined_queue)
    values (i_queue_name, i_node_type, i_node_name, i_worker_name, i_combined_queue);
    insert into pgq_node.local_state (queue_name, consumer_name, provider_node, last_tick_id)
    values (i_queue_name, i_worker_name, provider, position);

    ret_code := 200;
    ret_note := format('Node "%s" initialized for queue "%s" with type "%s"', i_node_name, i_queue_name, i_node_type);
end $$;
