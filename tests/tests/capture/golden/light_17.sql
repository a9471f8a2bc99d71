CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of light>_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
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
    known := ('<oid of light>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}'));
    if known then
        shape := '5';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of light>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of light>::oid, 'select') and not row_security_active(<oid of light>::oid)
                and <oid of light>::oid::regclass::text = format('%I.%I', 'public', 'light') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of light>'::regclass is not null then londiste_rs.row_shape(<oid of light>, <oid of light>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of light>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of light>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
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

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of light>_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true and current_query() collate "C" ~ '^[[:space:]]*[UIDuid][^;]*;?[[:space:]]*$' then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    end if;
    if stack like e'%\n%' then
        stack := lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0');
        if coalesce(current_setting('londiste_rs.nested_<oid of light>', true), '') collate "C" <= stack then
        if '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of light>', stack, true);
            return new;
        end if;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of light>', stack, true);
            return new;
        end if;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5' from (select 'rec.P', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        if found then
            stack := set_config('londiste_rs.nested_<oid of light>', stack, true);
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
    known := ('<oid of light>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}'));
    if known then
        shape := '5';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of light>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of light>::oid, 'select') and not row_security_active(<oid of light>::oid)
                and <oid of light>::oid::regclass::text = format('%I.%I', 'public', 'light') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of light>'::regclass is not null then londiste_rs.row_shape(<oid of light>, <oid of light>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows ".") u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of light>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of light>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
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

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of light>_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    get diagnostics stack = pg_context;
    if '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5', e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5', e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
        end if;
    elsif '<oid of light>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}') and stack not like e'%\n%' and (current_setting('londiste_rs.nested_<oid of light>', true) <> '') is not true then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, '5', e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
        if found then
            return new;
        elsif not exists (select from new_rows) then
            return new;
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
    known := ('<oid of light>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of light>, 'row_to_json("."), array[pg_typeof(".".id), pg_typeof(".".n), pg_typeof(".".document)]::regtype[], pg_get_constraintdef(<oid of light_pkey>), array(select a.attname from pg_attribute a where a.attrelid = "..".relation and a.attgenerated = ''v'' order by a.attnum)') = '{"id":null,"n":null,"document":null} {integer,integer,text} PRIMARY KEY (id) {}' or londiste_rs.row_shape(<oid of light>, <oid of light>) = '{"columns" : [["id", "pg_catalog.int4"], ["n", "pg_catalog.int4"], ["document", "pg_catalog.text"]], "key" : ["id"]}'));
    if known then
        shape := '5';
        get diagnostics stack = pg_context;
        nested := strpos(stack, e'\n') > 0;
        current_rows := nested or current_setting('londiste_rs.nested_<oid of light>', true) <> '';
        if not current_rows is true then
            stack := coalesce(lower(current_query() collate "C"), 'with');
            current_rows := strpos(stack, 'with') > 0 or strpos(stack, 'merge') > 0 or strpos(stack, 'execute') > 0;
        end if;
        if current_rows then
            current_rows := has_table_privilege(<oid of light>::oid, 'select') and not row_security_active(<oid of light>::oid)
                and <oid of light>::oid::regclass::text = format('%I.%I', 'public', 'light') and has_schema_privilege('public', 'usage');
        end if;
    else
        shape := case when '<oid of light>'::regclass is not null then londiste_rs.row_shape(<oid of light>, <oid of light>) end;
    end if;
    if current_rows then
        plan_setting := current_setting('enable_seqscan');
        perform set_config('enable_seqscan', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.P', c.t, case when c.t is null then u.t end
              from (select * from (select *, row_number() over (partition by k collate "C") as nth from (select ".".id as k1, concat(".") as t, row(".".id)::text as k from new_rows "." union all select ".".id as k1, concat(".") as t, row(".".id)::text as k from old_rows ".") a) b where nth = 1) u left join lateral (select concat(".") as t from only public.light "." where "."."id" operator(pg_catalog.=) u.k1 limit 1) c on true
             order by c.t is not null) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_seqscan', plan_setting, true);
        if nested and written > 0 then
            perform set_config('londiste_rs.nested_<oid of light>', greatest(coalesce(current_setting('londiste_rs.nested_<oid of light>', true), '') collate "C", lpad((length(stack) - 1 - case when substr(stack, strpos(stack, e'\n') + 1, 15) = 'SQL statement "'
                 then coalesce(nullif(strpos(stack, e'"\n'), 0), length(stack) - 1) else strpos(stack, e'\n') end)::text, 10, '0')), true);
        end if;
    else
    if known then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select ".".id as n1, ".".n as n2, ".".document as n3, "..".id as o1, "..".n as o2, "..".document as o3, false as moved
              from new_rows "." cross join old_rows ".." where not exists (select from new_rows offset 1) and row(".".id)::record *= row("..".id)::record) f offset 0) a) b) e (kind, data, old_data, left_out);
    end if;
        get diagnostics written = row_count;
        if written = 0 and exists (select from new_rows) then
            plan_setting := current_setting('enable_nestloop');
        perform set_config('enable_nestloop', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select n.*, o.*, n.key *<> o.old_key as moved
              from (select row_number() over () as pos, ".".id as n1, ".".n as n2, ".".document as n3, row(".".id)::record as key from new_rows ".") n
              join (select row_number() over () as old_pos, ".".id as o1, ".".n as o2, ".".document as o3, row(".".id)::record as old_key from old_rows ".") o on o.old_pos = n.pos) f offset 0) a) b order by b.pos) e (kind, data, old_data, left_out);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select n.*, o.*, n.key *<> o.old_key as moved
              from (select row_number() over () as pos, ".".id as n1, ".".n as n2, ".".document as n3, row(".".id)::record as key from new_rows ".") n
              join (select row_number() over () as old_pos, ".".id as o1, ".".n as o2, ".".document as o3, row(".".id)::record as old_key from old_rows ".") o on o.old_pos = n.pos) f offset 0) a) b order by b.pos) e (kind, data, old_data, left_out);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape, e.left_out from (select case when b.left_out is null then 'rec.U' else 'rec.L' end, row(b.n1, b.n2, case when b.stayed3 then null else b.n3 end)::text, case when b.moved then row(b.o1, b.o2, b.o3)::text end, b.left_out
              from (select a.*, '[' || nullif(concat_ws(', ', case when a.stayed3 then '"document"' end), '') || ']' as left_out
                      from (select f.*, not f.moved and pg_column_toast_chunk_id(f.n3) = pg_column_toast_chunk_id(f.o3) as stayed3 from (select n.*, o.*, n.key *<> o.old_key as moved
              from (select row_number() over () as pos, ".".id as n1, ".".n as n2, ".".document as n3, row(".".id)::record as key from new_rows ".") n
              join (select row_number() over () as old_pos, ".".id as o1, ".".n as o2, ".".document as o3, row(".".id)::record as old_key from old_rows ".") o on o.old_pos = n.pos) f offset 0) a) b order by b.pos) e (kind, data, old_data, left_out);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_nestloop', plan_setting, true);
        end if;
    else
        plan_setting := current_setting('enable_nestloop');
        perform set_config('enable_nestloop', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.light', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
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

