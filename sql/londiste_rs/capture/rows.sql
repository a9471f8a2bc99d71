-- The rows that capture functions write: queries of (kind, data, old_data), as source text. "." is the alias of a row,
-- since a column of the alias's name would be taken for it.
--
-- The functions run with their owner's rights, and a type's owner may make casts from it, also from a table's row type,
-- by functions of his own. So no value is cast to text: concat() calls the output function of a type, and casts from
-- ROW(...) cannot be made. Values are compared as images of records (*=), or by an operator with its schema.

-- Source text of the statement that writes events for the rows of a query into event table number i_event_table of the
-- queue that t (londiste_rs.described_capture) tells: static SQL, or pgq.insert_event where this role may not write the
-- event tables itself. i_shape: source text of the rows' shape. i_light: the query has a column more, left_out.
--
-- ev_id comes from the column's default: a volatile function in the query itself would be another level of the plan.
-- current_timestamp is now() without a function's preparation.
create or replace function londiste_rs.write_event_source(t record, i_query text, i_shape text, i_event_table integer,
    i_light boolean)
returns text language plpgsql immutable
as $$
begin
    if t.event_tables[i_event_table + 1] is null then
        return londiste_rs.filled(
            'perform pgq.insert_event(@queue@, e.kind, e.data, @table@, e.old_data, @shape@, @left_out@) '
            'from (@rows@) e (kind, data, old_data@and_left_out@);',
            'queue', quote_literal(t.queue_name), 'table', quote_literal(t.table_name), 'shape', i_shape,
            'rows', i_query, 'left_out', case when i_light then 'e.left_out' else 'null' end,
            'and_left_out', case when i_light then ', left_out' else '' end);
    end if;
    -- some fifty times for each table: format costs a fraction of a template
    return format($f$insert into %s (%sev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3%s)
        select %scurrent_timestamp, e.kind, e.data, %L, e.old_data, %s%s from (%s) e (kind, data, old_data%s);$f$,
        t.event_tables[i_event_table + 1], case when t.event_ids[i_event_table + 1] = '' then '' else 'ev_id, ' end,
        case when i_light then ', ev_extra4' else '' end, t.event_ids[i_event_table + 1], t.table_name, i_shape,
        case when i_light then ', e.left_out' else '' end, i_query, case when i_light then ', left_out' else '' end);
end $$;

-- The same into the event table whose number plus one is in the variable event_table.
create or replace function londiste_rs.write_events_source(t record, i_query text, i_shape text, i_light boolean)
returns text language plpgsql immutable
as $$
declare
    source text := '';
begin
    if t.event_tables[1] is null then
        return londiste_rs.write_event_source(t, i_query, i_shape, 0, i_light);
    end if;
    for i in 0 .. t.ntables - 1 loop
        source := source || format($f$%s event_table = %s then
        %s
    $f$,
            case when i = 0 then 'if' else 'elsif' end, i + 1,
            londiste_rs.write_event_source(t, i_query, i_shape, i, i_light));
    end loop;
    return source || 'end if;';
end $$;

-- The same for rows whose shape is in the variable of that name.
create or replace function londiste_rs.write_events_source(t record, i_query text)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.write_events_source(t, i_query, 'shape', false);
end $$;

-- A row's key as one value.
create or replace function londiste_rs.key_source(i_key text[], i_row text)
returns text language plpgsql immutable
as $$
#variable_conflict use_column
begin
    return (
    select format('row(%s)', string_agg(format('%s.%I', i_row, k), ', ' order by pos))
      from unnest(i_key) with ordinality u(k, pos));
end $$;

-- The new row of an update of one row that keeps its key. Nothing for all other updates: the first condition does not
-- depend on a row, so the join is not begun where there are more of them.
create or replace function londiste_rs.one_update_source(i_key text[], i_unchanged boolean)
returns text language plpgsql immutable
as $$
begin
    return londiste_rs.filled($f$select 'rec.U', concat("."), null from new_rows "." cross join old_rows ".."
             where not exists (select from new_rows offset 1) and @new_key@::record *= @old_key@::record$f$,
            'new_key', londiste_rs.key_source(i_key, '"."'), 'old_key', londiste_rs.key_source(i_key, '".."'))
        || case when i_unchanged then '' else $f$ and "." *<> ".."$f$ end;
