-- Partitions that come and go. Rows that come in by ATTACH PARTITION, or leave by DETACH or DROP, make no events, nor
-- do changes of a partition between the two: whoever replicates the table is told.

set client_min_messages = warning;

-- The leaf partitions of captured tables, as they were when the worker last looked.
create table if not exists londiste_rs.capture_part (
    queue_name text not null,
    table_name text not null,
    relid      oid not null,
    part_name  text not null,
    -- which rows are its own, by partition_bounds()
    bounds     text,
    -- what partition_links() answers; NULL: an older version did not look
    link       text,
    primary key (queue_name, table_name, relid)
);
alter table londiste_rs.capture_part add column if not exists bounds text;
alter table londiste_rs.capture_part add column if not exists link text;

-- What the root has told of partitions: the table differs from the root's until it is copied again.
create table if not exists londiste_rs.partition_notice (
    queue_name text not null,
    table_name text not null,
    part_name  text not null,
    notice     text not null,
    since      timestamptz not null default now(),
    -- the transaction that told of it on the root: a copy whose snapshot sees that has the rows as they are
    txid       bigint,
    -- which rows were the partition's on the root
    bounds     text,
    -- the table has such rows here
    rows_here  boolean,
    primary key (queue_name, table_name, part_name)
);
alter table londiste_rs.partition_notice add column if not exists txid bigint;
alter table londiste_rs.partition_notice add column if not exists bounds text;
alter table londiste_rs.partition_notice add column if not exists rows_here boolean;

drop function if exists londiste_rs.keep_partition_notice(text, text, text, text);
drop function if exists londiste_rs.keep_partition_notice(text, text, text, text, bigint);
drop function if exists londiste_rs.tell_partition(text, text, text, text);
drop function if exists londiste_rs.differs_by_partition(oid, text, text);

reset client_min_messages;

-- Whether a partition has rows that were in it before it became one; true where that cannot be seen. Looks at its first
-- pages only: rows that came in with it are there, and a table that was created as a partition may be large by now.
create or replace function londiste_rs.has_older_rows(i_part oid)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    link record;
    found_one boolean;
begin
    if not has_table_privilege(i_part, 'select') or row_security_active(i_part) then
        return true;
    end if;
    -- the youngest link on the way up
    select i.xmin as xid, i.cmin as command into link
      from pg_inherits i
     where i.inhrelid in (select i_part union all select a.relid from pg_partition_ancestors(i_part) a)
     order by age(i.xmin), i.cmin::text::bigint desc limit 1;
    execute format($f$
        select exists (
            select from only %s as r
             where r.ctid = any (array(select format('(%%s,%%s)', b, o)::tid
                                         from generate_series(0, 9) b, generate_series(1, 250) o))
               and (age(r.xmin) > age($1) or (r.xmin = $1 and r.cmin::text::bigint < $2)))$f$, i_part::regclass)
       into found_one using link.xid, link.command::text::bigint;
    return found_one;
end $$;

