-- Batches of a worker: all ticks that are there, taken together.

-- Opens the next batch of a consumer as pgq.next_batch_custom does, or returns the one that is open; NULLs when there is
-- nothing new. It takes the ticks that are there together as far as they hold no more than i_at_most events, but one
-- tick at least; ticks from i_alone_from on are taken one by one. Also what tells the batch's ticks from others of the
-- same numbers. A session keeps the plans of its statements, which were made for however few ticks there were then: so
-- they have to go by the index.
create or replace function londiste_rs.next_batch(i_queue_name text, i_consumer_name text, i_min_lag interval,
    i_at_most integer, i_alone_from bigint,
    out batch_id bigint, out cur_tick_id bigint, out prev_tick_id bigint, out cur_tick_time timestamptz,
    out prev_tick_time timestamptz, out last_event bigint, out cur_snapshot text, out prev_snapshot text)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    here record;
    span interval;
begin
    select q.queue_id, s.sub_batch, t.tick_id, t.tick_time, t.tick_event_seq into here
      from pgq.queue q
      join pgq.subscription s on s.sub_queue = q.queue_id
      join pgq.consumer c on c.co_id = s.sub_consumer
      join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick
     where q.queue_name = i_queue_name and c.co_name = i_consumer_name;
    if found and here.sub_batch is null then
        -- ticks far ahead of a consumer that is hours behind are not looked at
        select coalesce(max(a.span) filter (where a.fits), min(a.span)) into span
          from (select t.tick_time - here.tick_time as span,
                       t.tick_event_seq - here.tick_event_seq <= i_at_most
                       and t.tick_id < coalesce(i_alone_from, t.tick_id + 1) as fits
                  from pgq.tick t
                 where t.tick_queue = here.queue_id and t.tick_id > here.tick_id
                   and (i_min_lag is null or t.tick_time <= now() - i_min_lag)
                 order by t.tick_id
                 limit 2000) a;
        if span is null then
            return;
        end if;
    end if;
    -- the function's words are "at least so many events or so much time": exactly the span of these ticks takes them
    select b.batch_id, b.cur_tick_id, b.prev_tick_id, b.cur_tick_time, b.prev_tick_time, b.cur_tick_event_seq
      into batch_id, cur_tick_id, prev_tick_id, cur_tick_time, prev_tick_time, last_event
      from pgq.next_batch_custom(i_queue_name, i_consumer_name, i_min_lag, 2147483647, span) b;
    select t.tick_snapshot::text into cur_snapshot
      from pgq.tick t where t.tick_queue = here.queue_id and t.tick_id = cur_tick_id;
    select t.tick_snapshot::text into prev_snapshot
      from pgq.tick t where t.tick_queue = here.queue_id and t.tick_id = prev_tick_id;
end $$;
