-- A queue's root moves: nodes change their places. See switch.sql for the states.

-- Makes the queue of the node that becomes the root, closed, with the settings of the present root's. A node that was
-- the root before has it already.
create or replace function londiste_rs.switch_prepare(i_queue_name text, i_switch_id text, i_from_node text, i_who text,
    i_settings jsonb)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    node record;
    queue_id integer;
begin
    select * into node from pgq_node.node_info where queue_name = i_queue_name for update;
    if node.node_type is distinct from 'leaf' then
        raise exception 'this database is not a leaf of queue %', i_queue_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if not exists (select from pgq.queue where queue_name = i_queue_name) then
        perform pgq.create_queue(i_queue_name);
        update pgq.queue set queue_disable_insert = true, queue_external_ticker = true where queue_name = i_queue_name;
    end if;
    -- capture functions name it, open or not
    select q.queue_id into strict queue_id from pgq.queue q where q.queue_name = i_queue_name;
    if to_regclass(londiste_rs.gate_name(queue_id)) is null then
        execute format('create sequence %s', londiste_rs.gate_name(queue_id));
        perform londiste_rs.tell_gate(londiste_rs.gate_name(queue_id)::regclass, londiste_rs.closed_gate());
    end if;
    update pgq.queue
       set queue_rotation_period = (i_settings ->> 'rotation_period')::interval,
           queue_ticker_max_count = (i_settings ->> 'ticker_max_count')::integer,
           queue_ticker_max_lag = (i_settings ->> 'ticker_max_lag')::interval,
           queue_ticker_idle_period = (i_settings ->> 'ticker_idle_period')::interval,
           queue_per_tx_limit = (i_settings ->> 'per_tx_limit')::integer
     where queue_name = i_queue_name;
    if i_settings ->> 'unchanged' is not null then
        perform londiste_rs.set_captures_unchanged(i_queue_name, (i_settings ->> 'unchanged')::boolean);
    end if;
    insert into londiste_rs.switch as s (queue_name, switch_id, side, from_node, to_node, state, who)
    values (i_queue_name, i_switch_id, 'to', i_from_node, node.node_name, 'prepared', i_who)
        on conflict (queue_name) do update
       set switch_id = excluded.switch_id, side = excluded.side, from_node = excluded.from_node,
           to_node = excluded.to_node, state = excluded.state,
           who = excluded.who, began = clock_timestamp(), frozen = null, deadline = null, last_tick = null,
           tick_time = null, last_event = null,
           changed = clock_timestamp();
end $$;

-- Whether stock triggers capture a relation for the queue. Those that deny a leaf's changes capture nothing.
create or replace function londiste_rs.has_stock_capture(i_queue_name text, i_rel oid)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_namespace n on n.oid = f.pronamespace
         where t.tgrelid = i_rel and not t.tgisinternal and n.nspname = 'pgq' and t.tgtype::integer & 1 = 1
           and position(convert_to(i_queue_name, getdatabaseencoding()) || '\000'::bytea in t.tgargs) = 1
           and position('\000deny\000'::bytea in t.tgargs) = 0)
$$;

