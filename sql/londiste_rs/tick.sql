-- Makes a tick now, whatever the queue's limits say; returns its number. Null where ticks come from outside (branches)
-- or are paused. The event sequence is only ever advanced (nextval): setting it could bring numbers of running
-- transactions back. Where the ticker comes between the advance and our call there is nothing left to tick: its tick is
-- as good, it was made after we began.
create or replace function londiste_rs.tick_now(i_queue_name text)
returns bigint language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    before bigint;
begin
    select queue_id, queue_event_seq, queue_ticker_max_count into q
      from pgq.queue
     where queue_name = i_queue_name and not queue_external_ticker and not queue_ticker_paused;
    if not found then
        return null;
    end if;
    before := (select max(t.tick_id) from pgq.tick t where t.tick_queue = q.queue_id);
    perform nextval(q.queue_event_seq::regclass) from generate_series(1, q.queue_ticker_max_count);
    return coalesce(pgq.ticker(i_queue_name),
                    (select max(t.tick_id) from pgq.tick t where t.tick_queue = q.queue_id and t.tick_id > before));
end $$;
