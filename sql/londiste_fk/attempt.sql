-- Who holds a lock on one of the tables that keeps others from ACCESS EXCLUSIVE (exclusive) or SHARE ROW EXCLUSIVE.
create or replace function londiste_fk.lock_holders(tables oid[], exclusive boolean)
returns text
language sql volatile set search_path = pg_catalog, pg_temp as $$
    select string_agg(distinct format('pid %s (%s)', l.pid,
                                      coalesce(nullif(a.application_name, ''), a.backend_type, a.usename, 'unknown')),
                      ', ')
      from pg_locks l
      left join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'relation' and l.granted and l.relation = any (tables) and l.pid <> pg_backend_pid()
       and l.database = (select d.oid from pg_database d where d.datname = current_database())
       and (exclusive or l.mode not in ('AccessShareLock', 'RowShareLock'))
$$;

-- Executes one statement, waiting no longer than lock_timeout for each lock, so that nobody queues behind us for
-- longer; tries again when a lock could not be had. Returns null, or why it failed, with the statement undone.
create or replace function londiste_fk.attempt(
    statement text, tables oid[], exclusive boolean, lock_timeout text, tries integer)
returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    message text;
    detail text;
begin
    perform set_config('lock_timeout', lock_timeout, true);
    for tried in 1 .. greatest(tries, 1) loop
        begin
            execute statement;
            return null;
        exception
            when lock_not_available or deadlock_detected then
                message := sqlerrm || coalesce('; locked by ' || londiste_fk.lock_holders(tables, exclusive), '');
                if tried < tries then
                    if tried = 1 then
                        raise notice '%; trying again', message;
                    end if;
                    perform pg_sleep(1);
                end if;
            when others then
                get stacked diagnostics message = message_text, detail = pg_exception_detail;
                return concat_ws(' ', message, nullif(detail, ''));
        end;
    end loop;
    return format('%s (tried %s times)', message, greatest(tries, 1));
end $$;
