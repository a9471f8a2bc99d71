-- Events come in.

-- Inserts an event with all of its fields; id and time are filled in where they are NULL.
-- A number is drawn from the sequence in any case: it tells the ticker that there is something new.
create or replace function pgq.insert_event_raw(queue_name text, ev_id bigint, ev_time timestamptz, ev_owner integer,
    ev_retry integer, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql
as $$
declare
    q record;
    new_id bigint;
begin
    select c.queue_cur_table, c.queue_data_pfx, c.queue_event_seq, c.queue_disable_insert, c.queue_per_tx_limit
      into q
      from pgq.queue c where c.queue_name operator(pg_catalog.=) $1;
    if not found then
        if queue_name is null then
            raise exception 'Queue name must not be NULL' using errcode = 'internal_error';
        end if;
        raise exception 'No such queue' using errcode = 'internal_error';
    end if;
    if q.queue_disable_insert then
        if pg_catalog.current_setting('session_replication_role') is distinct from 'replica' then
            raise exception 'Insert into queue disallowed' using errcode = 'internal_error';
        end if;
    end if;
    if q.queue_per_tx_limit is not null then
        perform pgq._count_tx_event(queue_name, q.queue_per_tx_limit);
    end if;

    new_id := pg_catalog.nextval(q.queue_event_seq::regclass);
    if ev_id is not null then
        new_id := ev_id;
    end if;
    execute pg_catalog.format('insert into %I.%I'
            ' (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            ' values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
            pg_catalog.split_part(q.queue_data_pfx, '.', 1),
            pg_catalog.split_part(q.queue_data_pfx, '.', 2) || '_' || q.queue_cur_table)
      using new_id, coalesce(ev_time, pg_catalog.now()), ev_owner, ev_retry, ev_type, ev_data,
            ev_extra1, ev_extra2, ev_extra3, ev_extra4;
    return new_id;
end $$;

-- Counts the events one transaction puts into a limited queue, and stops it beyond the limit.
create or replace function pgq._count_tx_event(i_queue_name text, i_limit integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    setting text := 'pgq.tx_events_' || md5(i_queue_name);
    tx text := txid_current()::text;
    seen text := current_setting(setting, true);
    events integer := 1;
begin
    if split_part(seen, '/', 1) = tx then
        events := split_part(seen, '/', 2)::integer + 1;
    end if;
    if events > i_limit then
        raise exception 'Queue ''%'' allows max % events from one TX', i_queue_name, i_limit
            using errcode = 'internal_error';
    end if;
    perform set_config(setting, tx || '/' || events, true);
end $$;

create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text,
    ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq.insert_event_raw(queue_name, null, null, null, null, ev_type, ev_data,
        ev_extra1, ev_extra2, ev_extra3, ev_extra4);
end $$;

create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq.insert_event(queue_name, ev_type, ev_data, null, null, null, null);
end $$;

-- The table that takes new events of a queue, for those who insert in bulk.
create or replace function pgq.current_event_table(x_queue_name text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    event_table text;
begin
    select queue_data_pfx || '_' || queue_cur_table into event_table
      from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not found';
    end if;
    return event_table;
end $$;
