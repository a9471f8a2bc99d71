-- What the ticker process has to do besides ticking.

-- Tables to vacuum by hand: small ones with many updates, where autovacuum is off.
create or replace function pgq.maint_tables_to_vacuum()
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('autovacuum') = 'on' then
        return;
    end if;
    return query
    select name
      from unnest(array['pgq.subscription', 'pgq.consumer', 'pgq.queue', 'pgq.tick', 'pgq.retry_queue',
                        'pgq_node.local_state', 'londiste.seq_info']) with ordinality t (name, nr)
     where to_regclass(name) is not null
     order by nr;
end $$;

-- Maintenance calls of this database. Each row is a function with its argument, to be called again while it returns
-- more than 0, or a literal "vacuum" or "vacuum analyze" of the table in func_arg. Each one runs in a transaction of
-- its own.
create or replace function pgq.maint_operations(out func_name text, out func_arg text)
returns setof record
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select 'pgq.maint_rotate_tables_step1'::text, queue_name
      from pgq.queue
     where queue_switch_step2 is not null and queue_switch_time + queue_rotation_period < current_timestamp
     order by 2;
    if found or exists (select from pgq.queue where queue_switch_step2 is null) then
        return query select 'pgq.maint_rotate_tables_step2'::text, null::text;
    end if;

    return query
    select hook, queue_name
      from pgq.queue cross join lateral unnest(queue_extra_maint) with ordinality h (hook, nr)
     order by queue_name, nr;
    return query select 'vacuum'::text, name from pgq.maint_tables_to_vacuum() name;
    if pgq._row_functions_changed() then
        return query select 'pgq._maint_row_functions'::text, null::text;
    end if;
    if to_regprocedure('pgq_node.maint_watermark(text)') is not null then
        return query execute
            'select ''pgq_node.maint_watermark''::text, queue_name from pgq_node.node_info '
            'where node_type = ''root'' order by 2';
    end if;
    if to_regprocedure('londiste.periodic_maintenance()') is not null then
        return query select 'londiste.periodic_maintenance'::text, null::text;
    end if;
end $$;
