-- Ticks: the snapshots that cut a queue's events into batches.

-- Makes the commit of the transaction in hand durable: consumers on other servers rely on a tick once they have seen
-- it. Its commit also makes everything durable that was committed before, so no event between two ticks can be lost in
-- a crash, whoever wrote it and however.
create or replace function pgq._commit_durably()
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$ select set_config('synchronous_commit', 'local', true) where current_setting('synchronous_commit') = 'off' $$;

-- Writes a tick of the queue if it is due: its id, or NULL when there is no need for one.
--
-- A batch is what the later of two snapshots sees and the earlier one does not, so snapshots of successive ticks have
-- to grow. The queue's lock is taken first, in a statement of its own, and the snapshot after it. A last tick that lies
-- in the future was written before the clock was set back: nobody waits until that hour comes again.
create or replace function pgq.ticker(i_queue_name text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    last record;
    idle_gap interval;
    seq_pos bigint;
    new_tick bigint;
begin
    select queue_id, queue_tick_seq, queue_event_seq, queue_external_ticker, queue_ticker_paused,
           queue_ticker_max_count, queue_ticker_max_lag, queue_ticker_idle_period
      into q
      from pgq.queue where queue_name = i_queue_name;
    if not found then
        raise exception 'no such queue';
    end if;
    if q.queue_external_ticker then
        raise exception 'This queue has external tick source.';
    end if;
    if q.queue_ticker_paused then
        raise exception 'Ticker has been paused for this queue';
    end if;
    perform pg_advisory_xact_lock('pgq.tick'::regclass::oid::integer, q.queue_id);

    select t.tick_id, t.tick_event_seq, clock_timestamp() - t.tick_time as age,
           t.tick_time - lag(t.tick_time) over (order by t.tick_id) as gap
      into last
      from (select tick_id, tick_time, tick_event_seq from pgq.tick
             where tick_queue = q.queue_id order by tick_id desc limit 2) t
     order by t.tick_id desc limit 1;
    seq_pos := pgq.seq_getval(q.queue_event_seq);

    if last.tick_id is not null then
        if seq_pos > last.tick_event_seq then
            if seq_pos - last.tick_event_seq < q.queue_ticker_max_count
               and last.age between '0' and q.queue_ticker_max_lag then
                return null;
            end if;
        else
            idle_gap := least(q.queue_ticker_idle_period, greatest(last.gap * 2, q.queue_ticker_max_lag / 2));
            if last.gap is not null and last.age between '0' and idle_gap then
                return null;
            end if;
        end if;
    end if;

    if current_setting('transaction_isolation') not like 'read %' then
        perform pgq._refuse_stale_tick(q.queue_id, last.tick_id, q.queue_tick_seq);
    end if;
    new_tick := nextval(pgq.quote_fqname(q.queue_tick_seq)::regclass);
    insert into pgq.tick (tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq)
    values (q.queue_id, new_tick, clock_timestamp(), txid_current_snapshot(), seq_pos);
    perform pgq._commit_durably();
    return new_tick;
end $$;

-- A transaction of one snapshot may have missed ticks that others wrote since it began. Writing every id that could be
-- one of them fails with a serialization error if it is; ids that a rollback left unused stay unused.
create or replace function pgq._refuse_stale_tick(i_queue_id integer, i_last_tick bigint, i_tick_seq text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    next_id bigint := coalesce(i_last_tick, 0) + 1;
    last_id bigint := pgq.seq_getval(i_tick_seq);
begin
    if last_id - next_id > 10000 then
        raise exception using errcode = 'serialization_failure',
            message = 'cannot tell which ticks are new to this snapshot',
            hint = 'Run the ticker in a READ COMMITTED transaction.';
    end if;
    insert into pgq.tick (tick_queue, tick_id, tick_event_seq)
    select i_queue_id, id, 0 from generate_series(next_id, last_id) id
    on conflict do nothing;
    delete from pgq.tick where tick_queue = i_queue_id and tick_id between next_id and last_id;
end $$;

-- Ticks every queue of this database that is due; how many ticks were written.
-- A queue whose lock is held is being ticked by another session at this moment.
create or replace function pgq.ticker()
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    ticks bigint := 0;
begin
    for q in
        select queue_id, queue_name from pgq.queue
         where not queue_external_ticker and not queue_ticker_paused
         order by queue_id
    loop
        if pg_try_advisory_xact_lock('pgq.tick'::regclass::oid::integer, q.queue_id) then
            if pgq.ticker(q.queue_name) is not null then
                ticks := ticks + 1;
            end if;
        end if;
    end loop;
    return ticks;
end $$;

-- Writes a tick that was born on another node: id, time and event position are the provider's, the snapshot is ours.
create or replace function pgq.ticker(i_queue_name text, i_tick_id bigint, i_orig_timestamp timestamptz,
    i_event_seq bigint)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
begin
    select queue_id, queue_tick_seq, queue_event_seq into q
      from pgq.queue
     where queue_name = i_queue_name and queue_external_ticker and not queue_ticker_paused;
    if not found then
        raise exception 'queue not found or ticker disabled: %', i_queue_name;
    end if;
    perform pg_advisory_xact_lock('pgq.tick'::regclass::oid::integer, q.queue_id);

    insert into pgq.tick (tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq)
    values (q.queue_id, i_tick_id, i_orig_timestamp, txid_current_snapshot(), i_event_seq);
    perform pgq._commit_durably();
    perform pgq.seq_setval(q.queue_tick_seq, i_tick_id),
            pgq.seq_setval(q.queue_event_seq, i_event_seq);
    return i_tick_id;
end $$;

-- Makes the next call of the ticker write a tick, as if many events had come; the id of the last tick before it.
-- The sequence is drawn from, not set: numbers that concurrent inserts take in the meantime are not given out twice.
create or replace function pgq.force_tick(i_queue_name text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    event_seq regclass;
    needed bigint;
    drawn constant integer := 1000000;
begin
    select queue_id, queue_event_seq, queue_ticker_max_count, queue_external_ticker, queue_ticker_paused into q
      from pgq.queue where queue_name = i_queue_name;
    if not found then
        return null;
    end if;
    if not q.queue_external_ticker and not q.queue_ticker_paused then
        event_seq := pgq.quote_fqname(q.queue_event_seq)::regclass;
        needed := q.queue_ticker_max_count::bigint * 2 + 1000;
        perform count(nextval(event_seq)) from generate_series(0, least(needed, drawn));
        if needed > drawn then
            perform setval(event_seq, nextval(event_seq) + needed - drawn);
        end if;
    end if;
    return (select tick_id from pgq.tick where tick_queue = q.queue_id order by tick_id desc limit 1);
end $$;
