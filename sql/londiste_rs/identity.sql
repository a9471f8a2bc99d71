-- Which relation has a replicated table's name: another one that comes under the name has other rows. Told by object
-- id, on both sides.

set client_min_messages = warning;

-- side: here (the table of this node, as its copy left it), or provider (the root's table, where stock triggers
-- capture it: those of londiste_rs tell by an event, renames.sql). home: the database that relid belongs to. relid: 0
-- where the next look takes the table as it is. notice:
-- what has become of the table; only a copy takes it back on a subscriber, since changes have gone elsewhere
-- meanwhile.
create table if not exists londiste_rs.table_identity (
    queue_name text not null,
    table_name text not null,
    side       text not null,
    home       text not null,
    relid      oid not null,
    notice     text,
    remedy     text,
    primary key (queue_name, table_name, side)
);

reset client_min_messages;

-- This database, told from others that it may have been restored into.
create or replace function londiste_rs.this_database()
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    cluster text := '';
begin
    begin
        select c.system_identifier::text into cluster from pg_control_system() c;
    exception when others then
        -- a server that lets nobody ask
        cluster := '';
    end;
    return concat_ws(' ', cluster, (select d.oid from pg_database d where d.datname = current_database()));
end $$;

-- The relations that a queue's tables have on this node: the one that is known, where it still has the name and no
-- other could have it (more dots might lead elsewhere by now), or each found by its name. Joined with the catalog, all
-- relations would be compared with each of thousands of tables wherever the planner expects few.
create or replace function londiste_rs.relations_here(i_queue_name text, out table_name text, out merge_state text,
    out dest text, out relid oid)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select t.table_name, t.merge_state, d.dest, r.oid
      from londiste.table_info t
     cross join lateral (select coalesce(t.dest_table, t.table_name)) d (dest)
     cross join lateral (
        select coalesce(
            (select c.oid
               from londiste_rs.table_identity i
               join pg_class c on c.oid = i.relid
               join pg_namespace n on n.oid = c.relnamespace
              where i.queue_name = t.queue_name and i.table_name = t.table_name and i.side = 'here'
                and n.nspname || '.' || c.relname = d.dest and d.dest !~ '[.].*[.]'),
            londiste_rs.find_relation(d.dest)) offset 0) r (oid)
     where t.queue_name = i_queue_name and t.local
       and (select c.relkind in ('r', 'p') from pg_class c where c.oid = r.oid)
     order by t.table_name
$$;

-- Keeps the relations of these tables as those that their copies fill.
create or replace function londiste_rs.know_here(i_queue_name text, i_tables text[])
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into londiste_rs.table_identity as i (queue_name, table_name, side, home, relid)
    select t.queue_name, t.table_name, 'here', londiste_rs.this_database(), r.relid
      from londiste.table_info t
     cross join lateral (select londiste_rs.find_relation(coalesce(t.dest_table, t.table_name))) r (relid)
     where t.queue_name = i_queue_name and t.table_name = any (i_tables) and t.local and r.relid is not null
        on conflict (queue_name, table_name, side) do update
       set home = excluded.home, relid = excluded.relid, notice = null, remedy = null
$$;

-- The same in the transaction that brings a copy's first rows, where nothing is kept or what was is not there any
-- more. A copy that begins anew has put indexes of the former table away: it does not take another one.
create or replace function londiste_rs.adopt_here(i_queue_name text, i_tables text[])
returns void language sql
set search_path = pg_catalog, pg_temp
as $$
    select londiste_rs.know_here(i_queue_name, array(
        select u.name from unnest(i_tables) u (name)
         where not exists (select from londiste_rs.table_identity i join pg_class c on c.oid = i.relid
                            where i.queue_name = i_queue_name and i.table_name = u.name and i.side = 'here'
                              and i.home = londiste_rs.this_database())))
$$;

