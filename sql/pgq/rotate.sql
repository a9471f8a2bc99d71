-- Rotation: a queue's events move on to the next table, and the oldest table is emptied for it.
--
-- Two steps in two transactions: the first one makes the next table current, the second one records when everybody who
-- begins sees it.

-- Empties the next table and makes it current, when its time has come and nobody needs what is in it. Always 0.
-- It hardly waits: who holds the table or the queue (a long batch, pg_dump, a registration) postpones it.
create or replace function pgq.maint_rotate_tables_step1(i_queue_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    next_nr integer;
    next_table text;
    lowest_tick bigint;
    lowest_xmin bigint;
    old_timeout text;
    needed boolean;
begin
    select queue_id, queue_ntables, queue_cur_table, queue_data_pfx, queue_switch_step2 into q
      from pgq.queue
     where queue_name = i_queue_name
       and queue_switch_time + queue_rotation_period < current_timestamp
       and queue_switch_step2 is not null
       for no key update skip locked;
    if not found then
        return 0;
    end if;
    -- Rows committed after the snapshot of a long transaction would be truncated unseen.
    if current_setting('transaction_isolation') not like 'read %' then
        raise warning 'queue % is not rotated: run maintenance in READ COMMITTED transactions', i_queue_name;
        return 0;
    end if;

    select min(sub_last_tick) into lowest_tick from pgq.subscription where sub_queue = q.queue_id;
    if lowest_tick is not null then
        select txid_snapshot_xmin(tick_snapshot) into lowest_xmin
          from pgq.tick where tick_queue = q.queue_id and tick_id = lowest_tick;
        if lowest_xmin is null or lowest_xmin <= q.queue_switch_step2 then
            return 0;
        end if;
    end if;

    next_nr := (q.queue_cur_table + 1) % q.queue_ntables;
    next_table := pgq.quote_fqname(q.queue_data_pfx || '_' || next_nr);
    old_timeout := current_setting('lock_timeout');
    begin
        perform set_config('lock_timeout', '100ms', true);
        execute format('lock table %s in access exclusive mode', next_table);
        perform set_config('lock_timeout', old_timeout, true);
        -- A transaction whose snapshot is older than an earlier rotation may have written here lately.
        if lowest_xmin is not null then
            execute format('select exists (select from %s where ev_txid >= $1)', next_table)
               into needed using lowest_xmin;
            if needed then
                return 0;
            end if;
        end if;
        execute format('truncate table %s', next_table);
        perform pgq._compress_quickly(next_table);
    exception
        when lock_not_available then
            return 0;
    end;

    update pgq.queue
       set queue_cur_table = next_nr, queue_switch_time = current_timestamp,
           queue_switch_step1 = txid_current(), queue_switch_step2 = null
     where queue_id = q.queue_id;
    delete from pgq.tick
     where tick_queue = q.queue_id
       and txid_snapshot_xmin(tick_snapshot) < q.queue_switch_step2
       and (lowest_tick is null or tick_id < lowest_tick)
       and tick_id < (select max(tick_id) from pgq.tick where tick_queue = q.queue_id);
    return 0;
end $$;

-- Records the end of a rotation. It is a transaction of its own: everyone who begins after it sees the new table.
create or replace function pgq.maint_rotate_tables_step2()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update pgq.queue
       set queue_switch_step2 = txid_current()
     where queue_switch_step2 is null and queue_switch_step1 is distinct from txid_current_if_assigned();
    return 0;
end $$;
