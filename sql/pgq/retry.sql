-- Events that a consumer wants to see again later.

-- Puts one event of a batch aside until a time: 1, or 0 where it is there already.
create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_time timestamptz)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
begin
    select sub_id, sub_queue into sub from pgq.subscription where sub_batch = x_batch_id;
    if not found then
        raise exception 'event not found';
    end if;
    return pgq._retry_events(x_batch_id, sub.sub_id, sub.sub_queue, x_retry_time,
        format('ev.ev_id = %L', x_event_id), true);
end $$;

create or replace function pgq.event_retry(x_batch_id bigint, x_event_id bigint, x_retry_seconds integer)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq.event_retry(x_batch_id, x_event_id, current_timestamp + x_retry_seconds * interval '1 second');
end $$;

-- Puts all events of a batch aside: how many were not there yet.
create or replace function pgq.batch_retry(i_batch_id bigint, i_retry_seconds integer)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
begin
    select sub_id, sub_queue into sub from pgq.subscription where sub_batch = i_batch_id;
    if not found then
        raise exception 'batch_retry: batch % not found', i_batch_id;
    end if;
    return pgq._retry_events(i_batch_id, sub.sub_id, sub.sub_queue,
        current_timestamp + i_retry_seconds * interval '1 second', null, false);
end $$;

create or replace function pgq._retry_events(i_batch_id bigint, i_owner integer, i_queue integer,
    i_retry_after timestamptz, i_condition text, i_must_exist boolean)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    added integer;
    seen integer;
begin
    execute format(
        'with events as materialized (%s), added as ('
            'insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_txid, ev_owner, ev_retry,'
                ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            ' select $1, $2, ev_id, ev_time, null, $3, coalesce(ev_retry, 0) + 1,'
                ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
            ' from events on conflict (ev_owner, ev_id) do nothing returning 1)'
        ' select (select count(*) from added), (select count(*) from events)',
        pgq._batch_sql(i_batch_id, i_condition))
       into added, seen
      using i_retry_after, i_queue, i_owner;
    if i_must_exist and seen = 0 then
        raise exception 'event not found';
    end if;
    return added;
end $$;

-- Puts an event into the retry queue that may never have been in the queue; its id.
create or replace function pgq.event_retry_raw(x_queue text, x_consumer text, x_retry_after timestamptz, x_ev_id bigint,
    x_ev_time timestamptz, x_ev_retry integer, x_ev_type text, x_ev_data text, x_ev_extra1 text, x_ev_extra2 text,
    x_ev_extra3 text, x_ev_extra4 text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    sub record;
    new_id bigint;
begin
    select s.sub_id, s.sub_queue, q.queue_event_seq into sub
      from pgq.subscription s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = x_queue and c.co_name = x_consumer;
    if not found then
        raise exception 'consumer not registered';
    end if;
    new_id := coalesce(x_ev_id, nextval(pgq.quote_fqname(sub.queue_event_seq)::regclass));
    insert into pgq.retry_queue (ev_retry_after, ev_queue, ev_id, ev_time, ev_owner, ev_retry,
        ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (x_retry_after, sub.sub_queue, new_id, x_ev_time, sub.sub_id, x_ev_retry,
        x_ev_type, x_ev_data, x_ev_extra1, x_ev_extra2, x_ev_extra3, x_ev_extra4);
    return new_id;
end $$;

-- Brings back events whose time has come, a limited number in one transaction: how many; call again until 0.
create or replace function pgq.maint_retry_events()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    event record;
    moved integer := 0;
begin
    for event in
        select r.*, q.queue_name
          from pgq.retry_queue r
          join pgq.queue q on q.queue_id = r.ev_queue
         where r.ev_retry_after <= current_timestamp
         order by r.ev_retry_after
         limit 10
           for update of r skip locked
    loop
        perform pgq.insert_event_raw(event.queue_name, event.ev_id, event.ev_time, event.ev_owner, event.ev_retry,
            event.ev_type, event.ev_data, event.ev_extra1, event.ev_extra2, event.ev_extra3, event.ev_extra4);
        delete from pgq.retry_queue where ev_owner = event.ev_owner and ev_id = event.ev_id;
        moved := moved + 1;
    end loop;
    return moved;
end $$;