-- A table is to be copied again: both sides are taken as the next look finds them.
create or replace function londiste_rs.know_again(i_queue_name text, i_table_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from londiste_rs.table_identity i
     where i.queue_name = i_queue_name and i.table_name = i_table_name and i.side = 'here';
    update londiste_rs.table_identity i set relid = 0, notice = null, remedy = null
     where i.queue_name = i_queue_name and i.table_name = i_table_name and i.side = 'provider';
end $$;

-- Looks whether other relations have come under the names of this node's tables. A table that is not known yet, or
-- was restored into another database, is taken as it is.
create or replace function londiste_rs.compare_here(i_queue_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    this text := londiste_rs.this_database();
begin
    delete from londiste_rs.table_identity i
     where i.queue_name = i_queue_name
       and not exists (select from londiste.table_info t
                        where t.queue_name = i.queue_name and t.table_name = i.table_name and t.local);
    -- the copy that a table waits for takes it as it is
    delete from londiste_rs.table_identity i
     where i.queue_name = i_queue_name and i.side = 'here'
       and (i.home <> this
            or exists (select from londiste.table_info t
                        where t.queue_name = i.queue_name and t.table_name = i.table_name and t.merge_state is null));
    insert into londiste_rs.table_identity (queue_name, table_name, side, home, relid)
    select i_queue_name, r.table_name, 'here', this, r.relid
      from londiste_rs.relations_here(i_queue_name) r
     where r.merge_state is not null
       -- a copy that has brought nothing yet fills whatever has the name then
       and (r.merge_state <> 'in-copy'
            or exists (select from londiste_rs.copy_run c
                        where c.queue_name = i_queue_name and c.table_name = r.table_name))
       and not exists (select from londiste_rs.table_identity i
                        where i.queue_name = i_queue_name and i.table_name = r.table_name and i.side = 'here')
        on conflict do nothing;
    update londiste_rs.table_identity i
       set notice = format('table %s is another table now; the one that was copied %s', r.dest,
                           coalesce('was renamed to ' || londiste_rs.plain_name(i.relid), 'was dropped')),
           remedy = format('resync %s', i.table_name)
      from londiste_rs.relations_here(i_queue_name) r
     where i.queue_name = i_queue_name and i.side = 'here' and i.table_name = r.table_name and i.relid <> r.relid
       and i.notice is null;
end $$;

-- Of these tables, which have just been written to: those whose names lead to other relations than the ones that their
-- copies filled. The locks of the caller's transaction keep the answer true until its end.
create or replace function londiste_rs.exchanged_here(i_queue_name text, i_tables text[])
returns setof text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select i.table_name
      from londiste_rs.table_identity i
      join londiste.table_info t on t.queue_name = i.queue_name and t.table_name = i.table_name and t.local
     where i.queue_name = i_queue_name and i.side = 'here' and i.table_name = any (i_tables)
       and londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) <> i.relid
     order by i.table_name;
end $$;

-- What is remembered of the provider's tables.
create or replace function londiste_rs.known_at_provider(i_queue_name text, i_home text, out table_name text,
    out relid oid)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select i.table_name, i.relid from londiste_rs.table_identity i
     where i.queue_name = i_queue_name and i.side = 'provider' and i.home = i_home
$$;

-- Compares what is remembered of the provider's tables with what they are. By table: the relation of that name (null:
-- there is none), its capture (stock, other, or null: it has none), and the present name of the remembered relation.
-- i_fresh: a copy of these tables begins, which takes them as they are. i_sticky: a notice stays although its cause
-- has gone.
create or replace function londiste_rs.compare_at_provider(
    i_queue_name text, i_home text, i_tables text[], i_relids oid[], i_captures text[], i_now_names text[],
    i_fresh boolean, i_sticky boolean)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
    delete from londiste_rs.table_identity i
     using unnest(i_tables, i_relids, i_captures) s (table_name, relid, capture)
     where i.queue_name = i_queue_name and i.side = 'provider' and i.table_name = s.table_name
       and (i.home <> i_home or s.capture = 'other' and (i.relid = s.relid or i_fresh));
    update londiste_rs.table_identity i set relid = s.relid, notice = null, remedy = null
      from unnest(i_tables, i_relids) s (table_name, relid)
     where i.queue_name = i_queue_name and i.side = 'provider' and i.table_name = s.table_name and s.relid is not null
       and (i_fresh or i.relid = 0);
    insert into londiste_rs.table_identity (queue_name, table_name, side, home, relid)
    select i_queue_name, s.table_name, 'provider', i_home, s.relid
      from unnest(i_tables, i_relids, i_captures) s (table_name, relid, capture)
     where s.capture = 'stock'
       and not exists (select from londiste_rs.table_identity i
                        where i.queue_name = i_queue_name and i.table_name = s.table_name and i.side = 'provider')
        on conflict do nothing;
    update londiste_rs.table_identity i set notice = c.notice, remedy = c.remedy
      from unnest(i_tables, i_relids, i_captures, i_now_names) s (table_name, relid, capture, now_name)
     cross join lateral (select coalesce('was renamed to ' || s.now_name, 'was dropped')) b (became)
      join londiste_rs.table_identity k on k.queue_name = i_queue_name and k.side = 'provider'
       and k.table_name = s.table_name
     cross join lateral (
           select case when s.relid is null then b.became
                       when s.relid <> k.relid then 'is another table now; the one that was replicated ' || b.became
                       when s.capture is null then 'has no capture trigger of this queue any more' end,
                  case when s.relid is null and s.now_name is null
                           then format('remove-table %s on the root; the rows here stay', s.table_name)
                       when s.relid is null
                       then format('give the root''s table its name back and resync %1$s, '
                                   'or remove-table %1$s on the root and add the table under its new name',
                                   s.table_name)
                       when s.capture is not null and s.relid <> k.relid then format('resync %s', s.table_name)
                       when s.capture is null
                       then format('its changes are not captured: remove-table %1$s and add-table %1$s on the root, '
                                   'then add-table %1$s here',
                                   s.table_name) end) c (notice, remedy)
     where i.queue_name = i_queue_name and i.side = 'provider' and i.table_name = s.table_name
       and (i.notice, i.remedy) is distinct from (c.notice, c.remedy) and (c.notice is not null or not i_sticky);