-- Tells the subscribers of a partition, and of its bounds where it has gone.
create or replace function londiste_rs.tell_partition(
    i_queue_name text, i_table_name text, i_part_name text, i_notice text, i_bounds text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    select pgq.insert_event(i_queue_name, 'londiste_rs.partition',
        json_build_object('table', i_table_name, 'partition', i_part_name, 'notice', i_notice,
                          'bounds', i_bounds)::text)
$$;

-- All relations below i_top, each with the links that lead there, as a text that is another one when any of them is
-- made anew: the transactions that have made them.
create or replace function londiste_rs.partition_links(i_top oid, out relid oid, out link text)
returns setof record language sql stable rows 10
set search_path = pg_catalog, pg_temp
as $$
    with recursive below (relid, link) as (
        select i.inhrelid, i.xmin::text from pg_inherits i where i.inhparent = i_top
        union all
        select i.inhrelid, b.link || ' ' || i.xmin from below b join pg_inherits i on i.inhparent = b.relid)
    select b.relid, b.link from below b
$$;

-- Compares the partitions of captured tables with what they were, and tells the subscribers of those that came with
-- rows in them, of those that have gone, and of those that went and came back. What a detached partition has kept of
-- the triggers is removed: its lock is waited for as long as lock_timeout says. Answers what was told. Tables that are
-- looked at for the first time have nothing to tell.
create or replace function londiste_rs.notice_partitions(i_queue_name text, out table_name text, out part_name text,
    out notice text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    c record;
    p record;
    t record;
    is_new boolean;
    others_changed boolean;
    gone_bounds text;
begin
    for c in select x.table_name, x.relid
               from londiste_rs.capture x join pg_class r on r.oid = x.relid and r.relkind = 'p'
              where x.queue_name = i_queue_name order by x.table_name
    loop
        table_name := c.table_name;
        others_changed := false;
        is_new := not exists (select from londiste_rs.capture_part k
                               where k.queue_name = i_queue_name and k.table_name = c.table_name);
        for p in select r.relid, k.relid as known, londiste_rs.plain_name(r.relid) as now_name, k.part_name as old_name,
                        k.link as old_link, k.bounds as old_bounds, r.link as now_link
                   from (select r.relid, l.link from londiste_rs.row_relations(c.relid) r
                           join londiste_rs.partition_links(c.relid) l on l.relid = r.relid) r
                   full join (select * from londiste_rs.capture_part k
                               where k.queue_name = i_queue_name and k.table_name = c.table_name and k.relid <> 0) k
                        on k.relid = r.relid
                  where r.relid is null or k.relid is null or k.link is distinct from r.link
        loop
            notice := null;
            others_changed := true;
            gone_bounds := null;
            if p.known is null then
                -- until its trigger is there, a TRUNCATE of it is seen by its file alone
                continue when not is_new
                          and exists (select from pg_class g where g.oid = p.relid and g.relkind = 'r')
                          and not exists (select from pg_trigger g
                                           where g.tgrelid = p.relid
                                             and g.tgname = (londiste_rs.trigger_name(i_queue_name)
                                                             || '_truncate')::name);
                insert into londiste_rs.capture_part (queue_name, table_name, relid, part_name, bounds, link)
                values (i_queue_name, c.table_name, p.relid, p.now_name, londiste_rs.partition_bounds(p.relid, c.relid),
                        p.now_link);
                part_name := p.now_name;
                if is_new then
                    null;
                elsif londiste_rs.has_older_rows(p.relid) then
                    notice := 'was attached with rows in it';
                -- a table's first file has its object id for a name; TRUNCATE gives it another, but for that of the
                -- transaction that has created it. No trigger was there to tell of either.
                elsif pg_relation_filenode(p.relid) <> p.relid
                   or londiste_rs.were_rows_lost(i_queue_name, c.table_name, p.relid) then
                    notice := 'was emptied or rewritten before it was captured';
                end if;
            elsif p.relid is not null then
                update londiste_rs.capture_part k
                   set bounds = londiste_rs.partition_bounds(p.relid, c.relid), link = p.now_link,
                       part_name = p.now_name
                 where k.queue_name = i_queue_name and k.table_name = c.table_name and k.relid = p.known;
                part_name := p.now_name;
                -- it had no trigger for a while
                notice := case when p.old_link is not null then 'was detached and attached again' end;
            else
                delete from londiste_rs.capture_part k
                 where k.queue_name = i_queue_name and k.table_name = c.table_name and k.relid = p.known;
                part_name := p.old_name;
                gone_bounds := p.old_bounds;
                notice := case when exists (select from pg_class g where g.oid = p.known) then 'was detached'
                               else 'was dropped' end;
                for t in select * from londiste_rs.compared_triggers(i_queue_name, c.table_name) x
                          where x.relid = p.known and x.problem is not null
                loop
                    execute format('drop trigger %I on %s', t.trigger_name, t.relid::regclass);
                end loop;
            end if;
            if notice is not null then
                perform londiste_rs.tell_partition(i_queue_name, c.table_name, part_name, notice, gone_bounds);
                return next;
            end if;
        end loop;
        -- the bounds of a default partition are those that no other has
        if others_changed then
            update londiste_rs.capture_part k set bounds = b.bounds
              from londiste_rs.capture_part o
             cross join lateral (select londiste_rs.partition_bounds(o.relid, c.relid)) b (bounds)
             where o.queue_name = i_queue_name and o.table_name = c.table_name and o.relid <> 0
               and exists (select from json_array_elements(o.bounds::json) v where v->>'others' is not null)
               and k.queue_name = o.queue_name and k.table_name = o.table_name and k.relid = o.relid
               and b.bounds is distinct from k.bounds;
        end if;
        if is_new then
            perform londiste_rs.know_partitions(i_queue_name, c.table_name);
        end if;
        -- captured changes of partitions that came and went since the last look
        notice := 'came and went before it was captured';
        for p in select distinct on (n.relid) n.relid, n.part_name from londiste_rs.new_partition_row n
                  where n.queue_name = i_queue_name and n.table_name = c.table_name
                    and not exists (select from londiste_rs.row_relations(c.relid) r where r.relid = n.relid)
                  order by n.relid, n.id desc
        loop
            if londiste_rs.has_lost_rows(i_queue_name, c.table_name, p.relid) then
                part_name := p.part_name;
                perform londiste_rs.tell_partition(i_queue_name, c.table_name, part_name, notice, null);
                return next;
            end if;
            delete from londiste_rs.new_partition_row n
             where n.queue_name = i_queue_name and n.table_name = c.table_name and n.relid = p.relid;
        end loop;
        delete from londiste_rs.new_partition_row n
         using londiste_rs.capture_part k
         where n.queue_name = i_queue_name and n.table_name = c.table_name
           and k.queue_name = n.queue_name and k.table_name = n.table_name and k.relid = n.relid;
    end loop;
end $$;

-- Takes note of the partitions that a table has when it enters replication, or when this node is to be its root again.
-- Relation 0 stands for that it was looked at: it may have none yet.
create or replace function londiste_rs.know_partitions(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rel oid := londiste_rs.find_relation(i_table_name);
begin
    delete from londiste_rs.capture_part k where k.queue_name = i_queue_name and k.table_name = i_table_name;
    if (select c.relkind from pg_class c where c.oid = rel) = 'p' then
        insert into londiste_rs.capture_part (queue_name, table_name, relid, part_name, bounds, link)
        select i_queue_name, i_table_name, r.relid, londiste_rs.plain_name(r.relid),
               londiste_rs.partition_bounds(r.relid, rel), l.link
          from londiste_rs.row_relations(rel) r
          join londiste_rs.partition_links(rel) l on l.relid = r.relid
        union all
        select i_queue_name, i_table_name, 0, '', null, null
            on conflict do nothing;
    end if;
end $$;

-- Whether the rows of a table on this node differ by what happened to a partition on the root. Where it has gone there,
-- they do where it is here, or where the table has rows that were the partition's. A root of an older version does not
-- tell its bounds, which these are found by.
create or replace function londiste_rs.differs_by_partition(
    i_dest oid, i_part_name text, i_notice text, i_bounds text, i_rows_here boolean)
returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select i_notice not in ('was detached', 'was dropped')
        or coalesce(i_rows_here, i_bounds is null
                    and not exists (select from pg_class c where c.oid = i_dest and c.relkind = 'p'))
        or exists (select from londiste_rs.partition_tree(i_dest) p
                    where p.relid = londiste_rs.find_relation(i_part_name))
$$;

-- Keeps what the root has told of a partition, in its transaction i_txid, on a subscriber where it matters: not where
-- the table is still to be copied, or its copy's snapshot sees that transaction. A copy in chunks looks itself for
-- partitions that come with rows or go; for all else it is begun anew. Answers 'kept', 'copied anew' or NULL.
create or replace function londiste_rs.keep_partition_notice(
    i_queue_name text, i_table_name text, i_part_name text, i_notice text, i_txid bigint, i_bounds text)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    select t.merge_state, r.step,
           case when t.merge_state = 'in-copy' then r.first_snapshot else t.custom_snapshot end as snapshot into s
      from londiste.table_info t
      left join londiste_rs.copy_run r on r.queue_name = t.queue_name and r.table_name = t.table_name
     where t.queue_name = i_queue_name and t.table_name = i_table_name and t.local and t.merge_state is not null
       -- whether its rows are here is found out later
       and (i_bounds is not null
            or londiste_rs.differs_by_partition(
                   londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)), i_part_name, i_notice, null, null));
    if not found
       or (case when s.snapshot ~ '^\d+:\d+:[\d,]*$'
                    then txid_visible_in_snapshot(i_txid, s.snapshot::txid_snapshot) end)
       or (s.step = 'rows' and i_notice in ('was attached with rows in it', 'was detached', 'was dropped'))
    then
        return null;
    elsif s.merge_state = 'in-copy' and s.step = 'rows' then
        perform londiste_rs.copy_forget(i_queue_name, i_table_name);
        return 'copied anew';
    end if;
    insert into londiste_rs.partition_notice as n (queue_name, table_name, part_name, notice, txid, bounds)
    values (i_queue_name, i_table_name, i_part_name, i_notice, i_txid, i_bounds)
        on conflict (queue_name, table_name, part_name) do update
       set notice = excluded.notice, since = now(), txid = excluded.txid, bounds = excluded.bounds, rows_here = null;
    return 'kept';
end $$;

-- Partitions that have gone on the root, with the table that may have their rows here; whether it had when that was
-- last looked for. Not while the table is copied, nor while it has a partition of that name: that one is to go first.
create or replace function londiste_rs.gone_partitions(
    i_queue_name text, out table_name text, out dest_table text, out part_name text, out bounds text,
    out rows_here boolean)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select n.table_name, coalesce(t.dest_table, t.table_name), n.part_name, n.bounds, n.rows_here
      from londiste_rs.partition_notice n
      join londiste.table_info t on t.queue_name = n.queue_name and t.table_name = n.table_name and t.local
     where n.queue_name = i_queue_name and n.notice in ('was detached', 'was dropped') and n.bounds is not null
       and n.rows_here is not false and t.merge_state is not null and t.merge_state <> 'in-copy'
       and not exists (select from londiste_rs.partition_tree(
                                       londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))) p
                        where p.relid = londiste_rs.find_relation(n.part_name))
     order by 1, 3
