-- a branch and a leaf next to each other, their roots elsewhere
select * from pgq_node.register_location('br', 'root', 'dbname=root', false);

select * from pgq_node.register_location('br', 'here', 'dbname=here', false);

select * from pgq_node.register_location('br', 'sub', 'dbname=sub', false);

select * from pgq_node.register_location('lf', 'root', 'dbname=root', false);

select * from pgq_node.register_location('lf', 'here', 'dbname=here', false);

select * from pgq_node.create_node('br', 'branch', 'here', 'br_worker', null, 100, null);

select * from pgq_node.create_node('br', 'branch', 'here', 'br_worker', 'root', null, null);

select * from pgq_node.create_node('br', 'branch', 'here', 'br_worker', 'root', 100, 'comb');

select * from pgq_node.create_node('br', 'branch', 'here', 'br_worker', 'nosuch', 100, null);

select * from pgq_node.create_node('br', 'branch', 'here', 'br_worker', 'root', 100, null);

select * from pgq_node.create_node('lf', 'leaf', 'here', 'lf_worker', null, 100, null);

select * from pgq_node.create_node('lf', 'leaf', 'here', 'lf_worker', 'root', null, null);

select * from pgq_node.create_node('lf', 'leaf', 'here', 'lf_worker', 'root', 100, 'nosuch');

select * from pgq_node.create_node('lf', 'leaf', 'here', 'lf_worker', 'root', 100, null);

select * from pgq_node.get_node_info('br');

select * from pgq_node.get_worker_state('br');

select * from pgq_node.get_node_info('lf');

select * from pgq_node.get_worker_state('lf');

select * from pgq_node.get_consumer_state('lf', 'lf_worker');

select pgq_node.is_root_node('br');

select pgq_node.is_leaf_node('br');

select pgq_node.is_root_node('lf');

select pgq_node.is_leaf_node('lf');

select tick_queue, tick_id, tick_event_seq from pgq.tick order by 1, 2;

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select pgq.ticker('br', 110, now(), 2000);

select pgq.ticker('br', 120, now(), 3000);

-- differs: a node that takes no changes says which it is and why, with the SQLSTATE of a read-only transaction
select pgq.insert_event('br', 't', 'refused');

select * from pgq_node.register_subscriber('lf', 'root', 'w', null);

select * from pgq_node.register_subscriber('br', 'sub', 'sub_worker', 110);

select * from pgq_node.set_subscriber_watermark('br', 'sub', 110);

select * from pgq_node.get_subscriber_info('br');

select * from pgq_node.set_consumer_completed('br', 'br_worker', 120);

select * from pgq_node.get_worker_state('br');

select * from pgq_node.set_global_watermark('br', 110);

select * from pgq_node.set_global_watermark('br', 99);

select * from pgq_node.set_global_watermark('br', null);

select * from pgq_node.set_global_watermark('lf', 110);

select * from pgq_node.set_global_watermark('lf', null);

select pgq_node.maint_watermark('br');

select pgq_node.maint_watermark('lf');

select * from pgq.get_consumer_info() order by 2;

select * from pgq_node.get_node_info('br');

select * from pgq_node.set_consumer_paused('br', 'br_worker', true);

select * from pgq_node.set_consumer_uptodate('br', 'br_worker', true);

select * from pgq_node.get_node_info('br');

select * from pgq_node.drop_node('br', 'root');

select * from pgq_node.demote_root('br', 1, 'root');

select * from pgq_node.demote_root('lf', 1, 'root');

select * from pgq_node.demote_root('nosuch', 1, 'root');

select * from pgq_node.demote_root(null, 1, 'root');

select * from pgq_node.promote_branch('lf');

select * from pgq_node.promote_branch('nosuch');

select * from pgq_node.promote_branch(null);

select * from pgq_node.set_consumer_paused('br', 'br_worker', false);

select * from pgq_node.promote_branch('br');

select * from pgq_node.get_node_info('br');

select * from pgq_node.promote_branch('br');

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select pgq.insert_event('br', 't', 'taken now') is not null as taken;

select pgq.ticker('br');

select * from pgq_node.demote_root('br', 0, 'sub');

select * from pgq_node.demote_root('br', 4, 'sub');

select * from pgq_node.demote_root('br', null, 'sub');

select * from pgq_node.demote_root('br', 1, 'sub');

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select * from pgq_node.demote_root('br', 1, 'nosuch');

select * from pgq_node.demote_root('br', 2, 'sub');

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select * from pgq_node.demote_root('br', 3, 'nosuch');

select * from pgq_node.demote_root('br', 3, 'sub');

select * from pgq_node.get_node_info('br');

select queue_name, queue_external_ticker, queue_disable_insert from pgq.queue order by 1;

select tick_queue, tick_id from pgq.tick order by 1, 2;

select queue_name, consumer_name, provider_node, last_tick_id, cur_error, paused, uptodate from pgq_node.local_state order by 1, 2;

select * from pgq_node.drop_node('lf', 'here');

select * from pgq_node.drop_node('br', 'here');

select queue_name from pgq.queue;

select co_name from pgq.consumer;
