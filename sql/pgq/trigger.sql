-- The stock triggers: events for the rows that a table's statements change.

-- Whole rows, urlencoded.
create or replace function pgq.logutriga()
returns trigger
language plpgsql
as $$
begin
    if tg_op = 'TRUNCATE' then
        perform pgq._trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'DELETE' then
        if pgq._trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null) then
            return old;
        end if;
    elsif tg_op = 'UPDATE' then
        if pgq._trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old) then
            return new;
        end if;
    elsif pgq._trigger_event('U', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null) then
        return new;
    end if;
    return null;
end $$;

-- Parts of SQL statements.
create or replace function pgq.sqltriga()
returns trigger
language plpgsql
as $$
begin
    if tg_op = 'TRUNCATE' then
        perform pgq._trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'DELETE' then
        if pgq._trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null) then
            return old;
        end if;
    elsif tg_op = 'UPDATE' then
        if pgq._trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old) then
            return new;
        end if;
    elsif pgq._trigger_event('S', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null) then
        return new;
    end if;
    return null;
end $$;

-- Whole rows as JSON objects.
create or replace function pgq.jsontriga()
returns trigger
language plpgsql
as $$
begin
    if tg_op = 'TRUNCATE' then
        perform pgq._trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, null, null);
        return null;
    end if;
    if tg_level <> 'ROW' then
        raise exception 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW' using errcode = 'internal_error';
    end if;
    if tg_op = 'DELETE' then
        if pgq._trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, old, null) then
            return old;
        end if;
    elsif tg_op = 'UPDATE' then
        if pgq._trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, old) then
            return new;
        end if;
    elsif pgq._trigger_event('J', tg_op, tg_when, tg_relid, tg_table_schema, tg_table_name, tg_argv, new, null) then
        return new;
    end if;
    return null;
end $$;
