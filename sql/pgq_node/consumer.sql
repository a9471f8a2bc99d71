-- Consumers that work in this database: where they read from and what they have done.

-- Registers a consumer at a tick: 200, or 201 where it was there, it is moved then.
create or replace function pgq_node.register_consumer(i_queue_name text, i_consumer_name text, i_provider_node text,
    i_custom_tick_id bigint, out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pgq_node.node_info where queue_name = i_queue_name) then
        ret_code := 404;
        ret_note := format('Unknown queue: %s', i_queue_name);
        return;
    end if;
    update pgq_node.local_state
       set provider_node = i_provider_node, last_tick_id = i_custom_tick_id
     where queue_name = i_queue_name and consumer_name = i_consumer_name;
    if found then
        ret_code := 201;
        ret_note := format('Consumer already registered: %s/%s', i_queue_name, i_consumer_name);
        return;
    end if;
    insert into pgq_node.local_state (queue_name, consumer_name, provider_node, last_tick_id)
    values (i_queue_name, i_consumer_name, i_provider_node, i_custom_tick_id);
    ret_code := 200;
    ret_note := format('Consumer %s registered on queue %s', i_consumer_name, i_queue_name);
end $$;

create or replace function pgq_node.unregister_consumer(i_queue_name text, i_consumer_name text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pgq_node.node_info where queue_name = i_queue_name) then
        ret_code := 404;
        ret_note := format('Unknown queue: %s', i_queue_name);
        return;
    end if;
    delete from pgq_node.local_state where queue_name = i_queue_name and consumer_name = i_consumer_name;
    ret_code := 200;
    ret_note := format('Consumer %s unregistered from %s', i_consumer_name, i_queue_name);
end $$;

-- Records, in the transaction that applied it, that a consumer has done everything up to a tick.
create or replace function pgq_node.set_consumer_completed(i_queue_name text, i_consumer_name text, i_tick_id bigint,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq_node.local_state
       set last_tick_id = i_tick_id, cur_error = null
     where queue_name = i_queue_name and consumer_name = i_consumer_name;
    if found then
        ret_code := 100;
        ret_note := format('Consumer %s completed tick = %s', i_consumer_name, i_tick_id);
    else
        ret_code := 404;
        ret_note := format('Consumer not known: %s/%s', i_queue_name, i_consumer_name);
    end if;
end $$;

-- Records why the batch in hand fails; NULL clears it.
create or replace function pgq_node.set_consumer_error(i_queue_name text, i_consumer_name text, i_error_msg text,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq_node.local_state
       set cur_error = i_error_msg
     where queue_name = i_queue_name and consumer_name = i_consumer_name;
    if found then
        ret_code := 100;
        ret_note := 'Consumer ' || i_consumer_name || ' error = ' || i_error_msg;
    else
        ret_code := 101;
        ret_note := format('Consumer not known, ignoring: %s/%s', i_queue_name, i_consumer_name);
    end if;
end $$;

create or replace function pgq_node.set_consumer_paused(i_queue_name text, i_consumer_name text, i_paused boolean,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    word text := case when i_paused then 'paused' else 'resumed' end;
    was_paused boolean;
begin
    select paused into was_paused
      from pgq_node.local_state where queue_name = i_queue_name and consumer_name = i_consumer_name
       for update;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown consumer: %s', i_consumer_name);
    elsif was_paused = i_paused then
        ret_code := 201;
        ret_note := format('Consumer %s already %s', i_consumer_name, word);
    else
        update pgq_node.local_state
           set paused = i_paused, uptodate = false
         where queue_name = i_queue_name and consumer_name = i_consumer_name;
        ret_code := 200;
        ret_note := format('Consumer %s tagged as %s', i_consumer_name, word);
        -- the worker looks at once
        perform pg_notify('londiste_rs_tables', i_queue_name);
    end if;
end $$;

-- Records that a consumer has seen the newest flags and provider.
create or replace function pgq_node.set_consumer_uptodate(i_queue_name text, i_consumer_name text, i_uptodate boolean,
    out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq_node.local_state
       set uptodate = i_uptodate
     where queue_name = i_queue_name and consumer_name = i_consumer_name;
    if found then
        ret_code := 200;
        ret_note := format('Consumer uptodate = %s', i_uptodate::integer);
    else
        ret_code := 404;
        ret_note := format('Consumer not known: %s/%s', i_queue_name, i_consumer_name);
    end if;
end $$;

-- Makes a consumer read from another node; its position stays, for ticks have the same ids on every node.
create or replace function pgq_node.change_consumer_provider(i_queue_name text, i_consumer_name text,
    i_new_provider text, out ret_code integer, out ret_note text)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pgq_node.node_location
                    where queue_name = i_queue_name and node_name = i_new_provider) then
        ret_code := 404;
        ret_note := format('New node not found: %s', i_new_provider);
        return;
    end if;
    update pgq_node.local_state
       set provider_node = i_new_provider, uptodate = false
     where queue_name = i_queue_name and consumer_name = i_consumer_name;
    if not found then
        ret_code := 404;
        ret_note := format('Unknown consumer: %s/%s', i_queue_name, i_consumer_name);
        return;
    end if;
    ret_code := 200;
    ret_note := format('Consumer provider node set to : %s', i_new_provider);
    perform pg_notify('londiste_rs_tables', i_queue_name);
end $$;
