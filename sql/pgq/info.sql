-- What monitoring asks: how far queues and consumers are.

-- ev_per_sec is measured over the last twenty ticks, ev_new counts events after the last tick.
create or replace function pgq._queue_info(i_queue_name text)
returns table (queue_name text, queue_ntables integer, queue_cur_table integer, queue_rotation_period interval,
    queue_switch_time timestamptz, queue_external_ticker boolean, queue_ticker_paused boolean,
    queue_ticker_max_count integer, queue_ticker_max_lag interval, queue_ticker_idle_period interval,
    ticker_lag interval, ev_per_sec double precision, ev_new bigint, last_tick_id bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select q.queue_name, q.queue_ntables, q.queue_cur_table, q.queue_rotation_period, q.queue_switch_time,
           q.queue_external_ticker, q.queue_ticker_paused, q.queue_ticker_max_count, q.queue_ticker_max_lag,
           q.queue_ticker_idle_period,
           current_timestamp - top.tick_time,
           case when top.tick_time > first.tick_time then
               (top.tick_event_seq - first.tick_event_seq)
                   / extract(epoch from top.tick_time - first.tick_time)::double precision
           end,
           pgq.seq_getval(q.queue_event_seq) - top.tick_event_seq,
           top.tick_id
      from pgq.queue q
      left join lateral (select * from pgq.tick t where t.tick_queue = q.queue_id
                          order by t.tick_id desc limit 1) top on true
      left join lateral (select * from pgq.tick t where t.tick_queue = q.queue_id and t.tick_id >= top.tick_id - 20
                          order by t.tick_id limit 1) first on true
     where i_queue_name is null or q.queue_name = i_queue_name
     order by q.queue_name;
end $$;

create or replace function pgq.get_queue_info(out queue_name text, out queue_ntables integer,
    out queue_cur_table integer, out queue_rotation_period interval, out queue_switch_time timestamptz,
    out queue_external_ticker boolean, out queue_ticker_paused boolean, out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval, out queue_ticker_idle_period interval, out ticker_lag interval,
    out ev_per_sec double precision,
    out ev_new bigint, out last_tick_id bigint)
returns setof record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from pgq._queue_info(null);
end $$;

create or replace function pgq.get_queue_info(i_queue_name text, out queue_name text, out queue_ntables integer,
    out queue_cur_table integer, out queue_rotation_period interval, out queue_switch_time timestamptz,
    out queue_external_ticker boolean, out queue_ticker_paused boolean, out queue_ticker_max_count integer,
    out queue_ticker_max_lag interval, out queue_ticker_idle_period interval, out ticker_lag interval,
    out ev_per_sec double precision, out ev_new bigint, out last_tick_id bigint)
returns setof record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from pgq._queue_info(i_queue_name);
end $$;

-- pending_events counts up to the last tick: what batches can bring now.
create or replace function pgq.get_consumer_info(i_queue_name text, i_consumer_name text,
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval, out last_tick bigint,
    out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select q.queue_name, c.co_name, current_timestamp - pos.tick_time, current_timestamp - s.sub_active,
           s.sub_last_tick, s.sub_batch, s.sub_next_tick, top.tick_event_seq - pos.tick_event_seq
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
      left join pgq.tick pos on pos.tick_queue = s.sub_queue and pos.tick_id = s.sub_last_tick
      left join lateral (select t.tick_event_seq from pgq.tick t where t.tick_queue = s.sub_queue
                          order by t.tick_id desc limit 1) top on true
     where (i_queue_name is null or q.queue_name = i_queue_name)
       and (i_consumer_name is null or c.co_name = i_consumer_name)
     order by 1, 2;
end $$;

create or replace function pgq.get_consumer_info(i_queue_name text,
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval, out last_tick bigint,
    out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from pgq.get_consumer_info(i_queue_name, null);
end $$;

create or replace function pgq.get_consumer_info(
    out queue_name text, out consumer_name text, out lag interval, out last_seen interval, out last_tick bigint,
    out current_batch bigint, out next_tick bigint, out pending_events bigint)
returns setof record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from pgq.get_consumer_info(null, null);
end $$;
