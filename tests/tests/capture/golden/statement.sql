CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement>_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    end if;
    declare
        event_table bigint;
        shape text;
        settings text[];
        nested boolean;
        current_rows boolean;
        known boolean;
        plan_setting text;
        written bigint;
    begin

    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
    event_table := pg_sequence_last_value('londiste_rs.gate_1'::regclass);
    if event_table between 1 and 3 is not true then
        select case when queue_disable_insert then 0 else queue_cur_table + 1 end into event_table from pgq.queue where queue_id = 1;
        if event_table = 0 and current_setting('londiste_rs.replay', true) is distinct from 'on' and exists (select from old_rows) then
            perform londiste_rs.refuse_change('q', tg_relid);
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;
    if left(current_setting('DateStyle'), 3) <> 'ISO' or current_setting('IntervalStyle') <> 'postgres'
        or current_setting('extra_float_digits') not in ('1', '2', '3') or current_setting('bytea_output') <> 'hex' then
        settings := array[current_setting('DateStyle'), current_setting('IntervalStyle'), current_setting('extra_float_digits'), current_setting('bytea_output'), current_setting('TimeZone'), current_setting('lc_monetary')];
        perform set_config('DateStyle', 'ISO, YMD', true);
        perform set_config('IntervalStyle', 'postgres', true);
        perform set_config('extra_float_digits', '3', true);
        perform set_config('bytea_output', 'hex', true);
        perform set_config('TimeZone', 'UTC', true);
        perform set_config('lc_monetary', 'C', true);
    end if;
    known := ('<oid of statement>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}'));
    if known then
        shape := '2';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of statement>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of statement>::oid, 'select') and not row_security_active(<oid of statement>::oid)
                and <oid of statement>::oid::regclass::text = format('%I.%I', 'public', 'statement') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of statement>'::regclass is not null then londiste_rs.row_shape(<oid of statement>, <oid of statement>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of statement>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of statement>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    end if;
    end if;
    if settings is not null then
        perform set_config('DateStyle', settings[1], true);
        perform set_config('IntervalStyle', settings[2], true);
        perform set_config('extra_float_digits', settings[3], true);
        perform set_config('bytea_output', settings[4], true);
        perform set_config('TimeZone', settings[5], true);
        perform set_config('lc_monetary', settings[6], true);
    end if;
    end;
    return null;
end $function$

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement>_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    end if;
    if stack like e'%\n%' then
        stack := lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0');
        if coalesce(current_setting('londiste_rs.nested_<oid of statement>', true), '') collate "C" <= stack and current_setting('DateStyle') ^@ 'ISO' then
        if '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    end if;
        end if;
    end if;
    declare
        event_table bigint;
        shape text;
        settings text[];
        nested boolean;
        current_rows boolean;
        known boolean;
        plan_setting text;
        written bigint;
    begin

    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
    event_table := pg_sequence_last_value('londiste_rs.gate_1'::regclass);
    if event_table between 1 and 3 is not true then
        select case when queue_disable_insert then 0 else queue_cur_table + 1 end into event_table from pgq.queue where queue_id = 1;
        if event_table = 0 and current_setting('londiste_rs.replay', true) is distinct from 'on' and exists (select from new_rows) then
            perform londiste_rs.refuse_change('q', tg_relid);
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;
    if left(current_setting('DateStyle'), 3) <> 'ISO' or current_setting('IntervalStyle') <> 'postgres'
        or current_setting('extra_float_digits') not in ('1', '2', '3') or current_setting('bytea_output') <> 'hex' then
        settings := array[current_setting('DateStyle'), current_setting('IntervalStyle'), current_setting('extra_float_digits'), current_setting('bytea_output'), current_setting('TimeZone'), current_setting('lc_monetary')];
        perform set_config('DateStyle', 'ISO, YMD', true);
        perform set_config('IntervalStyle', 'postgres', true);
        perform set_config('extra_float_digits', '3', true);
        perform set_config('bytea_output', 'hex', true);
        perform set_config('TimeZone', 'UTC', true);
        perform set_config('lc_monetary', 'C', true);
    end if;
    known := ('<oid of statement>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}'));
    if known then
        shape := '2';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of statement>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of statement>::oid, 'select') and not row_security_active(<oid of statement>::oid)
                and <oid of statement>::oid::regclass::text = format('%I.%I', 'public', 'statement') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of statement>'::regclass is not null then londiste_rs.row_shape(<oid of statement>, <oid of statement>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of statement>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of statement>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    end if;
    end if;
    if settings is not null then
        perform set_config('DateStyle', settings[1], true);
        perform set_config('IntervalStyle', settings[2], true);
        perform set_config('extra_float_digits', settings[3], true);
        perform set_config('bytea_output', settings[4], true);
        perform set_config('TimeZone', settings[5], true);
        perform set_config('lc_monetary', settings[6], true);
    end if;
    end;
    return null;
