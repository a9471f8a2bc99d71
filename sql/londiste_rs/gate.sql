-- Which event table takes a queue's changes, told to capture functions at once and for next to nothing.
--
-- londiste_rs.gate_<queue id> is a sequence whose last value is the number of the current event table plus one, or
-- CLOSED: then the function reads pgq.queue. A sequence's value is not transactional: everybody sees it as soon as it
-- is set. That is right for a hint: batches are read from all event tables, and a table is emptied only when nobody
-- needs what is in it, so a change may stand in any of them. It is closed before a demotion commits, and opened only
-- under a lock on the queue's row, when the queue is seen to be open.
--
-- The short way of capture reads it when it is planned (londiste_rs.open_event_table), so whoever sets it has everybody
-- plan anew.

-- Whether gates can be kept: pgq is ours (the stock extension's batches look into the tables that the rotation names,
-- no others).
create or replace function londiste_rs.has_gates()
returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp
-- as for ensure_trigger
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
    return (
    select to_regprocedure('pgq._batch_sql(bigint, text)') is not null
       and exists (select from pg_trigger t
                    where t.tgrelid = to_regclass('pgq.queue') and t.tgname = 'londiste_rs_gate'));
end $$;

create or replace function londiste_rs.gate_name(i_queue_id integer)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return 'londiste_rs.gate_' || i_queue_id;
end $$;

-- The value of a closed gate.
create or replace function londiste_rs.closed_gate()
returns bigint language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select 1000::bigint $$;

-- Sets a gate. A GRANT, even of what is granted, has all sessions plan anew what depends on the sequence, as soon as
-- this transaction is committed, and takes no lock on it. Not at the same time as another one: the caller holds a lock
-- on the queue's row.
create or replace function londiste_rs.tell_gate(i_gate regclass, i_value bigint)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform setval(i_gate, i_value);
    execute format('grant select on sequence %s to %I', i_gate,
                   (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = i_gate));
end $$;

-- Follows pgq.queue. A queue that was closed stays so for its gate until open_gate looks: this transaction may still
-- fail.
create or replace function londiste_rs.set_gate()
returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    gate regclass := to_regclass(londiste_rs.gate_name(old.queue_id));
    closed constant bigint := londiste_rs.closed_gate();
begin
    if gate is null then
        return null;
    elsif tg_op = 'DELETE' then
        perform londiste_rs.tell_gate(gate, closed);
    elsif new.queue_disable_insert or old.queue_disable_insert then
        perform londiste_rs.tell_gate(gate, closed);
    else
        perform londiste_rs.tell_gate(gate, new.queue_cur_table + 1);
    end if;
    return null;
end $$;

-- Makes the gate of a queue say what the queue says. To be called when a table is captured, and now and then by the
-- root's worker.
create or replace function londiste_rs.open_gate(i_queue_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    gate text;
begin
    if not londiste_rs.has_gates() then
        return;
    end if;
    select queue_id, queue_cur_table + 1 as event_table into q
      from pgq.queue where queue_name = i_queue_name and not queue_disable_insert;
    if not found then
        return;
    end if;
    gate := londiste_rs.gate_name(q.queue_id);
    if to_regclass(gate) is null then
        execute format('create sequence %s', gate);
    elsif pg_sequence_last_value(gate::regclass) is not distinct from q.event_table then
        return;
    end if;
    select queue_cur_table + 1 as event_table into q
      from pgq.queue where queue_name = i_queue_name and not queue_disable_insert for no key update;
    if found then
        perform londiste_rs.tell_gate(gate::regclass, q.event_table);
    end if;
end $$;

do $$
begin
    if to_regprocedure('pgq._batch_sql(bigint, text)') is null
       or not pg_has_role((select c.relowner from pg_class c where c.oid = 'pgq.queue'::regclass), 'usage')
       or exists (select from pg_trigger t where t.tgrelid = 'pgq.queue'::regclass and t.tgname = 'londiste_rs_gate'
                     and t.tgenabled = 'A')
    then
        return;
    end if;
    if not exists (select from pg_trigger t
                    where t.tgrelid = 'pgq.queue'::regclass and t.tgname = 'londiste_rs_gate') then
        create trigger londiste_rs_gate after update of queue_cur_table, queue_disable_insert or delete on pgq.queue
            for each row execute function londiste_rs.set_gate();
    end if;
    -- whatever session_replication_role says
    alter table pgq.queue enable always trigger londiste_rs_gate;
end $$;
