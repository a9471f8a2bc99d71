CREATE OR REPLACE FUNCTION londiste_rs.capture_1_<oid of row>()
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
        if event_table = 0 and current_setting('londiste_rs.replay', true) is distinct from 'on' and true then
            perform londiste_rs.refuse_change('q', tg_relid);
        elsif coalesce(event_table, 0) = 0 then
            return null;
        end if;
    end if;
    if tg_op = 'TRUNCATE' then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select e.kind, e.data, e.bounds from londiste_rs.truncate_event(<oid of row>, tg_relid, tg_name) e) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select e.kind, e.data, e.bounds from londiste_rs.truncate_event(<oid of row>, tg_relid, tg_name) e) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select e.kind, e.data, e.bounds from londiste_rs.truncate_event(<oid of row>, tg_relid, tg_name) e) e (kind, data, old_data);
    end if;
        return null;
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
    if tg_op = 'DELETE' then
        shape := case when '<oid of row>'::regclass is not null then londiste_rs.row_shape(coalesce(londiste_rs.relation_of(case when true then null else old end), tg_relid), <oid of row>) end;
        if '<oid of row>'::regclass is not null and not londiste_rs.tells_truncate(coalesce(londiste_rs.relation_of(case when true then null else old end), tg_relid), '_londiste_q_truncate') then
            perform londiste_rs.note_row('q', 'public.row', tg_relid, -1, old);
        end if;
    else
        shape := case when '<oid of row>'::regclass is not null then londiste_rs.row_shape(coalesce(londiste_rs.relation_of(case when true then null else new end), tg_relid), <oid of row>) end;
        if '<oid of row>'::regclass is not null and not londiste_rs.tells_truncate(coalesce(londiste_rs.relation_of(case when true then null else new end), tg_relid), '_londiste_q_truncate') then
            perform londiste_rs.note_row('q', 'public.row', tg_relid, 1, new);
            if tg_op = 'UPDATE' then perform londiste_rs.note_row('q', 'public.row', tg_relid, -1, old); end if;
        end if;
    end if;
    if shape = '{"columns" : [["id", "pg_catalog.int4"], ["at", "pg_catalog.date"], ["v", "pg_catalog.text"]], "key" : ["id","at"]}' then
        shape := '6';
        known := true;
    elsif shape = '{"columns" : [["v", "pg_catalog.text"], ["at", "pg_catalog.date"], ["id", "pg_catalog.int4"]], "key" : ["id","at"]}' then
        shape := '7';
        known := true;
    end if;
    if tg_op = 'INSERT' then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.I', concat(new), null::text) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.I', concat(new), null::text) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.I', concat(new), null::text) e (kind, data, old_data);
    end if;
    elsif tg_op = 'DELETE' then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.D', concat(old), null::text) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.D', concat(old), null::text) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.D', concat(old), null::text) e (kind, data, old_data);
    end if;
    elsif known then
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), case when row(old.id, old.at)::record *<> row(new.id, new.at)::record then concat(old) end) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), case when row(old.id, old.at)::record *<> row(new.id, new.at)::record then concat(old) end) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), case when row(old.id, old.at)::record *<> row(new.id, new.at)::record then concat(old) end) e (kind, data, old_data);
    end if;
    else
        if event_table = 1 then
        insert into pgq.event_1_0 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), concat(old)) e (kind, data, old_data);
    elsif event_table = 2 then
        insert into pgq.event_1_1 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), concat(old)) e (kind, data, old_data);
    elsif event_table = 3 then
        insert into pgq.event_1_2 (ev_time, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3)
        select current_timestamp, e.kind, e.data, 'public.row', e.old_data, shape from (select 'rec.U', concat(new), concat(old)) e (kind, data, old_data);
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