end $$;

-- The tables that are not what they were, and what to do; only those whose rows a copy has brought, or is bringing.
create or replace function londiste_rs.other_tables(i_queue_name text, out table_name text, out trouble text)
returns setof record language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select i.table_name,
           string_agg(case i.side when 'here' then format('here, %s; %s', i.notice, i.remedy)
                                  else format('on the root, table %s %s; %s', i.table_name, i.notice, i.remedy) end,
                      '; ' order by i.side)
      from londiste_rs.table_identity i
      join londiste.table_info t on t.queue_name = i.queue_name and t.table_name = i.table_name and t.local
       and t.merge_state is not null
     where i.queue_name = i_queue_name and i.notice is not null
     group by i.table_name
$$;

-- Tells, on the root, of tables of the stock triggers that are not what they were; answers those that are told for
-- the first time.
create or replace function londiste_rs.tell_other_tables(i_queue_name text, out table_name text, out notice text)
returns setof record language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
begin
    delete from londiste_rs.table_error e
     using londiste_rs.table_identity i
     where e.queue_name = i_queue_name and i.queue_name = e.queue_name and i.table_name = e.table_name
       and i.side = 'provider' and i.notice is null;
    for c in
        select i.table_name, i.notice from londiste_rs.table_identity i
         where i.queue_name = i_queue_name and i.side = 'provider' and i.notice is not null
           and not exists (select from londiste_rs.table_error e
                            where e.queue_name = i_queue_name and e.table_name = i.table_name
                              and strpos(e.error, i.notice) > 0)
         order by i.table_name
    loop
        perform londiste_rs.tell_missing(i_queue_name, c.table_name, c.notice);
        table_name := c.table_name;
        notice := c.notice;
        return next;
    end loop;
end $$;
