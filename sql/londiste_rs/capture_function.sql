-- Source text of the statement that writes one event, into whichever event table is current: static SQL for each of them,
-- or pgq.insert_event where this role may not write the event tables itself.
create or replace function londiste_rs.event_insert_source(i_queue_name text, i_table_name text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    q record;
    part text;
    source text := '';
begin
    select * into strict q from pgq.queue where queue_name = i_queue_name;
    if not has_table_privilege(q.queue_data_pfx || '_0', 'insert') then
        return format('    perform pgq.insert_event(%L, kind, data, %L, old_data, shape, null);', i_queue_name, i_table_name);
    end if;
    for i in 0 .. q.queue_ntables - 1 loop
        select format('%I.%I', n.nspname, c.relname) into strict part
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.oid = (q.queue_data_pfx || '_' || i)::regclass;
        source := source || format($f$    %s queue.queue_cur_table = %s then
        insert into %s (ev_id, ev_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        values (nextval(%L::regclass), now(), null, null, kind, data, %L, old_data, shape);
$f$, case when i = 0 then 'if' else 'elsif' end, i, part, q.queue_event_seq, i_table_name);
    end loop;
    return source || '    end if;';
end $$;

-- Source text of the choice of shape: a branch for each row layout of the table (a partition may have its columns in another
-- order), taken while that layout still holds; in the last branch the event carries the description itself and the whole old row.
create or replace function londiste_rs.shape_source(i_table_name text, i_rel oid)
returns text language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    layout record;
    source text := '';
    key text[] := londiste_rs.key_columns(i_rel);
    key_changed text;
begin
    select format('row(%s)::record *<> row(%s)::record',
                  string_agg(format('old.%I', k), ', ' order by pos), string_agg(format('new.%I', k), ', ' order by pos))
      into key_changed
      from unnest(key) with ordinality u(k, pos);
    if cardinality(key) = 0 then
        key_changed := 'true';
    end if;
    for layout in
        select londiste_rs.row_shape(r.relid, i_rel) as description, array_agg(r.relid order by r.relid) as relids
          from londiste_rs.row_relations(i_rel) r
         group by 1
    loop
        source := source || format($f$    %s tg_relid = any (%L::oid[])
       and ((%L::regclass::text is null) <> (londiste_rs.row_shape(%s, %s) = %L)) then
        shape := %L;
        if tg_op = 'UPDATE' then
            if %s then
                old_data := old::text;
            end if;
        end if;
$f$, case when source = '' then 'if' else 'elsif' end, layout.relids, layout.relids[1], layout.relids[1], i_rel,
            layout.description, londiste_rs.shape_id(i_table_name, layout.description), key_changed);
    end loop;
    return source || format($f$    %s
        shape := londiste_rs.row_shape(tg_relid, %s);
        if tg_op = 'UPDATE' then
            old_data := old::text;
        end if;
    %s$f$, case when source = '' then 'begin' else 'else' end, i_rel, case when source = '' then 'end;' else 'end if;' end);
end $$;

-- Relations whose rows a table's row trigger sees: the table, or the leaf partitions of a partitioned one.
create or replace function londiste_rs.row_relations(i_rel oid, out relid oid)
returns setof oid language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select c.oid
      from pg_class c
     where c.oid = i_rel and c.relkind <> 'p'
    union all
    select t.relid
      from pg_partition_tree(i_rel) t
     where t.isleaf and (select k.relkind from pg_class k where k.oid = i_rel) = 'p'
       and (select k.relkind from pg_class k where k.oid = t.relid) = 'r'
$$;

-- Writes the capture function of a table. Its text output settings are pinned: values must not depend on the application's.
-- No EXCEPTION block: it would open a subtransaction for each row.
create or replace function londiste_rs.write_capture_function(
    i_queue_name text, i_table_name text, i_rel oid, i_function_name text)
returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $outer$
declare
    queue_id integer;
begin
    select q.queue_id into strict queue_id from pgq.queue q where q.queue_name = i_queue_name;
    execute format($f$
create or replace function londiste_rs.%I() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
set DateStyle = 'ISO, YMD' set IntervalStyle = postgres set TimeZone = 'UTC' set extra_float_digits = 3
set bytea_output = hex set lc_monetary = 'C'
as %L
$f$, i_function_name, format($f$
declare
    queue record;
    kind text;
    data text;
    old_data text;
    shape text;
begin
    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
    select queue_cur_table, queue_disable_insert into queue from pgq.queue where queue_id = %s;
    if not found then
        return null;
    end if;
    if queue.queue_disable_insert then
        raise exception 'queue %% does not take changes: this node is not the root any more', %L;
    end if;
    if tg_op = 'TRUNCATE' then
        if tg_argv[0] = 'partition' then
            kind := 'rec.R';
            data := tg_table_schema || '.' || tg_table_name;
        else
            kind := 'R';
        end if;
    else
%s
        if tg_op = 'INSERT' then
            kind := 'rec.I';
            data := new::text;
        elsif tg_op = 'UPDATE' then
            kind := 'rec.U';
            data := new::text;
        else
            kind := 'rec.D';
            data := old::text;
        end if;
    end if;
%s
    return null;
end $f$, queue_id, i_queue_name, londiste_rs.shape_source(i_table_name, i_rel),
        londiste_rs.event_insert_source(i_queue_name, i_table_name)));
end $outer$;
