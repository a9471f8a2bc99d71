select pgq.create_queue('jobs');

select pgq.create_queue('Other "q".x');

select pgq.register_consumer('jobs', 'worker');

select pgq.register_consumer('jobs', 'worker');

select pgq.register_consumer('Other "q".x', 'worker');

select pgq.register_consumer('jobs', 'O''Neil "the" Wörker.1');

select pgq.register_consumer('jobs', '');

select pgq.register_consumer('nosuch', 'worker');

select pgq.register_consumer(null, 'worker');

select pgq.register_consumer('jobs', null);

select co_id, co_name from pgq.consumer order by 1;

select sub_queue, co_name, sub_last_tick, sub_batch, sub_next_tick from pgq.subscription join pgq.consumer on co_id = sub_consumer order by 1, 2;

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select pgq.force_tick('jobs');

select pgq.ticker();

select pgq.register_consumer_at('jobs', 'late', 2);

select pgq.register_consumer_at('jobs', 'late', 1);

select pgq.register_consumer_at('jobs', 'late', null);

select pgq.register_consumer_at('jobs', 'latest', null);

select pgq.register_consumer_at('jobs', 'late', 99);

select pgq.register_consumer_at('jobs', 'nowhere', 99);

select pgq.register_consumer_at('nosuch', 'late', 1);

select pgq.register_consumer_at(null, null, null);

select * from pgq.get_consumer_info() order by 1, 2;

select * from pgq.get_consumer_info('jobs') order by 1, 2;

select * from pgq.get_consumer_info('jobs', 'late');

select * from pgq.get_consumer_info('jobs', 'nosuch');

select * from pgq.get_consumer_info('nosuch');

select * from pgq.get_consumer_info(null) order by 1, 2;

select * from pgq.get_consumer_info('jobs', null) order by 1, 2;

select * from pgq.get_consumer_info(null, 'worker') order by 1, 2;

select pgq.next_batch('jobs', 'late');

select pgq.register_consumer_at('jobs', 'late', 3);

select * from pgq.get_consumer_info('jobs', 'late');

select pgq.register_consumer('jobs', 'late');

select pgq.unregister_consumer('jobs', 'late');

select pgq.unregister_consumer('jobs', 'late');

select pgq.unregister_consumer('jobs', 'nosuch');

select pgq.unregister_consumer('nosuch', 'worker');

select pgq.unregister_consumer(null, null);

select pgq.unregister_consumer('jobs', 'worker');

select pgq.unregister_consumer('Other "q".x', 'worker');

select co_name from pgq.consumer order by 1;

delete from pgq.tick where tick_queue = 2;

select pgq.register_consumer('Other "q".x', 'worker');

select pgq.register_consumer_at('Other "q".x', 'worker', 1);

select * from pgq.get_queue_info('Other "q".x');

select pgq.ticker('Other "q".x');

select pgq.register_consumer('Other "q".x', 'worker');
