-- Watermarks: how much history the whole cascade still needs, so that any node may change its provider.

-- Sets the global watermark. The root computes it from all it serves (i_watermark is NULL) and publishes it; a branch
-- follows the root's; a leaf keeps no queue and has none.
create or replace function pgq_node.set_global_watermark(i_queue_name text, i_watermark bigint,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
    watermark bigint := i_watermark;
begin
    select node_type, worker_name into node from pgq_node.node_info where queue_name = i_queue_name for update;
    if not found then
        ret_code := 404;
        ret_note := format('Queue %s not found', i_queue_name);
        return;
    end if;

    if node.node_type = 'leaf' then
        ret_code := 100;
        ret_note := 'Ignoring global watermark in leaf';
        return;
    end if;
    if node.node_type = 'root' then
        if watermark is null then
            watermark := pgq_node._local_watermark(i_queue_name);
        end if;
        perform pgq_node._root_event(i_queue_name, 'pgq.global-watermark', watermark::text, null, null);
        update pgq_node.local_state
           set last_tick_id = watermark
         where queue_name = i_queue_name and consumer_name = node.worker_name;
    else
        if watermark is null then
            ret_code := 500;
            ret_note := 'bad usage: wm=null on branch node';
            return;
        end if;
        if not exists (select from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
                        where q.queue_name = i_queue_name and t.tick_id = watermark) then
            ret_code := 200;
            ret_note := format('Skipping global watermark update to %s', watermark);
            return;
        end if;
    end if;
    perform pgq.register_consumer_at(i_queue_name, '.global_watermark', watermark);
    ret_code := 200;
    ret_note := format('Global watermark set to %s', watermark);
end $$;

-- Maintenance of a root: publishes a new global watermark when the old one is more than five minutes behind. Always 0.
create or replace function pgq_node.maint_watermark(i_queue_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    behind interval;
begin
    if exists (select from pgq_node.node_info where queue_name = i_queue_name and node_type = 'root') then
        select lag into behind from pgq.get_consumer_info(i_queue_name, '.global_watermark');
        if behind >= interval '5 minutes' then
            perform pgq_node.set_global_watermark(i_queue_name, null);
        end if;
    end if;
    return 0;
end $$;

-- Moves the position of a partition queue whose events arrive through a combined branch.
create or replace function pgq_node.set_partition_watermark(i_combined_queue_name text, i_part_queue_name text,
    i_watermark bigint, out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
begin
    select n.worker_name into node
      from pgq_node.node_info n
      join pgq_node.node_info c on c.queue_name = n.combined_queue
     where n.queue_name = i_part_queue_name and n.combined_queue = i_combined_queue_name and c.node_type = 'branch';
    if not found then
        ret_code := 201;
        ret_note := 'Part-queue does not exist';
        return;
    end if;
    update pgq_node.local_state
       set last_tick_id = i_watermark
     where queue_name = i_part_queue_name and consumer_name = node.worker_name;
    if not found then
        ret_code := 401;
        ret_note := 'Worker registration not found';
        return;
    end if;
    ret_code := 200;
    ret_note := 'Ok';
end $$;
