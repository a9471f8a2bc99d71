select pgq.version();

select pgq.upgrade_schema();

select pgq.create_queue('jobs');

select pgq.create_queue('jobs');

select pgq.create_queue(null);

select pgq.create_queue('');

select pgq.create_queue('Quote''d "Queue" with.dots and spaces');

select pgq.create_queue('a_name_of_63_bytes_______________________________________________');

select queue_id, queue_name, queue_ntables, queue_cur_table, queue_rotation_period, queue_external_ticker, queue_disable_insert, queue_ticker_paused, queue_ticker_max_count, queue_ticker_max_lag, queue_ticker_idle_period, queue_per_tx_limit, queue_data_pfx, queue_event_seq, queue_tick_seq, queue_extra_maint, queue_switch_step2 is null as rotating from pgq.queue order by 1;

select tick_queue, tick_id, tick_event_seq from pgq.tick order by 1, 2;

select pgq.current_event_table('jobs');

select pgq.current_event_table('Quote''d "Queue" with.dots and spaces');

select pgq.current_event_table('nosuch');

select pgq.current_event_table(null);

select * from pgq.get_queue_info();

select * from pgq.get_queue_info('jobs');

select * from pgq.get_queue_info('nosuch');

select * from pgq.get_queue_info(null);

select pgq.set_queue_config('jobs', 'ticker_max_count', '100');

select pgq.set_queue_config('jobs', 'ticker_max_lag', '5 seconds');

select pgq.set_queue_config('jobs', 'ticker_idle_period', '2 minutes');

select pgq.set_queue_config('jobs', 'rotation_period', '1 hour');

select pgq.set_queue_config('jobs', 'ticker_paused', 'true');

select pgq.set_queue_config('jobs', 'ticker_paused', 'off');

select pgq.set_queue_config('jobs', 'external_ticker', '1');

select pgq.set_queue_config('jobs', 'external_ticker', 'f');

-- message differs: stock's adds an s to the name
select pgq.set_queue_config('jobs', 'queue_ticker_max_count', '1');

-- message differs: stock's adds an s to the name
select pgq.set_queue_config('jobs', 'ntables', '1');

-- message differs: stock's adds an s to the name
select pgq.set_queue_config('jobs', 'disable_insert', '1');

-- message differs: stock's adds an s to the name
select pgq.set_queue_config('jobs', 'nosuch', '1');

-- message differs: stock's adds an s to the name
select pgq.set_queue_config('jobs', 'x = 1; drop table pgq.queue; --', '1');

select pgq.set_queue_config('jobs', 'ticker_max_count', 'many');

select pgq.set_queue_config('jobs', 'ticker_max_lag', 'soon');

-- message differs: ours says which parameter, stock's that a query string is null
select pgq.set_queue_config('jobs', 'ticker_max_count', null);

select pgq.set_queue_config('jobs', null, '1');

select pgq.set_queue_config(null, 'ticker_max_count', '1');

select pgq.set_queue_config('nosuch', 'ticker_max_count', '1');

select queue_name, queue_ticker_max_count, queue_ticker_max_lag, queue_ticker_idle_period, queue_rotation_period, queue_ticker_paused, queue_external_ticker from pgq.queue order by queue_id;

select pgq.grant_perms('jobs');

select pgq.grant_perms('nosuch');

select pgq.grant_perms(null);

select pgq.tune_storage('jobs');

select pgq.tune_storage('nosuch');

select pgq.tune_storage(null);

create table public.rights_from (id int);

create table public."Rights To" (id int);

grant select, insert on public.rights_from to public;

grant update on public.rights_from to pgq_reader with grant option;

select pgq._grant_perms_from('public', 'rights_from', 'public', 'Rights To');

select grantee, privilege_type, is_grantable from information_schema.table_privileges where table_name = 'Rights To' and grantee in ('PUBLIC', 'pgq_reader') order by 1, 2;

select pgq._grant_perms_from('public', 'nosuch', 'public', 'Rights To');

select pgq._grant_perms_from('public', 'rights_from', 'public', 'nosuch');

select pgq._grant_perms_from('public', null, 'public', 'Rights To');

select pgq.quote_fqname('plain');

select pgq.quote_fqname('public.Item');

select pgq.quote_fqname('a.b.c');

select pgq.quote_fqname('we"ird.na me');

select pgq.quote_fqname('select.table');

select pgq.quote_fqname('');

select pgq.quote_fqname(null);

create sequence public."Seq one";

select pgq.seq_getval('public.Seq one');

select pgq.seq_getval('Seq one');

select pgq.seq_getval('nosuch');

select pgq.seq_getval(null);

select pgq.seq_setval('public.Seq one', 100);

select pgq.seq_setval('public.Seq one', 50);

select pgq.seq_setval('public.Seq one', 100);

select pgq.seq_setval('public.Seq one', null);

select pgq.seq_setval('nosuch', 5);

select last_value, is_called from public."Seq one";

select pgq.register_consumer('jobs', 'worker');

select pgq.drop_queue('jobs');

select pgq.drop_queue('jobs', false);

select pgq.drop_queue('jobs', true);

select pgq.drop_queue('jobs', true);

select pgq.drop_queue('nosuch');

select pgq.drop_queue(null);

select pgq.drop_queue(null, true);

select pgq.drop_queue('Quote''d "Queue" with.dots and spaces');

select pgq.drop_queue('');

select co_name from pgq.consumer;

select * from pgq.get_queue_info();

select pgq.create_queue('jobs');

select pgq.current_event_table('jobs');
