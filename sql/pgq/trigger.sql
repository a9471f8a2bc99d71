-- The stock triggers: events for the rows that a table's statements change.

-- Whole rows, urlencoded.
create or replace function pgq.logutriga()
returns trigger
language plpgsql
as $$
declare
    goes_on boolean;
begin
    if tg_op = 'TRUNCATE' then
        goes_on := pgq._any_trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv,
            null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'UPDATE' then
        goes_on := coalesce(pgq._row_event_u(tg_relid, tg_argv, new, old, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old));
    elsif tg_op = 'INSERT' then
        goes_on := coalesce(pgq._row_event_u(tg_relid, tg_argv, new, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null));
    else
        goes_on := coalesce(pgq._row_event_u(tg_relid, tg_argv, old, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null));
    end if;
    if not goes_on then
        if tg_when = 'AFTER' then
            raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'internal_error';
        end if;
        return null;
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

-- Parts of SQL statements.
create or replace function pgq.sqltriga()
returns trigger
language plpgsql
as $$
declare
    goes_on boolean;
begin
    if tg_op = 'TRUNCATE' then
        goes_on := pgq._any_trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv,
            null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'UPDATE' then
        goes_on := coalesce(pgq._row_event_s(tg_relid, tg_argv, new, old, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old));
    elsif tg_op = 'INSERT' then
        goes_on := coalesce(pgq._row_event_s(tg_relid, tg_argv, new, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null));
    else
        goes_on := coalesce(pgq._row_event_s(tg_relid, tg_argv, old, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null));
    end if;
    if not goes_on then
        if tg_when = 'AFTER' then
            raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'internal_error';
        end if;
        return null;
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

-- Whole rows as JSON objects.
create or replace function pgq.jsontriga()
returns trigger
language plpgsql
as $$
declare
    goes_on boolean;
begin
    if tg_op = 'TRUNCATE' then
        goes_on := pgq._any_trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv,
            null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'UPDATE' then
        goes_on := coalesce(pgq._row_event_j(tg_relid, tg_argv, new, old, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old));
    elsif tg_op = 'INSERT' then
        goes_on := coalesce(pgq._row_event_j(tg_relid, tg_argv, new, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null));
    else
        goes_on := coalesce(pgq._row_event_j(tg_relid, tg_argv, old, null, tg_op, tg_table_schema, tg_table_name),
            pgq._any_trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null));
    end if;
    if not goes_on then
        if tg_when = 'AFTER' then
            raise exception 'SKIP does not work in AFTER trigger.' using errcode = 'internal_error';
        end if;
        return null;
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;
