-- Batches of a worker: all ticks that are there, taken together.

-- Opens the next batch of a consumer as pgq.next_batch_custom does, or returns the one that is open; NULLs when there
-- is nothing new. It takes the ticks that are there together as far as they hold no more than i_at_most events, but one
-- tick at least; ticks from i_alone_from on are taken one by one. Also what tells the batch's ticks from others of the
-- same numbers. A session keeps the plans of its statements, which were made for however few ticks there were then: so
-- they have to go by the index.
--
-- The function of the API says "at least so many events or so much time": the span of exactly these ticks makes it take
-- them. That query stands here only: the crate pgq compiles this file in, and asks what stands between the two marks
-- where a provider lacks this schema.
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
    span interval := (
        -- span of the ticks: begin
        select coalesce(max(t.span) filter (where t.fits), min(t.span))
          from pgq.queue q
          join pgq.subscription s on s.sub_queue = q.queue_id
          join pgq.consumer c on c.co_id = s.sub_consumer
          join pgq.tick l on l.tick_queue = q.queue_id and l.tick_id = s.sub_last_tick
         cross join lateral (
               select k.tick_time - l.tick_time as span,
                      k.tick_event_seq - l.tick_event_seq <= i_at_most
                      and k.tick_id < coalesce(i_alone_from, k.tick_id + 1) as fits
                 from pgq.tick k
                where k.tick_queue = l.tick_queue and k.tick_id > l.tick_id
                  and (i_min_lag is null or k.tick_time <= now() - i_min_lag)
                -- those far ahead of a consumer that is hours behind are not looked at
                order by k.tick_id
                limit 2000) t
         where q.queue_name = i_queue_name and c.co_name = i_consumer_name
        -- span of the ticks: end
        );
begin
    select b.batch_id, b.cur_tick_id, b.prev_tick_id, b.cur_tick_time, b.prev_tick_time, b.cur_tick_event_seq
      into batch_id, cur_tick_id, prev_tick_id, cur_tick_time, prev_tick_time, last_event
      from pgq.next_batch_custom(i_queue_name, i_consumer_name, i_min_lag, 2147483647, span) b;
    if batch_id is null then
        return;
    end if;
    select c.tick_snapshot::text, p.tick_snapshot::text into cur_snapshot, prev_snapshot
      from pgq.queue q
      left join pgq.tick c on c.tick_queue = q.queue_id and c.tick_id = cur_tick_id
      left join pgq.tick p on p.tick_queue = q.queue_id and p.tick_id = prev_tick_id
     where q.queue_name = i_queue_name;
end $$;
