-- Who may do what: readers consume, writers insert, admins do both and maintain; everybody may look at the meta tables.
-- Roles that could not be created are skipped.
do $$
declare
    fn regprocedure;
    grantee text;
    everybody constant text[] :=
        '{get_consumer_info,get_queue_info,_queue_info,quote_fqname,_quote_sequence,seq_getval,version,'
        '_record_fields,_quoted_record_fields,_primary_key,_urlencode,_urlencode_row,_json_row,_partial_sql,'
        '_equality,_field_changed,_row_expression,_any_trigger_event,_json_type,_row_columns,_row_layout,'
        '_row_function_name,_write_row_function,'
        '_row_event,_row_event_u,_row_event_s,_row_event_j}';
    writers constant text[] := '{insert_event,current_event_table,sqltriga,logutriga,jsontriga}';
    readers constant text[] := '{batch_event_sql,batch_event_tables,batch_retry,event_retry,find_tick_helper,'
        'finish_batch,force_tick,get_batch_cursor,get_batch_events,get_batch_info,next_batch,next_batch_custom,'
        'next_batch_info,register_consumer,register_consumer_at,unregister_consumer,_batch_sql}';
    fn_name text;
begin
    for fn, fn_name in
        select p.oid, p.proname from pg_proc p where p.pronamespace = 'pgq'::regnamespace
    loop
        if fn_name = any (everybody) or fn_name ~ '^_row_[usj][0-9]+_[0-9]' then
            execute format('grant execute on function %s to public', fn);
            continue;
        end if;
        execute format('revoke all on function %s from public', fn);
        grantee := case
            when fn_name = any (writers) then 'pgq_writer'
            when fn_name = any (readers) then 'pgq_reader'
            else 'pgq_admin'
        end;
        if exists (select from pg_roles where rolname = grantee) then
            execute format('grant execute on function %s to %I', fn, grantee);
        end if;
    end loop;

    grant select on pgq.queue, pgq.consumer, pgq.tick, pgq.subscription to public;
    if exists (select from pg_roles where rolname = 'pgq_reader') then
        grant select on pgq.queue, pgq.consumer, pgq.tick, pgq.subscription, pgq.event_template to pgq_reader;
    end if;
    if exists (select from pg_roles where rolname = 'pgq_admin') then
        grant select, insert, update, delete on pgq.queue, pgq.consumer, pgq.tick, pgq.subscription,
                     pgq.retry_queue to pgq_admin;
        grant select, insert, truncate on pgq.event_template to pgq_admin;
    end if;
end $$;