$$;

-- Takes note of whether this node has rows of a partition that has gone on the root; what was told of it is forgotten
-- where nothing differs. Answers whether it does.
create or replace function londiste_rs.know_gone_rows(i_queue_name text, i_table_name text, i_part_name text,
    i_rows_here boolean)
returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update londiste_rs.partition_notice n set rows_here = i_rows_here
     where n.queue_name = i_queue_name and n.table_name = i_table_name and n.part_name = i_part_name
       and n.rows_here is distinct from i_rows_here;
    delete from londiste_rs.partition_notice n
     using londiste.table_info t
     where n.queue_name = i_queue_name and n.table_name = i_table_name and n.part_name = i_part_name
       and t.queue_name = n.queue_name and t.table_name = n.table_name
       and not londiste_rs.differs_by_partition(
               londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)), n.part_name, n.notice, n.bounds,
               n.rows_here);
    return not found;
end $$;

-- Forgets what was told of partitions before a copy's snapshot was taken.
create or replace function londiste_rs.forget_seen_notices(i_queue_name text, i_table_name text, i_snapshot text)
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    delete from londiste_rs.partition_notice n
     where n.queue_name = i_queue_name and n.table_name = i_table_name
       and case when i_snapshot ~ '^\d+:\d+:[\d,]*$'
                    then txid_visible_in_snapshot(n.txid, i_snapshot::txid_snapshot) end
$$;

-- What is to be said of tables whose partitions came or went on the root.
create or replace function londiste_rs.partition_remarks(i_queue_name text, out table_name text, out remark text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select coalesce(t.dest_table, t.table_name),
           format('partition %s %s on the root (%s), without events for its rows: %s', n.part_name, n.notice,
                  to_char(n.since, 'YYYY-MM-DD HH24:MI:SS'),
                  case when n.notice not in ('was detached', 'was dropped') then 'resync the table'
                       when londiste_rs.find_relation(n.part_name) in (select p.relid
                                                                         from londiste_rs.partition_tree(c.oid) p)
                       then 'detach or drop it here as well, or resync the table'
                       else 'delete them here as well, or resync the table' end)
      from londiste_rs.partition_notice n
      join londiste.table_info t on t.queue_name = n.queue_name and t.table_name = n.table_name and t.local
      join pg_class c on c.oid = londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))
     where n.queue_name = i_queue_name
       and londiste_rs.differs_by_partition(c.oid, n.part_name, n.notice, n.bounds, n.rows_here)
     order by 1, 2
$$;
