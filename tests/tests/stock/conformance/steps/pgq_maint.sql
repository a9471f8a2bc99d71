select pgq.create_queue('jobs');

select pgq.create_queue('other');

select * from pgq.maint_operations();

select * from pgq.maint_tables_to_vacuum();

select pgq.maint_rotate_tables_step1('jobs');

select pgq.maint_rotate_tables_step2();

select pgq.maint_rotate_tables_step1('nosuch');

select pgq.maint_rotate_tables_step1(null);

select pgq.maint_retry_events();

update pgq.queue set queue_switch_time = queue_switch_time - interval '3 hours' where queue_name = 'jobs';

select * from pgq.maint_operations();

select pgq.insert_event('jobs', 't', 'first');

select pgq.maint_rotate_tables_step1('jobs');

select queue_cur_table, queue_switch_step2 is null as rotating from pgq.queue order by queue_id;

select * from pgq.maint_operations();

select pgq.insert_event('jobs', 't', 'second');

select pgq.maint_rotate_tables_step2();

select queue_cur_table, queue_switch_step2 is null as rotating from pgq.queue order by queue_id;

select pgq.current_event_table('jobs');

select tableoid::regclass, ev_data from pgq.event_1 order by ev_id;

-- a consumer that stands before the rotation keeps its events
select pgq.register_consumer('jobs', 'worker');

select pgq.insert_event('jobs', 't', 'third');

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

update pgq.queue set queue_switch_time = queue_switch_time - interval '3 hours' where queue_name = 'jobs';

select pgq.maint_rotate_tables_step1('jobs');

select pgq.maint_rotate_tables_step2();

select queue_cur_table from pgq.queue order by queue_id;

select pgq.next_batch('jobs', 'worker');

select * from pgq.batch_event_tables(1);

select ev_data from pgq.get_batch_events(1);

select pgq.finish_batch(1);

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select pgq.finish_batch(pgq.next_batch('jobs', 'worker'));

update pgq.queue set queue_switch_time = queue_switch_time - interval '3 hours' where queue_name = 'jobs';

select pgq.maint_rotate_tables_step1('jobs');

select pgq.maint_rotate_tables_step2();

select queue_cur_table from pgq.queue order by queue_id;

select tableoid::regclass, ev_data from pgq.event_1 order by ev_id;

select tick_id from pgq.tick where tick_queue = 1 order by 1;

-- hooks of a queue are maintenance as well
update pgq.queue set queue_extra_maint = array['public.hook_b', 'public.hook_a'] where queue_name = 'other';

select * from pgq.maint_operations();

update pgq.queue set queue_rotation_period = '0 seconds';

select * from pgq.maint_operations();

select * from pgq_node.create_node('jobs', 'root', 'n', 'w', null, null, null);

select * from pgq_node.register_location('cascade', 'n', 'dbname=n', false);

select * from pgq_node.create_node('cascade', 'root', 'n', 'w', null, null, null);

update pgq.queue set queue_rotation_period = '1 day';

select * from pgq.maint_operations();

select londiste.periodic_maintenance();