end $$;

-- The same, cheaper, for keys of one or two columns whose equality is that of their bytes; null for others. Two old
-- rows are never equal to an array of one: also not two of one key, as when an action of a foreign key updates a row
-- that the statement has updated already.
create or replace function londiste_rs.plain_update_source(i_rel oid, i_key text[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select format($f$select 'rec.U', concat("."), null::text from new_rows "." where %s$f$,
                  string_agg(format('array(select "..".%I from old_rows ".." limit 2) = array[".".%I]', u.name, u.name),
                             ' and ' order by u.pos))
      from unnest(i_key) with ordinality u(name, pos)
      join pg_attribute a on a.attrelid = i_rel and a.attname = u.name
      left join pg_collation l on l.oid = a.attcollation
    having count(*) between 1 and 2
       and bool_and(a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'oid'::regtype, 'uuid'::regtype,
                                   'bool'::regtype, 'date'::regtype,
                                   'timestamp'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'varchar'::regtype)
                    and coalesce(l.collisdeterministic, true)));
end $$;

-- The new rows of an update after which there are the same keys as before, whichever row has which. Nothing for all
-- other updates. Keys are compared by the sum of their hashes: two 64-bit sums of different sets of keys agree once in
-- 10^19 updates of keys.
create or replace function londiste_rs.many_updates_source(i_rel oid, i_key text[])
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    hash text := '0';
    k record;
begin
    for k in
        select a.attname as name, a.atttypid::regtype as type
          from unnest(i_key) with ordinality u(name, pos)
          join pg_attribute a on a.attrelid = i_rel and a.attname = u.name order by u.pos
    loop
        hash := case when k.type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
                     then format('hashint8extended("."."%s", %s)', replace(k.name, '"', '""'), hash)
                     when k.type in ('text'::regtype, 'varchar'::regtype)
                     then format('hashtextextended("."."%s"::text collate "C", %s)', replace(k.name, '"', '""'), hash)
                     else format('hashtextextended(concat("."."%s") collate "C", %s)', replace(k.name, '"', '""'),
                         hash) end;
    end loop;
    return londiste_rs.filled($f$select 'rec.U', concat("."), null from new_rows "."
             where (select sum(@key_hash@) from new_rows ".") = (select sum(@key_hash@) from old_rows ".")$f$,
        'key_hash', hash);
end $$;

-- Old and new rows of any update, in order: both transition tables are filled at once, row by row.
create or replace function londiste_rs.paired_updates_source(i_key text[], i_unchanged boolean)
returns text language plpgsql immutable
as $$
declare
    key_value text := case when cardinality(i_key) = 0 then ''
                           else ', ' || londiste_rs.key_source(i_key, '"."') || '::record as k' end;
begin
    return londiste_rs.filled($f$select 'rec.U', concat(n.r), @old_row@
              from (select row_number() over () as pos, "." as r@key@ from new_rows ".") n
              join (select row_number() over () as pos, "." as r@key@ from old_rows ".") o using (pos)@changed@
             order by pos$f$,
        'old_row', case when cardinality(i_key) = 0 then 'concat(o.r)'
                        else 'case when n.k *<> o.k then concat(o.r) end' end,
        'key', key_value, 'changed', case when i_unchanged then '' else ' where n.r *<> o.r' end);
end $$;

-- The equality operator of a column in the table's key index.
create or replace function londiste_rs.key_operator(i_rel oid, i_column text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    select coalesce((
        select format('operator(%I.%s)', n.nspname, o.oprname)
          from pg_index i
         cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality k(attnum, opclass, pos)
          join pg_attribute a on a.attrelid = i_rel and a.attnum = k.attnum and a.attname = i_column
          join pg_opclass oc on oc.oid = k.opclass
          join pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amopstrategy = 3
           and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
          join pg_operator o on o.oid = ao.amopopr
          join pg_namespace n on n.oid = o.oprnamespace
         where i.indrelid = i_rel and i.indisunique and i.indisvalid
         order by i.indisprimary desc, i.indnkeyatts limit 1), 'operator(pg_catalog.=)'));
