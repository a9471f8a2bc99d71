-- Waits until a queue has events that its last tick does not cover, for so long at most. Answers whether one has. One
-- statement looks often: the numbers that sequences have given out are read outside of transactions.
create or replace function londiste_rs.wait_for_events(i_longest interval, i_pause interval)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    ends constant timestamptz := clock_timestamp() + i_longest;
    question text;
    found_one boolean;
begin
    select string_agg(format('(select s.last_value from %s s) <> %s', q.queue_event_seq::regclass, t.tick_event_seq), ' or ') into question
      from pgq.queue q
     cross join lateral (select k.tick_event_seq from pgq.tick k where k.tick_queue = q.queue_id order by k.tick_id desc limit 1) t
     where not q.queue_ticker_paused and not q.queue_external_ticker;
    loop
        execute 'select ' || coalesce(question, 'false') into found_one;
        if found_one or clock_timestamp() + i_pause > ends then
            return coalesce(found_one, false);
        end if;
        perform pg_sleep_for(i_pause);
    end loop;
end $$;
