select pgq.create_queue('jobs');

select pgq.create_queue('Odd "queue".name');

select pgq.insert_event('jobs', 'type', 'data');

select pgq.insert_event('Odd "queue".name', 'type', 'data');

select pgq.insert_event('nosuch', 'type', 'data');

select pgq.insert_event(null, 'type', 'data');

select pgq.insert_event('nosuch', 'type', 'data', null, null, null, null);

select pgq.insert_event(null, 'type', 'data', 'a', 'b', 'c', 'd');

select pgq.insert_event_raw('jobs', null, null, null, null, 'raw', 'defaults', null, null, null, null);

select pgq.insert_event_raw('jobs', 1000, '2026-01-02 03:04:05+00', 7, 3, 'raw', 'all set', '1', '2', '3', '4');

select pgq.insert_event_raw('jobs', -5, '2026-01-02 03:04:05+00', null, 0, null, null, null, null, null, '');

select pgq.insert_event_raw('nosuch', 1000, now(), 7, 3, 'raw', 'all set', '1', '2', '3', '4');

select pgq.insert_event_raw(null, 1000, now(), 7, 3, 'raw', 'all set', '1', '2', '3', '4');

select ev_id, ev_time = '2026-01-02 03:04:05+00' as own_time, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by 1;

select pgq.seq_getval('pgq.event_1_id_seq');

-- an owner that is not the reader's hides the event
select pgq.register_consumer('jobs', 'worker');

select pgq.insert_event_raw('jobs', null, now(), 1, null, 'raw', 'mine', null, null, null, null);

select pgq.insert_event_raw('jobs', null, now(), 2, null, 'raw', 'somebody''s', null, null, null, null);

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select ev_type, ev_data from pgq.get_batch_events(pgq.next_batch('jobs', 'worker'));

update pgq.queue set queue_disable_insert = true where queue_name = 'jobs';

select pgq.insert_event('jobs', 'type', 'refused');

select pgq.insert_event_raw('jobs', 1, now(), null, null, 'type', 'refused', null, null, null, null);

update pgq.queue set queue_disable_insert = false, queue_per_tx_limit = 2;

begin

-- volatile: insert_event
select pgq.insert_event('jobs', 'limited', '1');

-- volatile: insert_event
select pgq.insert_event('jobs', 'limited', '2');

select pgq.insert_event('Odd "queue".name', 'limited', '1');

-- volatile: insert_event
select pgq.insert_event('jobs', 'limited', '3');

rollback

-- volatile: insert_event
select pgq.insert_event('jobs', 'limited', 'next transaction');

update pgq.queue set queue_per_tx_limit = 0;

-- volatile: insert_event
select pgq.insert_event('jobs', 'limited', 'none at all');

select pgq.current_event_table('jobs');

select ev_type, ev_data from pgq.event_2 order by ev_id;
