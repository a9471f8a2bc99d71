-- Captured tables that are not there under their names any more, or are others than the captured ones. Capture goes
-- with a renamed table, and a table that is made under its name has none until the worker looks: the subscribers are
-- told in the queue's order, by an event rec.X of the table.

-- The captured tables of a queue whose name leads to another table than the captured one (now_relid), or to none; told
-- is what was noticed before. relid is 0 where a table has no capture, since another one has taken it over or it was
-- refused. One comparison of the catalogs' names for all tables; only the odd ones are looked up.
create or replace function londiste_rs.renamed_captures(
    i_queue_name text, out table_name text, out relid oid, out now_relid oid, out notice text, out told text)
returns setof record language sql stable rows 1
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select c.table_name, c.relid, r.oid,
           case when r.oid is null then c.became
                when starts_with(c.became, 'is another table now') then c.became
                else format('is another table now; the one that was replicated %s', c.became) end,
           c.told
      from (select x.table_name, x.relid, x.notice as told,
                   case when x.relid = 0 then split_part(x.notice, ' and cannot be captured', 1)
                        when k.oid is null then 'was dropped'
                        else format('was renamed to %s.%s', n.nspname, k.relname) end as became
              from londiste_rs.capture x
              left join pg_class k on k.oid = x.relid
              left join pg_namespace n on n.oid = k.relnamespace
             where x.queue_name = i_queue_name
               and (n.nspname || '.' || k.relname)
                   is distinct from case when strpos(x.table_name, '.') > 0 then x.table_name
                                         else 'public.' || x.table_name end
            offset 0) c
     cross join lateral londiste_rs.find_relation(c.table_name) r (oid)
     where r.oid is distinct from c.relid
     order by c.table_name
$$;

-- Keeps that a table has no capture, so that it gets one as soon as it can.
create or replace function londiste_rs.lacks_capture(i_queue_name text, i_table_name text, i_notice text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.capture (queue_name, table_name, relid, function_name, layouts, notice)
    values (i_queue_name, i_table_name, 0, 'none_' || md5(i_table_name), '', i_notice)
$$;

-- Tells the subscribers of a table, and whoever asks the root.
create or replace function londiste_rs.tell_rename(i_queue_name text, i_table_name text, i_kind text, i_notice text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgq.insert_event(i_queue_name, 'rec.X', i_notice, i_table_name, i_kind, null, null);
    if i_kind = 'replaced' then
        delete from londiste_rs.table_error e where e.queue_name = i_queue_name and e.table_name = i_table_name;
    else
        perform londiste_rs.tell_missing(i_queue_name, i_table_name, i_notice);
    end if;
end $$;

-- Keeps, on the root, that a table is not there under its name.
create or replace function londiste_rs.tell_missing(i_queue_name text, i_table_name text, i_notice text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.table_error as e (queue_name, table_name, error)
    values (i_queue_name, i_table_name,
            format('the table %s: mend that and resync it on its subscribers, or take it out with remove-table',
                   i_notice))
        on conflict (queue_name, table_name) do update set error = excluded.error, since = now()
     where e.error <> excluded.error
$$;

-- Looks for tables that are not there under their names any more, or are others, and tells the subscribers. Another
-- table under the name is captured from then on, the one before it is not. All in one transaction: no change comes
-- between the event and the capture. The caller sets lock_timeout and tries again. Answers what was told.
create or replace function londiste_rs.notice_renames(i_queue_name text, out table_name text, out notice text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set client_min_messages = warning
as $$
declare
    c record;
    names text[];
    relids oid[];
    notices text[];
    told text[];
begin
    -- there again
    for c in
        update londiste_rs.capture k set notice = null
         where k.queue_name = i_queue_name and k.notice is not null
           and not exists (select from londiste_rs.renamed_captures(i_queue_name) r where r.table_name = k.table_name)
        returning k.table_name
    loop
        delete from londiste_rs.table_error e where e.queue_name = i_queue_name and e.table_name = c.table_name;
    end loop;
    -- not there
    for c in
        update londiste_rs.capture k set notice = r.notice
          from londiste_rs.renamed_captures(i_queue_name) r
         where k.queue_name = i_queue_name and k.table_name = r.table_name and r.now_relid is null
           and k.notice is distinct from r.notice
        returning k.table_name, k.notice, exists (select from pg_class g where g.oid = k.relid) as lives
    loop
        perform londiste_rs.tell_rename(i_queue_name, c.table_name, case when c.lives then 'renamed' else 'dropped' end,
            c.notice);
        table_name := c.table_name;
        notice := c.notice;
        return next;
    end loop;
    -- others: all captures that are in the way leave first, since tables may have changed places
    select array_agg(r.table_name), array_agg(r.now_relid), array_agg(r.notice), array_agg(r.told)
      into names, relids, notices, told
      from londiste_rs.renamed_captures(i_queue_name) r where r.now_relid is not null;
    for c in select x.table_name, x.notice from londiste_rs.capture x
              where x.queue_name = i_queue_name and (x.table_name = any (names) or x.relid = any (relids))
              order by x.table_name
    loop
        perform londiste_rs.release_table(i_queue_name, c.table_name);
        if c.table_name <> all (names) then
            perform londiste_rs.lacks_capture(i_queue_name, c.table_name, c.notice);
        end if;
    end loop;
    for c in select * from unnest(names, notices, told) o (table_name, notice, told) order by o.table_name loop
        table_name := c.table_name;
        notice := c.notice;
        delete from londiste_rs.capture_part p where p.queue_name = i_queue_name and p.table_name = c.table_name;
        delete from londiste_rs.new_partition_row r where r.queue_name = i_queue_name and r.table_name = c.table_name;
        begin
            perform londiste_rs.capture_table(i_queue_name, c.table_name);
            perform londiste_rs.know_partitions(i_queue_name, c.table_name);
        exception when others then
            -- a lock that is not to be had now is tried again by the caller; another role's table is tried again each
            -- time
            if sqlstate in ('55P03', '57014', '40P01') then
                raise;
            end if;
            notice := notice || format(' and cannot be captured: %s', sqlerrm);
            perform londiste_rs.lacks_capture(i_queue_name, c.table_name, notice);
        end;
        if notice is distinct from c.told then
            perform londiste_rs.tell_rename(i_queue_name, c.table_name, 'replaced', notice);
            if notice <> c.notice then
                perform londiste_rs.tell_missing(i_queue_name, c.table_name, notice);
            end if;
            return next;
        end if;
    end loop;
    -- what the stock triggers capture is told here alone
    for c in
        select t.table_name from londiste.table_info t
         where t.queue_name = i_queue_name and t.local
           and not exists (select from londiste_rs.capture x
                            where x.queue_name = i_queue_name and x.table_name = t.table_name)
           and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) is null
           and not exists (select from londiste_rs.table_error e
                            where e.queue_name = i_queue_name and e.table_name = t.table_name)
    loop
        perform londiste_rs.tell_missing(i_queue_name, c.table_name, 'was renamed or dropped');
    end loop;
end $$;
