-- A queue's root moves to another node, and back: what stands on the node that gives it away.
--
--   frozen    capture refuses changes; who had begun to write may end
--   drained   nobody writes any more: the last tick is made, and the event tables refuse events
--   left      this node follows the new root; from now on the switch only goes forward
--   settled   the new root takes changes, this node reads from it
--   kept      taken back: this node is the root as before
-- The node that becomes the root (switch_roles.sql) has prepared, taken, or given up.
--
-- At no time do two nodes take changes: the new root opens only after left is committed here, and a node that has given
-- a switch up never opens for it.

set client_min_messages = warning;

create table if not exists londiste_rs.switch (
    queue_name text primary key,
    switch_id  text not null,
    side       text not null check (side in ('from', 'to')),
    from_node  text not null,
    to_node    text not null,
    state      text not null check (
        state in ('frozen', 'drained', 'left', 'settled', 'kept', 'prepared', 'taken', 'given up')),
    -- who runs the command, for the one who comes second
    who        text not null,
    began      timestamptz not null default clock_timestamp(),
    -- changes were refused from then on
    frozen     timestamptz,
    -- the root opens again by itself at this time while it is frozen or drained
    deadline   timestamptz,
    last_tick  bigint,
    tick_time  timestamptz,
    last_event bigint,
    -- how far the new root is with views and statistics (switch_care.sql)
    care       text,
    changed    timestamptz not null default clock_timestamp()
);

reset client_min_messages;

-- The relations whose changes a queue captures here, partitions as well. One comparison of the catalogs' names for all
-- tables.
create or replace function londiste_rs.captured_relations(i_queue_name text)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    with recursive captured (relid) as (
        select r.relid from londiste_rs.relations_here(i_queue_name) r
        union
        select i.inhrelid from captured c join pg_inherits i on i.inhparent = c.relid)
    select relid from captured
$$;

-- Closes the root for changes. Given again by the one who did it: another deadline.
create or replace function londiste_rs.switch_freeze(i_queue_name text, i_switch_id text, i_to_node text, i_who text,
    i_deadline interval)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
    s record;
    answer record;
begin
    select node_type, node_name into node from pgq_node.node_info where queue_name = i_queue_name for update;
    if node.node_type is distinct from 'root' then
        raise exception 'this database is not the root of queue %', i_queue_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    select * into s from londiste_rs.switch where queue_name = i_queue_name for update;
    if s.side = 'from' and s.state in ('frozen', 'drained') then
        if s.switch_id <> i_switch_id then
            raise exception 'another switch to node % is under way (%)', s.to_node, s.who
                using errcode = 'object_in_use';
        end if;
        update londiste_rs.switch set who = i_who, deadline = clock_timestamp() + i_deadline
         where queue_name = i_queue_name;
        return;
    end if;
    delete from londiste_rs.switch where queue_name = i_queue_name;
    select * into answer from pgq_node.demote_root(i_queue_name, 1, i_to_node);
    if answer.ret_code >= 300 then
        raise exception '%', answer.ret_note;
    end if;
    insert into londiste_rs.switch (queue_name, switch_id, side, from_node, to_node, state, who, frozen, deadline)
    values (i_queue_name, i_switch_id, 'from', node.node_name, i_to_node, 'frozen', i_who, clock_timestamp(),
            clock_timestamp() + i_deadline);
end $$;

-- Transactions that have written to these relations, or to the queue, and have not ended: their virtual transactions,
-- which are looked for again, and who they are. Who comes after the freeze is committed is refused, but may be among
-- them until it is rolled back.
create or replace function londiste_rs.switch_writers(i_queue_name text, i_relids oid[],
    out transaction text, out pid integer, out prepared text, out application text, out role text,
    out age double precision, out query text)
returns setof record language sql
set search_path = pg_catalog, pg_temp
as $$
    select l.virtualtransaction, l.pid,
           case when l.pid is null then (select string_agg(x.gid, ', ' order by x.gid) from pg_prepared_xacts x
                                          where x.database = current_database()) end,
           coalesce(a.application_name, ''), coalesce(a.usename::text, ''),
           coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::double precision,
           left(coalesce(a.query, ''), 200)
      from (select distinct k.virtualtransaction, k.pid
              from pg_locks k
             where k.locktype = 'relation' and k.granted
               and k.database = (select d.oid from pg_database d where d.datname = current_database())
               and k.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
               and k.pid is distinct from pg_backend_pid()
               and k.relation in (select unnest(i_relids)
                                   union all
                                  select to_regclass(format('%s_%s', q.queue_data_pfx, nr))::oid
                                    from pgq.queue q cross join generate_series(0, q.queue_ntables - 1) nr
                                   where q.queue_name = i_queue_name)) l
      left join pg_stat_activity a on a.pid = l.pid
     where coalesce(a.backend_type, '') <> 'autovacuum worker'
     order by 6 desc, 1
