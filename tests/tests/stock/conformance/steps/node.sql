select pgq_node.version();

select pgq_node.upgrade_schema();

select * from pgq_node.get_node_info('q');

select * from pgq_node.get_node_info(null);

select * from pgq_node.get_worker_state('q');

select * from pgq_node.get_worker_state(null);

select * from pgq_node.get_consumer_state('q', 'c');

select * from pgq_node.get_consumer_state(null, null);

select * from pgq_node.get_consumer_info('q');

select * from pgq_node.get_queue_locations('q');

select * from pgq_node.get_subscriber_info('q');

select pgq_node.is_root_node('q');

select pgq_node.is_leaf_node('q');

select pgq_node.is_root_node(null);

select pgq_node.is_leaf_node(null);

select pgq_node.maint_watermark('q');

select pgq_node.maint_watermark(null);

select * from pgq_node.register_location('q', 'root', 'dbname=root', false);

select * from pgq_node.register_location('q', 'root', 'dbname=root port=2', false);

select * from pgq_node.register_location('q', 'b', 'dbname=b', null);

select * from pgq_node.register_location('q', 'b', 'dbname=b', true);

select * from pgq_node.register_location('q', null, 'dbname=b', false);

select * from pgq_node.register_location(null, 'x', 'dbname=b', false);

select * from pgq_node.register_location('q', 'x', null, false);

select * from pgq_node.get_queue_locations('q') order by 1;

select * from pgq_node.unregister_location('q', 'b');

select * from pgq_node.unregister_location('q', 'b');

select * from pgq_node.unregister_location('nosuch', 'b');

select * from pgq_node.unregister_location(null, null);

select * from pgq_node.create_node('q', 'trunk', 'root', 'w', null, null, null);

select * from pgq_node.create_node('q', 'root', 'root', 'w', 'root', null, null);

select * from pgq_node.create_node('q', 'root', 'root', 'w', null, 1, null);

select * from pgq_node.create_node('q', 'root', 'root', 'w', null, null, 'comb');

select * from pgq_node.create_node('q', 'root', 'unlocated', 'w', null, null, null);

select * from pgq_node.create_node('q', 'root', 'root', null, null, null, null);

select * from pgq_node.create_node(null, 'root', 'root', 'w', null, null, null);

select * from pgq_node.create_node('q', null, 'root', 'w', null, null, null);

select * from pgq_node.create_node('q', 'root', 'root', 'root_worker', null, null, null);

select * from pgq_node.create_node('q', 'root', 'root', 'root_worker', null, null, null);

select * from pgq_node.get_node_info('q');

select * from pgq_node.get_worker_state('q');

select * from pgq_node.get_consumer_state('q', 'root_worker');

select * from pgq_node.get_consumer_info('q');

select * from pgq.get_consumer_info();

select pgq_node.is_root_node('q');

select pgq_node.is_leaf_node('q');

select * from pgq_node.set_node_attrs('q', 'sync_watermark=1');

select * from pgq_node.set_node_attrs('q', null);

select * from pgq_node.set_node_attrs('nosuch', 'x');

select * from pgq_node.set_node_attrs(null, 'x');

select queue_name, node_attrs from pgq_node.node_info;

select * from pgq_node.register_location('q', 'leaf', 'dbname=leaf', false);

select * from pgq_node.register_location('q', 'branch', 'dbname=branch', false);

select * from pgq_node.register_subscriber('q', 'leaf', 'leaf_worker', null);

select * from pgq_node.register_subscriber('q', 'leaf', 'leaf_worker', null);

select * from pgq_node.register_subscriber('q', 'leaf', 'other_worker', null);

select * from pgq_node.register_subscriber('q', 'unlocated', 'some_worker', null);

select * from pgq_node.register_subscriber('nosuch', 'leaf', 'leaf_worker', null);

select * from pgq_node.register_subscriber(null, null, null, null);

select * from pgq_node.register_subscriber('q', 'branch', 'branch_worker', 99);

select pgq.force_tick('q');

select pgq.ticker('q');

select * from pgq_node.register_subscriber('q', 'branch', 'branch_worker', 1);

-- message differs: a subscriber without name is refused by another table
select * from pgq_node.register_subscriber('q', null, 'branch_worker', null);

select * from pgq_node.register_subscriber('q', 'branch', null, null);

select * from pgq_node.get_subscriber_info('q') order by 1;

select * from pgq_node.get_subscriber_info(null);

select * from pgq.get_consumer_info() order by 2;

select queue_name, subscriber_node, worker_name, watermark_name from pgq_node.subscriber_info order by 2;

select * from pgq_node.set_subscriber_watermark('q', 'leaf', 2);

select * from pgq_node.set_subscriber_watermark('q', 'leaf', 1);

select * from pgq_node.set_subscriber_watermark('q', 'leaf', 99);

select * from pgq_node.set_subscriber_watermark('q', 'leaf', null);

select * from pgq_node.set_subscriber_watermark('q', 'nosuch', 2);

select * from pgq_node.set_subscriber_watermark('nosuch', 'leaf', 2);

-- differs: a subscriber that is not known is 404 for NULL as well
select * from pgq_node.set_subscriber_watermark(null, null, null);

select * from pgq_node.set_global_watermark('q', 2);

