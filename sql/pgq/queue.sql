-- Birth and death of a queue, and its settings.

-- Creates a queue with its event tables and its first tick: 1, or 0 where it exists already.
create or replace function pgq.create_queue(i_queue_name text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    id integer;
    prefix text;
begin
    if i_queue_name is null then
        raise exception 'Invalid NULL value';
    end if;
    if exists (select from pgq.queue where queue_name = i_queue_name) then
        return 0;
    end if;

    id := nextval('pgq.queue_queue_id_seq');
    prefix := 'event_' || id;
    insert into pgq.queue (queue_id, queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq)
    values (id, i_queue_name, 'pgq.' || prefix, 'pgq.' || prefix || '_id_seq', 'pgq.' || prefix || '_tick_seq')
    on conflict (queue_name) do nothing;
    if not found then
        return 0;
    end if;

    execute format('create sequence pgq.%I', prefix || '_id_seq');
    execute format('create sequence pgq.%I', prefix || '_tick_seq');
    execute format('create table pgq.%I () inherits (pgq.event_template)', prefix);
    for i in 0 .. (select queue_ntables from pgq.queue where queue_id = id) - 1 loop
        execute format('create table pgq.%I () inherits (pgq.%I)', prefix || '_' || i, prefix);
        execute format('alter table pgq.%I alter column ev_id set default nextval(%L)',
            prefix || '_' || i, format('pgq.%I', prefix || '_id_seq'));
        execute format('create index %I on pgq.%I (ev_txid)', prefix || '_' || i || '_txid_idx', prefix || '_' || i);
    end loop;

    perform pgq.grant_perms(i_queue_name);
    perform pgq.tune_storage(i_queue_name);
    perform pgq._write_insert_function();
    perform pgq.ticker(i_queue_name);
    return 1;
end $$;

create or replace function pgq.drop_queue(x_queue_name text, x_force boolean)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    consumer text;
begin
    select queue_id, queue_ntables, queue_data_pfx, queue_event_seq, queue_tick_seq into q
      from pgq.queue where queue_name = x_queue_name
       for update;
    if not found then
        raise exception 'No such event queue';
    end if;

    if x_force then
        for consumer in
            select c.co_name from pgq.subscription s join pgq.consumer c on c.co_id = s.sub_consumer
             where s.sub_queue = q.queue_id
        loop
            perform pgq.unregister_consumer(x_queue_name, consumer);
        end loop;
    elsif exists (select from pgq.subscription where sub_queue = q.queue_id) then
        raise exception 'cannot drop queue, consumers still attached';
    end if;

    for i in 0 .. q.queue_ntables - 1 loop
        execute format('drop table %s', pgq.quote_fqname(q.queue_data_pfx || '_' || i));
    end loop;
    execute format('drop table %s', pgq.quote_fqname(q.queue_data_pfx));
    execute format('drop sequence %s', pgq.quote_fqname(q.queue_tick_seq));
    execute format('drop sequence %s', pgq.quote_fqname(q.queue_event_seq));
    delete from pgq.retry_queue where ev_queue = q.queue_id;
    delete from pgq.tick where tick_queue = q.queue_id;
    delete from pgq.queue where queue_id = q.queue_id;
    return 1;
end $$;

create or replace function pgq.drop_queue(x_queue_name text)
returns integer
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return pgq.drop_queue(x_queue_name, false);
end $$;

-- Changes one setting of a queue; parameters are columns of pgq.queue without their prefix.
create or replace function pgq.set_queue_config(x_queue_name text, x_param_name text, x_param_value text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if x_queue_name is null or x_param_name is null then
        raise exception 'Invalid NULL value';
    end if;
    if not exists (select from pgq.queue where queue_name = x_queue_name) then
        raise exception 'No such event queue';
    end if;
    if x_param_name not in ('ticker_max_count', 'ticker_max_lag', 'ticker_idle_period', 'ticker_paused',
                            'rotation_period', 'external_ticker') then
        raise exception 'cannot change parameter "%"', x_param_name;
    end if;
    if x_param_value is null then
        raise exception using errcode = 'null_value_not_allowed',
            message = format('queue parameter "%s" cannot be null', x_param_name);
    end if;
    execute format('update pgq.queue set %I = %L where queue_name = $1', 'queue_' || x_param_name, x_param_value)
      using x_queue_name;
    return 1;
end $$;