-- The new root's capture of a table. Stock triggers stay: the node that comes back as the root has them already.
create or replace function londiste_rs.switch_capture(i_queue_name text, i_table_name text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if londiste_rs.has_stock_capture(i_queue_name, londiste_rs.find_relation(i_table_name)) then
        return false;
    end if;
    perform londiste_rs.know_partitions(i_queue_name, i_table_name);
    return londiste_rs.capture_table(i_queue_name, i_table_name);
end $$;

-- The tables of the queue that stock triggers capture here.
create or replace function londiste_rs.stock_captured(i_queue_name text)
returns setof text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select r.table_name from londiste_rs.relations_here(i_queue_name) r
     where londiste_rs.has_stock_capture(i_queue_name, r.relid)
$$;

-- The settings of a root's queue that its successor takes over.
create or replace function londiste_rs.switch_settings(i_queue_name text)
returns jsonb language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object('rotation_period', q.queue_rotation_period, 'ticker_max_count', q.queue_ticker_max_count,
                              'ticker_max_lag', q.queue_ticker_max_lag,
                              'ticker_idle_period', q.queue_ticker_idle_period,
                              'per_tx_limit', q.queue_per_tx_limit,
                              'unchanged', (select s.unchanged from londiste_rs.capture_setting s
                                             where s.queue_name = i_queue_name))
      from pgq.queue q where q.queue_name = i_queue_name
$$;

-- The node that was the root becomes a leaf of the new one, which has all up to the last tick. It refuses changes as
-- before: only what its worker replays passes.
create or replace function londiste_rs.switch_leave(i_queue_name text, i_switch_id text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    perform from pgq_node.node_info where queue_name = i_queue_name for update;
    select * into s from londiste_rs.switch where queue_name = i_queue_name and side = 'from' for update;
    if s.switch_id is distinct from i_switch_id or s.state not in ('drained', 'left', 'settled') then
        raise exception 'the switch of queue % was taken back (%)', i_queue_name, coalesce(s.state, 'none is recorded')
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if s.state <> 'drained' then
        return;
    end if;
    update pgq_node.node_info set node_type = 'leaf' where queue_name = i_queue_name;
    update pgq_node.local_state l
       set provider_node = s.to_node, last_tick_id = s.last_tick, uptodate = false
      from pgq_node.node_info n
     where n.queue_name = i_queue_name and l.queue_name = n.queue_name and l.consumer_name = n.worker_name;
    -- what was known of the tables on either side was known of a root
    delete from londiste_rs.table_identity where queue_name = i_queue_name;
    delete from londiste_rs.position where queue_name = i_queue_name;
    update londiste_rs.switch set state = 'left', changed = clock_timestamp() where queue_name = i_queue_name;
end $$;

-- Switches the user triggers of the queue's tables on again that were off while the tables were replicated.
create or replace function londiste_rs.restore_triggers(i_queue_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
begin
    for c in
        delete from londiste_rs.relaxed_trigger x
         where londiste_rs.find_relation(x.table_name) in (select londiste_rs.captured_relations(i_queue_name))
        returning x.trigger_name, londiste_rs.find_relation(x.table_name) as relid
    loop
        if exists (select from pg_trigger t
                    where t.tgrelid = c.relid and t.tgname = c.trigger_name::name and not t.tgisinternal) then
            execute format('alter table only %s enable trigger %I', c.relid::regclass, c.trigger_name);
        end if;
    end loop;
end $$;

-- The node becomes the root: its queue begins with the last tick of the one before, which its worker has applied. The
-- old root is its subscriber. Application triggers work again; foreign keys become what they were a little later.
create or replace function londiste_rs.switch_take(i_queue_name text, i_switch_id text, i_last_tick bigint,
    i_tick_time timestamptz, i_last_event bigint, i_old_worker text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    node record;
    applied bigint;
    answer record;
begin
    select * into node from pgq_node.node_info where queue_name = i_queue_name for update;
    select * into s from londiste_rs.switch where queue_name = i_queue_name and side = 'to' for update;
    if s.switch_id is distinct from i_switch_id or s.state not in ('prepared', 'taken') then
        raise exception 'the switch of queue % was given up (%)', i_queue_name, coalesce(s.state, 'none is recorded')
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if s.state = 'taken' then
        return;
    end if;
    select l.last_tick_id into applied from pgq_node.local_state l
     where l.queue_name = i_queue_name and l.consumer_name = node.worker_name for update;
    if applied is distinct from i_last_tick then
        raise exception 'node % has applied tick %, not the last tick %', node.node_name, applied, i_last_tick
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    perform londiste_rs.close_event_tables(i_queue_name, false);
    if not exists (select from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue
                    where q.queue_name = i_queue_name and t.tick_id = i_last_tick) then
        perform pgq.ticker(i_queue_name, i_last_tick, i_tick_time, i_last_event);
    end if;
    update pgq_node.node_info set node_type = 'root' where queue_name = i_queue_name;
    perform pgq.register_consumer_at(i_queue_name, '.global_watermark', i_last_tick);
    if not exists (select from pgq_node.subscriber_info i
                    where i.queue_name = i_queue_name and i.subscriber_node = s.from_node) then
        select * into answer from pgq_node.register_subscriber(i_queue_name, s.from_node, i_old_worker, i_last_tick);
        if answer.ret_code >= 300 then
            raise exception '%', answer.ret_note;
        end if;
    end if;
    update pgq_node.local_state
       set provider_node = node.node_name, last_tick_id = i_last_tick, uptodate = false
     where queue_name = i_queue_name and consumer_name = node.worker_name;
    delete from londiste_rs.table_identity where queue_name = i_queue_name;
    delete from londiste_rs.position where queue_name = i_queue_name;
    perform londiste_rs.restore_triggers(i_queue_name);
    update pgq.queue set queue_disable_insert = false, queue_external_ticker = false where queue_name = i_queue_name;
    update londiste_rs.switch
       set state = 'taken', last_tick = i_last_tick, tick_time = i_tick_time, last_event = i_last_event,
           changed = clock_timestamp()
     where queue_name = i_queue_name;
    -- the worker of this node looks at once
    perform pg_notify('londiste_rs_tables', i_queue_name);
end $$;

-- The new root takes changes: the old one reads from it, and serves it no more.
create or replace function londiste_rs.switch_settle(i_queue_name text, i_switch_id text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    select * into s from londiste_rs.switch where queue_name = i_queue_name and side = 'from' for update;
    if s.switch_id is distinct from i_switch_id or s.state is distinct from 'left' then
        return;
    end if;
    perform pgq_node.unregister_subscriber(i_queue_name, s.to_node);
    perform pgq.unregister_consumer(i_queue_name, '.global_watermark');
    update londiste_rs.switch set state = 'settled', changed = clock_timestamp() where queue_name = i_queue_name;
end $$;

-- The node will not become the root by this switch, whatever comes. False where it has.
create or replace function londiste_rs.switch_give_up(i_queue_name text, i_switch_id text)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    select * into s from londiste_rs.switch where queue_name = i_queue_name and side = 'to' for update;
    if s.switch_id = i_switch_id and s.state = 'taken' then
        return false;
    end if;
    update londiste_rs.switch set state = 'given up', changed = clock_timestamp()
     where queue_name = i_queue_name and side = 'to' and switch_id = i_switch_id;
    return true;
end $$;

-- The root's subscribers besides this one, whom a switch would leave behind.
create or replace function londiste_rs.other_subscribers(i_queue_name text, i_node text)
returns setof text language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select i.subscriber_node from pgq_node.subscriber_info i
     where i.queue_name = i_queue_name and i.subscriber_node <> i_node order by 1
$$;