select * from pgq_node.set_global_watermark('q', 1);

select * from pgq_node.set_global_watermark('q', null);

select * from pgq_node.set_global_watermark('q', 99);

select * from pgq_node.set_global_watermark('nosuch', 1);

select * from pgq_node.set_global_watermark(null, 1);

select pgq_node.maint_watermark('q');

select * from pgq_node.get_node_info('q');

select * from pgq_node.get_worker_state('q');

select * from pgq_node.register_consumer('q', 'cons', 'root', 2);

select * from pgq_node.register_consumer('q', 'cons', 'root', 1);

select * from pgq_node.register_consumer('q', 'cons2', 'nosuch', 1);

select * from pgq_node.register_consumer('q', 'cons2', 'root', null);

select * from pgq_node.register_consumer('q', null, 'root', 1);

select * from pgq_node.register_consumer('q', 'cons2', null, 1);

select * from pgq_node.register_consumer('nosuch', 'cons', 'root', 1);

select * from pgq_node.register_consumer(null, null, null, null);

select * from pgq_node.get_consumer_state('q', 'cons');

select * from pgq_node.get_consumer_state('q', 'nosuch');

select * from pgq_node.get_consumer_info('q') order by 1;

select * from pgq_node.get_consumer_info(null);

select * from pgq_node.set_consumer_completed('q', 'cons', 7);

select * from pgq_node.set_consumer_completed('q', 'cons', 5);

select * from pgq_node.set_consumer_completed('q', 'nosuch', 5);

select * from pgq_node.set_consumer_completed('nosuch', 'cons', 5);

select * from pgq_node.set_consumer_completed('q', 'cons', null);

select * from pgq_node.set_consumer_completed(null, null, null);

select * from pgq_node.set_consumer_error('q', 'cons', 'it broke: ''x''');

select * from pgq_node.get_consumer_state('q', 'cons');

select * from pgq_node.set_consumer_completed('q', 'cons', 8);

select * from pgq_node.get_consumer_state('q', 'cons');

select * from pgq_node.set_consumer_error('q', 'cons', null);

select * from pgq_node.set_consumer_error('q', 'nosuch', 'x');

select * from pgq_node.set_consumer_error('nosuch', 'cons', 'x');

select * from pgq_node.set_consumer_error(null, null, null);

select * from pgq_node.set_consumer_uptodate('q', 'cons', true);

select * from pgq_node.set_consumer_uptodate('q', 'cons', false);

select * from pgq_node.set_consumer_uptodate('q', 'cons', null);

select * from pgq_node.set_consumer_uptodate('q', 'nosuch', true);

select * from pgq_node.set_consumer_uptodate('nosuch', 'cons', true);

select * from pgq_node.set_consumer_uptodate(null, null, true);

select * from pgq_node.set_consumer_uptodate('q', 'cons', true);

select * from pgq_node.set_consumer_paused('q', 'cons', true);

select * from pgq_node.get_consumer_state('q', 'cons');

select * from pgq_node.set_consumer_paused('q', 'cons', true);

select * from pgq_node.set_consumer_paused('q', 'cons', false);

select * from pgq_node.set_consumer_paused('q', 'cons', null);

select * from pgq_node.set_consumer_paused('q', 'nosuch', true);

select * from pgq_node.set_consumer_paused('nosuch', 'cons', true);

select * from pgq_node.set_consumer_paused(null, null, null);

select * from pgq_node.change_consumer_provider('q', 'cons', 'leaf');

select * from pgq_node.change_consumer_provider('q', 'cons', 'nosuch');

select * from pgq_node.change_consumer_provider('q', 'nosuch', 'leaf');

select * from pgq_node.change_consumer_provider('nosuch', 'cons', 'leaf');

select * from pgq_node.change_consumer_provider(null, null, null);

select * from pgq_node.get_consumer_info('q') order by 1;

select queue_name, consumer_name, provider_node, last_tick_id, cur_error, paused, uptodate from pgq_node.local_state order by 1, 2;

select * from pgq_node.unregister_consumer('q', 'cons');

select * from pgq_node.unregister_consumer('q', 'cons');

select * from pgq_node.unregister_consumer('nosuch', 'cons');

select * from pgq_node.unregister_consumer(null, null);

select * from pgq_node.unregister_location('q', 'leaf');

select * from pgq_node.unregister_location('q', 'root');

select * from pgq_node.unregister_subscriber('q', 'leaf');

select * from pgq_node.unregister_subscriber('q', 'leaf');

select * from pgq_node.unregister_subscriber('nosuch', 'leaf');

select * from pgq_node.unregister_subscriber(null, null);

select * from pgq_node.unregister_location('q', 'leaf');

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_3 order by ev_id;

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_template order by ev_id;

select * from pgq_node.drop_node('q', 'nosuch');

select * from pgq_node.drop_node('nosuch', 'root');

select * from pgq_node.drop_node(null, null);

select * from pgq_node.drop_node('q', 'branch');

select * from pgq_node.get_queue_locations('q') order by 1;

select * from pgq.get_consumer_info() order by 2;

select * from pgq_node.drop_node('q', 'root');

select * from pgq_node.drop_node('q', 'root');

select queue_name from pgq.queue;

select queue_name, node_name from pgq_node.node_location;

select co_name from pgq.consumer;