end $function$

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement>_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of statement>', true) <> '') is not true and current_setting('DateStyle') ^@ 'ISO' then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            return new;
        end if;
    end if;
    if stack like e'%\n%' then
        stack := lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0');
        if coalesce(current_setting('londiste_rs.nested_<oid of statement>', true), '') collate "C" <= stack and current_setting('DateStyle') ^@ 'ISO' then
        if '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    elsif '<oid of statement>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}') then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null::text from new_rows "." where array(select "..".id from old_rows ".." limit 2) = array[".".id]) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, '2' from (select 'rec.P', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of statement>', stack, true);
            return new;
        end if;
    end if;
        end if;
    end if;
    declare
        event_table bigint;
        shape text;
        settings text[];
        nested boolean;
        current_rows boolean;
        known boolean;
        plan_setting text;
        written bigint;
    begin

    if current_setting('session_replication_role') = 'local' then
        return null;
    end if;
    event_table := pg_sequence_last_value('londiste_rs.gate_1'::regclass);
    if event_table between 1 and 3 is not true then
        select case when queue_disable_insert then 0 else queue_cur_table + 1 end into event_table from pgq.queue where queue_id = 1;
        if event_table = 0 and current_setting('londiste_rs.replay', true) is distinct from 'on' and exists (select from new_rows) then
            perform londiste_rs.refuse_change('q', tg_relid);
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;
    if left(current_setting('DateStyle'), 3) <> 'ISO' or current_setting('IntervalStyle') <> 'postgres'
        or current_setting('extra_float_digits') not in ('1', '2', '3') or current_setting('bytea_output') <> 'hex' then
        settings := array[current_setting('DateStyle'), current_setting('IntervalStyle'), current_setting('extra_float_digits'), current_setting('bytea_output'), current_setting('TimeZone'), current_setting('lc_monetary')];
        perform set_config('DateStyle', 'ISO, YMD', true);
        perform set_config('IntervalStyle', 'postgres', true);
        perform set_config('extra_float_digits', '3', true);
        perform set_config('bytea_output', 'hex', true);
        perform set_config('TimeZone', 'UTC', true);
        perform set_config('lc_monetary', 'C', true);
    end if;
    known := ('<oid of statement>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".name), pg_typeof(".".at)]::regtype[], pg_get_constraintdef(<oid of statement_pkey>)') = '{"id":null,"name":null,"at":null} {integer,text,"timestamp with time zone"} PRIMARY KEY (id)' or londiste_rs.row_shape(<oid of statement>, <oid of statement>) = '{"columns" : [["id", "pg_catalog.int4"], ["name", "pg_catalog.text"], ["at", "pg_catalog.timestamptz"]], "key" : ["id"]}'));
    if known then
        shape := '2';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of statement>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of statement>::oid, 'select') and not row_security_active(<oid of statement>::oid)
                and <oid of statement>::oid::regclass::text = format('%I.%I', 'public', 'statement') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of statement>'::regclass is not null then londiste_rs.row_shape(<oid of statement>, <oid of statement>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.statement "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of statement>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of statement>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if known then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "." cross join old_rows ".."
             where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "." cross join old_rows ".."
             where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "." cross join old_rows ".."
             where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        if written = 0 and exists (select from new_rows) then
            if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat("."), null from new_rows "."
             where (select sum(hashint8extended("."."id", 0)) from new_rows ".") = (select sum(hashint8extended("."."id", 0)) from old_rows ".")) e (kind, data, old_data);
    end if;
            get diagnostics written = row_count;
            if written = 0 then
                plan_setting := current_setting('enable_nestloop');
        perform set_config('enable_nestloop', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_nestloop', plan_setting, true);
            end if;
        end if;
    else
        plan_setting := current_setting('enable_nestloop');
        perform set_config('enable_nestloop', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_nestloop', plan_setting, true);
    end if;
    end if;
    if settings is not null then
        perform set_config('DateStyle', settings[1], true);
        perform set_config('IntervalStyle', settings[2], true);
        perform set_config('extra_float_digits', settings[3], true);
        perform set_config('bytea_output', settings[4], true);
        perform set_config('TimeZone', settings[5], true);
        perform set_config('lc_monetary', settings[6], true);
    end if;
    end;
    return null;
end $function$