end $$;

-- Source text of the condition that two values of a key column are equal, as a format of the two: by the operator of
-- the key's index, values of a domain as its base type's (an enum's operator takes no domain). With an implicit cast of
-- the application's from an enum type, say, the call of the operator that serves all of them would be ambiguous, an
-- error that fails the application: there images are compared, without an index.
create or replace function londiste_rs.key_match(i_rel oid, i_column text)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
    with recursive based (oid, typtype, typbasetype, typcategory, depth) as (
        select t.oid, t.typtype, t.typbasetype, t.typcategory, 0
          from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = i_rel and a.attname = i_column
        union all
        select t.oid, t.typtype, t.typbasetype, t.typcategory, b.depth + 1
          from based b join pg_type t on t.oid = b.typbasetype where b.typtype = 'd')
    select case when (b.typtype in ('e', 'r', 'm', 'c') or b.typcategory = 'A')
                 and exists (select from pg_cast c
                              where c.castsource = b.oid and c.castcontext = 'i' and c.oid >= 16384)
                then 'row(%1$s)::record *= row(%2$s)::record'
                else format('%%1$s%s %s %%2$s%s', d.base, replace(londiste_rs.key_operator(i_rel, i_column), '%', '%%'),
                            d.base) end
      from based b
     cross join lateral (select case when b.depth > 0 and b.typtype = 'e'
                                         then '::' || replace(format_type(b.oid, null), '%', '%%') else '' end) d (base)
     where b.typtype <> 'd');
end $$;

-- Source text of a row's values as they are read from the table: reading a virtual column would compute it, which may
-- fail, so its place stays empty.
create or replace function londiste_rs.present_source(i_rel oid)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if current_setting('server_version_num')::integer < 180000
       or not exists (select from pg_attribute a
                       where a.attrelid = i_rel and a.attgenerated = 'v' and not a.attisdropped) then
        return 'concat(".")';
    end if;
    return (
    select format('row(%s)::text',
                  string_agg(case when a.attgenerated = 'v' then 'null'
                                  else format('"."."%s"', replace(a.attname, '"', '""')) end,
                             ', ' order by a.attnum))
      from pg_attribute a where a.attrelid = i_rel and a.attnum > 0 and not a.attisdropped);
end $$;

-- The present row of each key in i_sources (queries of rows "."), or that there is none any more: these come first, to
-- make room. The operators are those of the key's index, whatever the search_path.
create or replace function londiste_rs.current_rows_source(t record, i_sources text[])
returns text language plpgsql immutable
as $$
declare
    relation text := format('%s%I.%I', case when t.relkind = 'p' then '' else 'only ' end, t.nspname, t.relname);
    key_value text := londiste_rs.key_source(t.key, '"."');
    names text := '';
    matches text := '';
    rows text := '';
begin
    for i in 1 .. cardinality(t.key) loop
        names := format('%s%s".".%I as k%s', names, case when i = 1 then '' else ', ' end, t.key[i], i);
        matches := matches || case when i = 1 then '' else ' and ' end
                   || format(t.matches[i], format('"."."%s"', replace(t.key[i], '"', '""')), 'u.k' || i);
    end loop;
    for i in 1 .. cardinality(i_sources) loop
        rows := format('%s%sselect %s, concat(".") as t, %s::text as k from %s', rows,
                       case when i = 1 then '' else ' union all ' end,
                       names, key_value, i_sources[i]);
    end loop;
    if cardinality(i_sources) > 1 then
        rows := format('select * from (select *, row_number() over (partition by k collate "C") as nth '
                       'from (%s) a) b where nth = 1', rows);
    end if;
    return londiste_rs.filled($f$select 'rec.P', c.t, case when c.t is null then u.t end
              from (@touched@) u left join lateral (select @present_row@ as t from @relation@ "."$f$
        || $f$ where @same_key@ limit 1) c on true
             order by c.t is not null$f$,
        'touched', rows, 'present_row', t.present, 'relation', relation, 'same_key', matches);
end $$;
