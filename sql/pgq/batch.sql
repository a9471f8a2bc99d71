-- Events of an open batch.

-- The event tables a batch may have events in if nobody writes with a snapshot older than a rotation.
-- batch_event_sql does not rely on it and reads all tables of the queue.
create or replace function pgq.batch_event_tables(x_batch_id bigint)
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    b record;
begin
    select q.queue_ntables as ntables, q.queue_cur_table as cur_table, q.queue_data_pfx as prefix,
           coalesce(q.queue_switch_step2 < txid_snapshot_xmin(last.tick_snapshot), false) as after_switch,
           q.queue_switch_step1 >= txid_snapshot_xmax(cur.tick_snapshot) as before_switch
      into b
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.tick last on last.tick_queue = s.sub_queue and last.tick_id = s.sub_last_tick
      join pgq.tick cur on cur.tick_queue = s.sub_queue and cur.tick_id = s.sub_next_tick
     where s.sub_batch = x_batch_id;
    if not found then
        raise exception 'Cannot find data for batch %', x_batch_id;
    end if;
    if not b.after_switch then
        return next b.prefix || '_' || (b.cur_table + b.ntables - 1) % b.ntables;
    end if;
    if not b.before_switch then
        return next b.prefix || '_' || b.cur_table;
    end if;
end $$;

-- Query that reads the events of a batch in order.
--
-- They are what the batch's last snapshot sees and its first one does not: transactions from the first snapshot's end
-- on, and those that were running then and are done now. All event tables of the queue are read: a transaction whose
-- snapshot is older than a rotation writes into a table that was left behind.
create or replace function pgq._batch_sql(i_batch_id bigint, i_condition text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    b record;
    event_columns constant text :=
        'ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4';
    later text;
    finished text;
    condition text;
    parts text[];
begin
    select s.sub_id as owner, q.queue_ntables as ntables, q.queue_data_pfx as prefix,
           last.tick_snapshot as snap1, cur.tick_snapshot as snap2
      into b
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.tick last on last.tick_queue = s.sub_queue and last.tick_id = s.sub_last_tick
      join pgq.tick cur on cur.tick_queue = s.sub_queue and cur.tick_id = s.sub_next_tick
     where s.sub_batch = i_batch_id;
    if not found then
        raise exception 'batch not found';
    end if;

    later := format('ev.ev_txid >= %s and ev.ev_txid < %s', txid_snapshot_xmax(b.snap1), txid_snapshot_xmax(b.snap2));
    if txid_snapshot_xmin(b.snap2) < txid_snapshot_xmax(b.snap2) then
        later := later || format(' and txid_visible_in_snapshot(ev.ev_txid, %L)', b.snap2);
    end if;
    select string_agg(txid::text, ', ' order by txid) into finished
      from txid_snapshot_xip(b.snap1) txid
     where txid_visible_in_snapshot(txid, b.snap2);
    condition := format(' and (ev.ev_owner is null or ev.ev_owner = %s)', b.owner)
              || coalesce(' and (' || i_condition || ')', '');

    for i in 0 .. b.ntables - 1 loop
        parts := parts || format('select %s from %s ev where %s%s',
            event_columns, pgq.quote_fqname(b.prefix || '_' || i), later, condition);
        if finished is not null then
            parts := parts || format('select %s from %s ev where ev.ev_txid in (%s)%s',
                event_columns, pgq.quote_fqname(b.prefix || '_' || i), finished, condition);
        end if;
    end loop;
    return array_to_string(parts, ' union all ') || ' order by 1';
end $$;

create or replace function pgq.batch_event_sql(x_batch_id bigint)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq._batch_sql(x_batch_id, null);
end $$;

-- All events of a batch at once.
create or replace function pgq.get_batch_events(x_batch_id bigint,
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry integer, out ev_type text,
    out ev_data text, out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query execute pgq._batch_sql(x_batch_id, null);
end $$;

-- Opens a cursor over the events of a batch, and returns the first of them: what a small batch needs is one call.
-- i_extra_where: SQL condition on event columns; it runs with the rights of the caller.
create or replace function pgq.get_batch_cursor(i_batch_id bigint, i_cursor_name text, i_quick_limit integer,
    i_extra_where text, out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry integer,
    out ev_type text, out ev_data text, out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql
as $$
declare
    batch_cursor refcursor := i_cursor_name;
begin
    if i_batch_id is null or i_cursor_name is null or i_quick_limit is null then
        return;
    end if;
    open batch_cursor no scroll for execute pgq._batch_sql(i_batch_id, i_extra_where);
    return query execute pg_catalog.format('fetch %s from %I', i_quick_limit, i_cursor_name);
end $$;

create or replace function pgq.get_batch_cursor(i_batch_id bigint, i_cursor_name text, i_quick_limit integer,
    out ev_id bigint, out ev_time timestamptz, out ev_txid bigint, out ev_retry integer, out ev_type text,
    out ev_data text, out ev_extra1 text, out ev_extra2 text, out ev_extra3 text, out ev_extra4 text)
returns setof record
language plpgsql strict
as $$
begin
    return query select * from pgq.get_batch_cursor(i_batch_id, i_cursor_name, i_quick_limit, null);
end $$;

-- What a batch is: whose, and which span of the queue it covers. NULLs when there is no such batch.
create or replace function pgq.get_batch_info(x_batch_id bigint,
    out queue_name text, out consumer_name text, out batch_start timestamptz, out batch_end timestamptz,
    out prev_tick_id bigint, out tick_id bigint, out lag interval, out seq_start bigint, out seq_end bigint)
returns record
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    select q.queue_name, c.co_name, prev.tick_time, cur.tick_time, s.sub_last_tick, s.sub_next_tick,
           current_timestamp - cur.tick_time, prev.tick_event_seq, cur.tick_event_seq
      into queue_name, consumer_name, batch_start, batch_end, prev_tick_id, tick_id, lag, seq_start, seq_end
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
      left join pgq.tick prev on prev.tick_queue = s.sub_queue and prev.tick_id = s.sub_last_tick
      left join pgq.tick cur on cur.tick_queue = s.sub_queue and cur.tick_id = s.sub_next_tick
     where s.sub_batch = x_batch_id;
end $$;
