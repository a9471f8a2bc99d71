select pgq.create_queue('jobs');

select pgq.register_consumer('jobs', 'worker');

select pgq.next_batch('jobs', 'worker');

select * from pgq.next_batch_info('jobs', 'worker');

select * from pgq.next_batch_custom('jobs', 'worker', null, null, null);

select pgq.next_batch('jobs', 'nosuch');

select pgq.next_batch('nosuch', 'worker');

select pgq.next_batch(null, 'worker');

select pgq.next_batch('jobs', null);

select * from pgq.next_batch_info(null, null);

select * from pgq.next_batch_custom('nosuch', 'worker', '1 hour', 1, '1 hour');

select pgq.insert_event('jobs', 'type', 'one');

select pgq.insert_event('jobs', 'type', 'two', 'x1', 'x2', 'x3', 'x4');

select pgq.insert_event('jobs', 'other', null, null, '', 'a''b', E'tab\tnewline\nbackslash\\');

select pgq.insert_event('jobs', null, null);

select pgq.force_tick('jobs');

select pgq.ticker();

select pgq.next_batch('jobs', 'worker');

select pgq.next_batch('jobs', 'worker');

select * from pgq.next_batch_info('jobs', 'worker');

select * from pgq.get_batch_info(1);

select * from pgq.get_batch_info(99);

select * from pgq.get_batch_info(null);

select * from pgq.get_batch_events(1);

select * from pgq.get_batch_events(99);

select * from pgq.get_batch_events(null);

-- differs: ours reads all event tables, for writers whose snapshot is older than a rotation
select pgq.batch_event_sql(1);

select pgq.batch_event_sql(99);

select pgq.batch_event_sql(null);

select * from pgq.batch_event_tables(1);

select * from pgq.batch_event_tables(99);

select * from pgq.batch_event_tables(null);

begin

select * from pgq.get_batch_cursor(1, 'all events', 2);

fetch 1 from "all events"

fetch 10 from "all events"

close "all events"

select * from pgq.get_batch_cursor(1, 'none', 0);

fetch all from none

select * from pgq.get_batch_cursor(1, 'some', 10, $$ev_type = 'type' or ev_extra2 = ''$$);

fetch all from some

select * from pgq.get_batch_cursor(1, 'without', 10, null);

commit

begin

select * from pgq.get_batch_cursor(1, 'bad', 10, 'nosuch = 1');

rollback

begin

select * from pgq.get_batch_cursor(99, 'missing', 10);

rollback

select * from pgq.get_batch_cursor(null, 'missing', 10);

begin

select * from pgq.get_batch_cursor(1, null, 10);

rollback

begin

select * from pgq.get_batch_cursor(1, 'limitless', null);

rollback

begin

select * from pgq.get_batch_cursor(1, 'limitless', null, 'true');

rollback

begin

-- differs: ours opens the cursor forward only, so that big batches are sorted without a copy to go back in
select * from pgq.get_batch_cursor(1, 'negative', -1);

rollback

begin

select * from pgq.get_batch_cursor(1, 'twice', 1);

-- message differs: PL/pgSQL says it of its own cursors
select * from pgq.get_batch_cursor(1, 'twice', 1);

rollback

select pgq.finish_batch(1);

select pgq.finish_batch(1);

select pgq.finish_batch(99);

select pgq.finish_batch(null);

select * from pgq.get_batch_events(1);

select pgq.next_batch('jobs', 'worker');

-- an empty batch
select pgq.force_tick('jobs');

select pgq.ticker();

select pgq.next_batch('jobs', 'worker');

select * from pgq.get_batch_events(2);

select * from pgq.get_batch_info(2);

select pgq.finish_batch(2);

-- custom batches: ten ticks with ten events each, a minute apart
select pgq.set_queue_config('jobs', 'external_ticker', 'true');

select pgq.ticker('jobs', 100 + n, now() - interval '10 minutes' + n * interval '1 minute', 10000 + n * 10) from generate_series(1, 10) n;

select pgq.register_consumer_at('jobs', 'worker', 101);

select * from pgq.next_batch_custom('jobs', 'worker', '1 hour', null, null);

select * from pgq.next_batch_custom('jobs', 'worker', '1 hour', 1, null);

select * from pgq.next_batch_custom('jobs', 'worker', null, 25, null);

select pgq.finish_batch((select sub_batch from pgq.subscription));

select * from pgq.next_batch_custom('jobs', 'worker', null, null, '150 seconds');

select * from pgq.next_batch_custom('jobs', 'worker', '1 hour', 1000, '1 hour');

select pgq.finish_batch((select sub_batch from pgq.subscription));

select * from pgq.next_batch_custom('jobs', 'worker', '90 seconds', 10, null);

select pgq.finish_batch((select sub_batch from pgq.subscription));

select * from pgq.next_batch_custom('jobs', 'worker', null, 1000, null);

select * from pgq.next_batch_custom('jobs', 'worker', null, null, '1 hour');

select * from pgq.next_batch_custom('jobs', 'worker', null, 1000, '1 second');

select pgq.finish_batch((select sub_batch from pgq.subscription));

select * from pgq.next_batch_custom('jobs', 'worker', '-1 hour', 0, '0 seconds');

select pgq.finish_batch((select sub_batch from pgq.subscription));

select * from pgq.next_batch_custom('jobs', 'worker', null, 1, null);

select sub_last_tick, sub_next_tick, sub_batch from pgq.subscription;

select * from pgq.find_tick_helper(1, 101, now() - interval '9 minutes', 10010, 25, null);

select * from pgq.find_tick_helper(1, 101, now() - interval '9 minutes', 10010, null, '90 seconds');

select * from pgq.find_tick_helper(1, 101, now() - interval '9 minutes', 10010, 45, '90 seconds');

select * from pgq.find_tick_helper(1, 101, now() - interval '9 minutes', 10010, null, null);

select * from pgq.find_tick_helper(1, 101, now() - interval '9 minutes', 10010, 100000, '1 day');

select * from pgq.find_tick_helper(99, 101, now(), 10010, 0, '0 seconds');

select * from pgq.find_tick_helper(null, null, null, null, null, null);

delete from pgq.tick where tick_id = (select sub_last_tick from pgq.subscription);

select pgq.finish_batch((select sub_batch from pgq.subscription));

delete from pgq.tick where tick_id = (select sub_last_tick from pgq.subscription);

-- message differs: ours names the tick
select pgq.next_batch('jobs', 'worker');

select * from pgq.get_consumer_info();
