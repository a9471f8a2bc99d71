CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement_keyless>_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    if '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
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
    known := ('<oid of statement_keyless>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}'));
    if known then
        shape := '3';
    else
        shape := case when '<oid of statement_keyless>'::regclass is not null then londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) end;
    end if;
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.D', concat("."), null::text from old_rows ".") e (kind, data, old_data);
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

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement_keyless>_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin
    if '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 1 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 2 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
        return new;
    elsif '<oid of statement_keyless>'::regclass is not null and 'londiste_rs.gate_1'::regclass is not null
       and londiste_rs.open_event_table('londiste_rs.gate_1'::regclass) = 3 and (londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}') then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, '3' from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
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
    known := ('<oid of statement_keyless>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}'));
    if known then
        shape := '3';
    else
        shape := case when '<oid of statement_keyless>'::regclass is not null then londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) end;
    end if;
    if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.I', concat("."), null::text from new_rows ".") e (kind, data, old_data);
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

CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of statement_keyless>_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_temp'
AS $function$
declare
    stack text;
begin

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
    known := ('<oid of statement_keyless>'::regclass::text is null) <> ((londiste_rs.layout_answer(<oid of statement_keyless>, 'row_to_json("."), array[pg_typeof(".".a), pg_typeof(".".b)]::regtype[], londiste_rs.present_key(<oid of statement_keyless>)') = '{"a":null,"b":null} {integer,text} {}' or londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) = '{"columns" : [["a", "pg_catalog.int4"], ["b", "pg_catalog.text"]], "key" : []}'));
    if known then
        shape := '3';
    else
        shape := case when '<oid of statement_keyless>'::regclass is not null then londiste_rs.row_shape(<oid of statement_keyless>, <oid of statement_keyless>) end;
    end if;
    plan_setting := current_setting('enable_nestloop');
        perform set_config('enable_nestloop', 'off', true);
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.statement_keyless', e.old_data, shape from (select 'rec.U', concat(n.r), concat(o.r)
              from (select row_number() over () as pos, "." as r from new_rows ".") n
              join (select row_number() over () as pos, "." as r from old_rows ".") o using (pos)
             order by pos) e (kind, data, old_data);
    end if;
        get diagnostics written = row_count;
        perform set_config('enable_nestloop', plan_setting, true);
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

