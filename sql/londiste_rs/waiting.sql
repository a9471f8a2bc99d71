-- Waits until a queue has events that its last tick does not cover, for so long at most. Answers whether one has. One
-- statement looks often: the numbers that sequences have given out are read outside of transactions. A sequence that
-- has given out none has no events.
create or replace function londiste_rs.wait_for_events(i_longest interval, i_pause interval)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    ends constant timestamptz := clock_timestamp() + i_longest;
    pause constant float8 := extract(epoch from i_pause);
    sequences regclass[];
    ticked bigint[];
begin
    select array_agg(pgq.quote_fqname(q.queue_event_seq)::regclass), array_agg(t.tick_event_seq) into sequences, ticked
      from pgq.queue q
     cross join lateral (select k.tick_event_seq from pgq.tick k where k.tick_queue = q.queue_id
                          order by k.tick_id desc limit 1) t
     where not q.queue_ticker_paused and not q.queue_external_ticker;
    loop
        for place in 1 .. coalesce(cardinality(sequences), 0) loop
            if pg_sequence_last_value(sequences[place]) <> ticked[place] then
                return true;
            end if;
        end loop;
        if clock_timestamp() + i_pause > ends then
            return false;
        end if;
        perform pg_sleep(pause);
    end loop;
end $$;
