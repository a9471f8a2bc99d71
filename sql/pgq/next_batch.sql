-- Batches are opened: the span between two ticks that a consumer works on next.

-- First tick after a given one that is far enough from it: at least so many events, or so much time, whichever comes
-- first.
create or replace function pgq.find_tick_helper(i_queue_id integer, i_prev_tick_id bigint, i_prev_tick_time timestamptz,
    i_prev_tick_seq bigint, i_min_count bigint, i_min_interval interval,
    out next_tick_id bigint, out next_tick_time timestamptz, out next_tick_seq bigint)
returns record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    select tick_id, tick_time, tick_event_seq into next_tick_id, next_tick_time, next_tick_seq
      from pgq.tick
     where tick_queue = i_queue_id and tick_id > i_prev_tick_id
       and (tick_event_seq - i_prev_tick_seq >= i_min_count or tick_time - i_prev_tick_time >= i_min_interval)
     order by tick_id
     limit 1;
end $$;

-- Opens the next batch of a consumer, or returns the one that is open; NULLs when there is nothing new.
-- i_min_lag: only ticks that are this old; i_min_count, i_min_interval: as in find_tick_helper.
create or replace function pgq.next_batch_custom(i_queue_name text, i_consumer_name text, i_min_lag interval,
    i_min_count integer, i_min_interval interval,
    out batch_id bigint, out cur_tick_id bigint, out prev_tick_id bigint, out cur_tick_time timestamptz,
    out prev_tick_time timestamptz, out cur_tick_event_seq bigint, out prev_tick_event_seq bigint)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
    prev record;
    cur record;
begin
    -- Looking costs no write. When two sessions open a batch at once, the second one looks again and gets the same
    -- batch.
    loop
        select s.sub_queue, s.sub_consumer, s.sub_last_tick, s.sub_batch, s.sub_next_tick into sub
          from pgq.subscription s
          join pgq.queue q on q.queue_id = s.sub_queue
          join pgq.consumer c on c.co_id = s.sub_consumer
         where q.queue_name = i_queue_name and c.co_name = i_consumer_name;
        if not found then
            raise exception 'Not subscriber to queue: %/%',
                coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
        end if;
        select tick_id, tick_time, tick_event_seq into prev
          from pgq.tick where tick_queue = sub.sub_queue and tick_id = sub.sub_last_tick;
        if not found then
            raise exception 'PgQ corruption: Consumer % on queue % does not see tick %',
                i_consumer_name, i_queue_name, sub.sub_last_tick;
        end if;

        batch_id := sub.sub_batch;
        if batch_id is not null then
            select tick_id, tick_time, tick_event_seq into cur
              from pgq.tick where tick_queue = sub.sub_queue and tick_id = sub.sub_next_tick;
        elsif i_min_count is null and i_min_interval is null then
            select tick_id, tick_time, tick_event_seq into cur
              from pgq.tick where tick_queue = sub.sub_queue and tick_id > prev.tick_id
             order by tick_id limit 1;
        else
            select next_tick_id as tick_id, next_tick_time as tick_time, next_tick_seq as tick_event_seq into cur
              from pgq.find_tick_helper(sub.sub_queue, prev.tick_id, prev.tick_time, prev.tick_event_seq,
                  i_min_count, i_min_interval);
        end if;
        exit when batch_id is not null;
        if cur.tick_id is null or cur.tick_time > now() - i_min_lag then
            return;
        end if;

        update pgq.subscription
           set sub_batch = nextval('pgq.batch_id_seq'), sub_next_tick = cur.tick_id, sub_active = now()
         where sub_queue = sub.sub_queue and sub_consumer = sub.sub_consumer
           and sub_batch is null and sub_last_tick = prev.tick_id
        returning sub_batch into batch_id;
        exit when found;
    end loop;

    cur_tick_id := cur.tick_id;
    prev_tick_id := prev.tick_id;
    cur_tick_time := cur.tick_time;
    prev_tick_time := prev.tick_time;
    cur_tick_event_seq := cur.tick_event_seq;
    prev_tick_event_seq := prev.tick_event_seq;
end $$;

create or replace function pgq.next_batch_info(i_queue_name text, i_consumer_name text,
    out batch_id bigint, out cur_tick_id bigint, out prev_tick_id bigint, out cur_tick_time timestamptz,
    out prev_tick_time timestamptz, out cur_tick_event_seq bigint, out prev_tick_event_seq bigint)
returns record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    select b.batch_id, b.cur_tick_id, b.prev_tick_id, b.cur_tick_time, b.prev_tick_time,
           b.cur_tick_event_seq, b.prev_tick_event_seq
      into batch_id, cur_tick_id, prev_tick_id, cur_tick_time, prev_tick_time, cur_tick_event_seq, prev_tick_event_seq
      from pgq.next_batch_custom(i_queue_name, i_consumer_name, null, null, null) b;
end $$;

create or replace function pgq.next_batch(i_queue_name text, i_consumer_name text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select b.batch_id from pgq.next_batch_custom(i_queue_name, i_consumer_name, null, null, null) b);
end $$;

-- Closes a batch: 1, or 0 with a warning where there is no such batch (any more).
create or replace function pgq.finish_batch(x_batch_id bigint)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq.subscription
       set sub_active = now(), sub_last_tick = sub_next_tick, sub_next_tick = null, sub_batch = null
     where sub_batch = x_batch_id;
    if not found then
        raise warning 'finish_batch: batch % not found', x_batch_id;
        return 0;
    end if;
    return 1;
end $$;
