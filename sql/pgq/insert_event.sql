-- Events come in.

-- Writes pgq._put_event, which puts an event into the current table of a queue: static SQL for each of the queues that
-- there are now, so that its plans are made once for a session, and dynamic SQL for all others. Where somebody else
-- writes it in an open transaction, that is left at: it never waits.
--
-- A number is drawn from the queue's sequence in any case: it tells the ticker that there is something new.
create or replace function pgq._write_insert_function()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    q record;
    branches text := '';
begin
    if not pg_try_advisory_xact_lock(hashtextextended('pgq._put_event', 0)) then
        return;
    end if;
    for q in
        select queue_data_pfx, queue_event_seq, queue_ntables from pgq.queue order by queue_id limit 100
    loop
        branches := branches || format($f$
    %s data_prefix operator(pg_catalog.=) %L then
        new_id := pg_catalog.nextval(%L::pg_catalog.regclass);
        if i_id is not null then
            new_id := i_id;
        end if;$f$, case when branches = '' then 'if' else 'elsif' end, q.queue_data_pfx,
            pgq.quote_fqname(q.queue_event_seq));
        for nr in 0 .. q.queue_ntables - 1 loop
            branches := branches || format($f$
        if current_table operator(pg_catalog.=) %s then
            insert into %s
                (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            values (new_id, coalesce(i_time, pg_catalog.now()), i_owner, i_retry, i_type, i_data,
                    i_extra1, i_extra2, i_extra3, i_extra4);
            return new_id;
        end if;$f$, nr, pgq.quote_fqname(q.queue_data_pfx || '_' || nr));
        end loop;
    end loop;
    execute format($f$
create or replace function pgq._put_event(i_queue text, i_id bigint, i_time timestamptz, i_owner integer,
    i_retry integer, i_type text, i_data text, i_extra1 text, i_extra2 text, i_extra3 text, i_extra4 text)
returns bigint language plpgsql as $body$
declare
    new_id bigint;
    current_table integer;
    data_prefix text;
    event_seq text;
    closed boolean;
    tx_limit integer;
begin
    select q.queue_cur_table, q.queue_data_pfx, q.queue_event_seq, q.queue_disable_insert, q.queue_per_tx_limit
      into current_table, data_prefix, event_seq, closed, tx_limit
      from pgq.queue q where q.queue_name operator(pg_catalog.=) i_queue;
    if data_prefix is null then
        if i_queue is null then
            raise exception 'Queue name must not be NULL' using errcode = 'internal_error';
        end if;
        raise exception 'No such queue' using errcode = 'internal_error';
    end if;
    if closed and pg_catalog.current_setting('session_replication_role') is distinct from 'replica' then
        -- what a worker of ours replays makes no events
        if pg_catalog.current_setting('londiste_rs.replay', true) = 'on' then
            return null;
        end if;
        if pg_catalog.to_regprocedure('londiste_rs.refuse_change(text,oid)') is not null then
            -- which node takes changes, and what to do
            execute 'select londiste_rs.refuse_change($1, null)' using i_queue;
        end if;
        raise exception 'Insert into queue disallowed' using errcode = 'read_only_sql_transaction',
            detail = pg_catalog.format('queue %%s takes changes on another node', i_queue);
    end if;
    if tx_limit is not null then
        perform pgq._count_tx_event(i_queue, tx_limit);
    end if;
%s%s
    new_id := pg_catalog.nextval(event_seq::pg_catalog.regclass);
    if i_id is not null then
        new_id := i_id;
    end if;
    execute pg_catalog.format('insert into %%I.%%I'
            ' (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
            ' values ($1, coalesce($2, pg_catalog.now()), $3, $4, $5, $6, $7, $8, $9, $10)',
            pg_catalog.split_part(data_prefix, '.', 1),
            pg_catalog.split_part(data_prefix, '.', 2) || '_' || current_table)
      using new_id, i_time, i_owner, i_retry, i_type, i_data, i_extra1, i_extra2, i_extra3, i_extra4;
    return new_id;
end $body$ $f$, branches, case when branches <> '' then '
    end if;' end);
end $outer$;

do $$ begin perform pgq._write_insert_function(); end $$;

-- Inserts an event with all of its fields; id and time are filled in where they are NULL.
create or replace function pgq.insert_event_raw(queue_name text, ev_id bigint, ev_time timestamptz, ev_owner integer,
    ev_retry integer, ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
returns bigint
language plpgsql
as $$
begin
    return pgq._put_event(queue_name, ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2,
        ev_extra3, ev_extra4);
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
    return pgq._put_event(queue_name, null, null, null, null, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3,
        ev_extra4);
end $$;

create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text)
returns bigint
language plpgsql
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
