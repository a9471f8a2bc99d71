-- Privileges and storage of a queue's event tables.

-- Gives every role the rights on one table that it has on another.
create or replace function pgq._grant_perms_from(src_schema text, src_table text, dst_schema text, dst_table text)
returns integer
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    target text := format('%I.%I', dst_schema, dst_table);
    entry record;
begin
    for entry in
        select case when acl.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee,
               string_agg(acl.privilege_type, ', ') as privileges,
               acl.is_grantable
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         cross join lateral aclexplode(c.relacl) acl
          left join pg_roles r on r.oid = acl.grantee
         where n.nspname = src_schema and c.relname = src_table and acl.grantee <> c.relowner
         group by 1, 3
    loop
        execute format('grant %s on %s to %s%s', entry.privileges, target, entry.grantee,
            case when entry.is_grantable then ' with grant option' end);
    end loop;
    perform target::regclass;
    return 1;
end $$;

-- Gives the event tables and sequences of a queue the rights of pgq.event_template.
create or replace function pgq.grant_perms(x_queue_name text)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    prefix text;
begin
    select queue_ntables, queue_data_pfx, queue_event_seq, queue_tick_seq into q
      from pgq.queue where queue_name = x_queue_name;
    if not found then
        raise exception 'Queue not found';
    end if;
    prefix := split_part(q.queue_data_pfx, '.', 2);

    execute format('grant select on sequence %s, %s to public',
        pgq.quote_fqname(q.queue_event_seq), pgq.quote_fqname(q.queue_tick_seq));
    if exists (select from pg_roles where rolname = 'pgq_admin') then
        execute format('grant usage on sequence %s to pgq_admin', pgq.quote_fqname(q.queue_event_seq));
    end if;

    perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', prefix);
    for i in 0 .. q.queue_ntables - 1 loop
        perform pgq._grant_perms_from('pgq', 'event_template', 'pgq', prefix || '_' || i);
    end loop;
    return 1;
end $$;

-- Has large values of an event table compressed by lz4 where the server can (from 14 on, as it was built): the
-- application waits for it, and pglz takes ten times as long.
create or replace function pgq._compress_quickly(i_event_table text)
returns void
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    field text;
begin
    for field in
        select a.attname
          from pg_attribute a
          join pg_settings s on s.name = 'default_toast_compression' and 'lz4' = any (s.enumvals)
         where a.attrelid = i_event_table::regclass and a.attname in ('ev_data', 'ev_extra2')
           and to_jsonb(a) ->> 'attcompression' <> 'l'
    loop
        execute format('alter table %s alter %I set compression lz4', i_event_table, field);
    end loop;
end $$;

-- Event tables are only appended to and truncated: full pages, nothing for autovacuum to do.
create or replace function pgq.tune_storage(i_queue_name text)
returns integer
language plpgsql strict
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    event_table text;
begin
    select queue_ntables, queue_data_pfx into q from pgq.queue where queue_name = i_queue_name;
    if not found then
        return 0;
    end if;
    for i in 0 .. q.queue_ntables - 1 loop
        event_table := pgq.quote_fqname(q.queue_data_pfx || '_' || i);
        execute format('alter table %s set (fillfactor = 100, autovacuum_enabled = off, '
                       'toast.autovacuum_enabled = off)',
            event_table);
        perform pgq._compress_quickly(event_table);
    end loop;
    return 1;
end $$;