$$;

-- What refuses events that come in spite of a closed queue: of a transaction whose snapshot is older than the freeze,
-- or one that had looked at the gate before and comes to write only now.
create or replace function londiste_rs.refuse_event()
returns trigger language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform londiste_rs.refuse_change(tg_argv[0], null);
    return null;
end $$;

-- Closes or opens the event tables of a queue.
create or replace function londiste_rs.close_event_tables(i_queue_name text, i_close boolean)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
declare
    event_table text;
begin
    for event_table in
        select pgq.quote_fqname(q.queue_data_pfx || '_' || nr)
          from pgq.queue q cross join generate_series(0, q.queue_ntables - 1) nr
         where q.queue_name = i_queue_name
    loop
        if exists (select from pg_trigger t
                    where t.tgrelid = event_table::regclass and t.tgname = 'londiste_rs_closed') = i_close then
            continue;
        elsif i_close then
            -- waits for those that have written events
            execute format('create trigger londiste_rs_closed before insert on %s for each statement '
                           'execute function londiste_rs.refuse_event(%L)',
                           event_table, i_queue_name);
        else
            execute format('drop trigger londiste_rs_closed on %s', event_table);
        end if;
    end loop;
end $$;

-- Makes the last tick of this root, once nobody writes: all events are before it, and none comes behind it. The caller
-- sets lock_timeout and tries again.
create or replace function londiste_rs.switch_drain(i_queue_name text, i_switch_id text, out last_tick bigint,
    out last_event bigint, out tick_time timestamptz)
returns record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    q record;
begin
    select * into s from londiste_rs.switch w where w.queue_name = i_queue_name for update;
    if s.switch_id is distinct from i_switch_id or s.side <> 'from' or s.state not in ('frozen', 'drained') then
        raise exception 'the switch of queue % was taken back (%)', i_queue_name, coalesce(s.state, 'none is recorded')
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if s.state = 'drained' then
        last_tick := s.last_tick;
        last_event := s.last_event;
        tick_time := s.tick_time;
        return;
    end if;
    perform londiste_rs.close_event_tables(i_queue_name, true);
    select * into q from pgq.queue where queue_name = i_queue_name;
    last_event := nextval(q.queue_event_seq::regclass);
    tick_time := clock_timestamp();
    last_tick := pgq.ticker(i_queue_name, nextval(q.queue_tick_seq::regclass), tick_time, last_event);
    update londiste_rs.switch w
       set state = 'drained', last_tick = switch_drain.last_tick, last_event = switch_drain.last_event,
           tick_time = switch_drain.tick_time,
           changed = clock_timestamp()
     where w.queue_name = i_queue_name;
    -- as a ticker does: who waits for ticks looks at once
    perform pg_notify('londiste_rs_tick', '');
end $$;

-- Opens the root again: the switch is taken back. i_overdue: only if its deadline has passed. Returns whether that was
-- done. A node that has left is no root any more: it comes back only after the new root has given the switch up
-- (i_given_up).
create or replace function londiste_rs.switch_keep(i_queue_name text, i_switch_id text, i_overdue boolean,
    i_given_up boolean)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    node record;
begin
    select * into node from pgq_node.node_info where queue_name = i_queue_name for update;
    select * into s from londiste_rs.switch where queue_name = i_queue_name and side = 'from' for update;
    if not found or s.switch_id <> coalesce(i_switch_id, s.switch_id)
       or not (s.state in ('frozen', 'drained') or s.state = 'left' and i_given_up)
       or i_overdue and s.deadline > clock_timestamp() then
        return false;
    end if;
    perform londiste_rs.close_event_tables(i_queue_name, false);
    update pgq_node.node_info set node_type = 'root' where queue_name = i_queue_name;
    update pgq_node.local_state set provider_node = node.node_name
     where queue_name = i_queue_name and consumer_name = node.worker_name;
    update pgq.queue set queue_disable_insert = false, queue_external_ticker = false where queue_name = i_queue_name;
    update londiste_rs.switch set state = 'kept', changed = clock_timestamp() where queue_name = i_queue_name;
    -- the worker looks at once
    perform pg_notify('londiste_rs_tables', i_queue_name);
    return true;
end $$;
