-- The root moves: the old one becomes a branch in three steps, the new one takes over.

-- Step 1 stops writes and ticks, step 2 puts the last tick (after which all is known), step 3 makes the node a branch
-- of the new root. Each step is a transaction; last_tick is the tick the new root has to reach.
create or replace function pgq_node.demote_root(i_queue_name text, i_step integer, i_new_provider text,
    out ret_code integer, out ret_note text, out last_tick bigint)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
    q record;
begin
    select node_type, worker_name into node from pgq_node.node_info where queue_name = i_queue_name for update;
    if not found then
        ret_code := 404;
        ret_note := format('Node not initialized for queue: %s', i_queue_name);
        return;
    end if;
    if node.node_type <> 'root' then
        ret_code := 301;
        ret_note := 'Node not root';
        return;
    end if;
    select queue_id, queue_tick_seq, queue_event_seq, queue_data_pfx, queue_ntables,
           queue_disable_insert and queue_external_ticker as stopped into q
      from pgq.queue where queue_name = i_queue_name;

    if i_step > 1 and not q.stopped then
        raise exception 'steps in wrong order';
    end if;
    if i_step between 1 and 3 is not true then
        raise exception 'incorrect step number';
    end if;
    ret_code := 200;
    if i_step = 1 then
        update pgq.queue
           set queue_disable_insert = true, queue_external_ticker = true
         where queue_id = q.queue_id;
        ret_note := format('Step 1: Writing disabled for: %s', i_queue_name);
    elsif i_step = 2 then
        -- whoever was writing when step 1 was committed ends before the last tick, or his events were lost; those who
        -- come now are refused
        for nr in 0 .. q.queue_ntables - 1 loop
            execute format('lock table %s in share mode', pgq.quote_fqname(q.queue_data_pfx || '_' || nr));
        end loop;
        last_tick := pgq.ticker(i_queue_name, nextval(pgq.quote_fqname(q.queue_tick_seq)::regclass), clock_timestamp(),
            nextval(pgq.quote_fqname(q.queue_event_seq)::regclass));
        ret_note := format('Step 2: Inserted last tick: %s', i_queue_name);
    else
        last_tick := pgq_node._last_tick(i_queue_name);
        update pgq_node.node_info set node_type = 'branch' where queue_name = i_queue_name;
        update pgq_node.local_state
           set provider_node = i_new_provider, last_tick_id = last_tick, uptodate = false
         where queue_name = i_queue_name and consumer_name = node.worker_name;
        ret_note := format('Step 3: Demoted root to branch: %s', i_queue_name);
    end if;
    -- the worker looks at once
    perform pg_notify('londiste_rs_tables', i_queue_name);
end $$;

-- Makes a branch the root: from now on events are born here and ticks are ours.
create or replace function pgq_node.promote_branch(i_queue_name text, out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
begin
    select node_type, node_name, worker_name into node
      from pgq_node.node_info where queue_name = i_queue_name
       for update;
    if not found then
        ret_code := 404;
        ret_note := format('Node not initialized for queue: %s', i_queue_name);
        return;
    end if;
    if node.node_type <> 'branch' then
        ret_code := 301;
        ret_note := 'Node not branch';
        return;
    end if;
    update pgq_node.node_info set node_type = 'root' where queue_name = i_queue_name;
    update pgq_node.local_state
       set provider_node = node.node_name, last_tick_id = coalesce(pgq_node._last_tick(i_queue_name), last_tick_id),
           uptodate = false
     where queue_name = i_queue_name and consumer_name = node.worker_name;
    update pgq.queue
       set queue_disable_insert = false, queue_external_ticker = false
     where queue_name = i_queue_name;
    ret_code := 200;
    ret_note := 'Branch node promoted to root';
    perform pg_notify('londiste_rs_tables', i_queue_name);
end $$;
