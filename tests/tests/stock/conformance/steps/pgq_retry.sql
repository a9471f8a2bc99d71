select pgq.create_queue('jobs');

select pgq.register_consumer('jobs', 'worker');

select pgq.register_consumer('jobs', 'other');

select pgq.insert_event('jobs', 't', 'event ' || n, 'x1', null, 'x3', '') from generate_series(1, 4) n;

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select pgq.next_batch('jobs', 'worker');

select pgq.event_retry(1, 1, 0);

select pgq.event_retry(1, 1, 0);

select pgq.event_retry(1, 2, now() - interval '1 minute');

select pgq.event_retry(1, 3, '2099-01-01'::timestamptz);

select pgq.event_retry(1, 99, 0);

select pgq.event_retry(99, 1, 0);

select pgq.event_retry(null, 1, 0);

select pgq.event_retry(1, null, 0);

select pgq.event_retry(1, 4, null::integer);

select pgq.event_retry(1, 4, null::timestamptz);

select ev_queue, ev_id, ev_time is null as timeless, ev_txid is null as without_tx, ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.retry_queue order by 2;

select pgq.batch_retry(1, 0);

select pgq.batch_retry(1, 0);

select pgq.batch_retry(99, 0);

select pgq.batch_retry(null, 0);

select count(*) from pgq.retry_queue;

select pgq.maint_retry_events();

select pgq.maint_retry_events();

select ev_owner, ev_id, ev_retry_after > now() as later from pgq.retry_queue;

select pgq.finish_batch(1);

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select ev_id, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.get_batch_events(pgq.next_batch('jobs', 'worker'));

-- the other consumer sees only the originals
select pgq.finish_batch(pgq.next_batch('jobs', 'other'));

select ev_id from pgq.get_batch_events(pgq.next_batch('jobs', 'other'));

-- a second time round
select pgq.batch_retry(sub_batch, 0) from pgq.subscription where sub_id = 1;

select ev_id, ev_retry from pgq.retry_queue order by 1;

select pgq.maint_retry_events();

select pgq.event_retry_raw('jobs', 'other', now(), 500, '2026-01-02 03:04:05+00', 5, 'raw', 'data', '1', '2', '3', '4');

select pgq.event_retry_raw('jobs', 'other', now(), 500, '2026-01-02 03:04:05+00', 5, 'raw', 'data', '1', '2', '3', '4');

-- volatile: event_retry_raw
select pgq.event_retry_raw('jobs', 'other', now(), null, now(), null, null, null, null, null, null, null);

select pgq.event_retry_raw('jobs', 'other', null, 501, now(), null, null, null, null, null, null, null);

select pgq.event_retry_raw('jobs', 'other', now(), 502, null, null, null, null, null, null, null, null);

select pgq.event_retry_raw('jobs', 'nosuch', now(), 500, now(), 5, 'raw', 'data', '1', '2', '3', '4');

select pgq.event_retry_raw('nosuch', 'other', now(), 500, now(), 5, 'raw', 'data', '1', '2', '3', '4');

select pgq.event_retry_raw(null, null, now(), 500, now(), 5, 'raw', 'data', '1', '2', '3', '4');

select ev_owner, ev_retry, ev_type, ev_data, ev_extra1, ev_extra4 from pgq.retry_queue order by ev_id;

-- twenty five events come back in several calls
select pgq.event_retry_raw('jobs', 'other', now() - interval '1 hour', 1000 + n, now(), 1, 'many', n::text, null, null, null, null) from generate_series(1, 25) n;

select pgq.maint_retry_events();

select pgq.maint_retry_events();

select pgq.maint_retry_events();

select pgq.maint_retry_events();

select count(*) from pgq.retry_queue;

select pgq.unregister_consumer('jobs', 'worker');

select count(*) from pgq.retry_queue;
