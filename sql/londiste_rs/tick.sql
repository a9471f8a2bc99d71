-- Makes a tick now, whatever the queue's limits say; returns its number. Null where ticks come from outside (branches) or are paused.
-- The event sequence is only ever advanced (nextval): setting it could bring numbers of running transactions back.
create or replace function londiste_rs.tick_now(i_queue_name text)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
begin
    select queue_event_seq, queue_ticker_max_count into q
      from pgq.queue
     where queue_name = i_queue_name and not queue_external_ticker and not queue_ticker_paused;
    if not found then
        return null;
    end if;
    perform nextval(q.queue_event_seq::regclass) from generate_series(1, q.queue_ticker_max_count);
    return pgq.ticker(i_queue_name);
end $$;
