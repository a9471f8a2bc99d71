-- Consumers of a queue come and go.

-- Registers a consumer at the queue's last tick: 1, or 0 where it was there already.
create or replace function pgq.register_consumer(x_queue_name text, x_consumer_id text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq.register_consumer_at(x_queue_name, x_consumer_id, null);
end $$;

-- Registers a consumer at a tick, or moves it there; without a tick it starts at the last one and an old one stays.
create or replace function pgq.register_consumer_at(x_queue_name text, x_consumer_name text, x_tick_pos bigint)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    at_queue integer;
    who integer;
    at_tick bigint := x_tick_pos;
begin
    select queue_id into at_queue from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not created yet';
    end if;

    -- Whoever unregisters the same name at this moment may remove its row: then it is made again.
    loop
        select co_id into who from pgq.consumer where co_name = x_consumer_name for key share;
        exit when found;
        insert into pgq.consumer (co_name) values (x_consumer_name) on conflict (co_name) do nothing;
    end loop;

    -- Rotation removes ticks that nobody stands at: the lock keeps the tick until the subscription holds it.
    perform from pgq.queue where queue_id = at_queue for share;
    if at_tick is null then
        select tick_id into at_tick from pgq.tick where tick_queue = at_queue order by tick_id desc limit 1;
        if not found then
            raise exception 'No ticks for this queue.  Please run ticker on database.';
        end if;
    elsif not exists (select from pgq.tick where tick_queue = at_queue and tick_id = at_tick) then
        raise exception 'cannot reposition, tick not found: %', x_tick_pos;
    end if;

    insert into pgq.subscription (sub_queue, sub_consumer, sub_last_tick)
    select at_queue, who, at_tick
     where not exists (select from pgq.subscription where sub_queue = at_queue and sub_consumer = who)
    on conflict (sub_queue, sub_consumer) do nothing;
    if found then
        return 1;
    end if;
    if x_tick_pos is not null then
        update pgq.subscription
           set sub_last_tick = x_tick_pos, sub_batch = null, sub_next_tick = null, sub_active = now()
         where sub_queue = at_queue and sub_consumer = who;
    end if;
    return 0;
end $$;

-- Removes a consumer with the events that wait for its retry: how many subscriptions went away.
create or replace function pgq.unregister_consumer(x_queue_name text, x_consumer_name text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
begin
    select s.sub_id, s.sub_queue, s.sub_consumer into sub
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = x_queue_name and c.co_name = x_consumer_name
       for update of s;
    if not found then
        return 0;
    end if;
    delete from pgq.retry_queue where ev_owner = sub.sub_id;
    delete from pgq.subscription where sub_queue = sub.sub_queue and sub_consumer = sub.sub_consumer;

    -- The name lives as long as anyone uses it; whoever registers it at this moment holds its row, then it stays.
    perform from pgq.consumer where co_id = sub.sub_consumer for update skip locked;
    if found and not exists (select from pgq.subscription where sub_consumer = sub.sub_consumer) then
        delete from pgq.consumer where co_id = sub.sub_consumer;
    end if;
    return 1;
end $$;
