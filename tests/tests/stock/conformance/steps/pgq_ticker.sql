select pgq.create_queue('jobs');

select pgq.create_queue('external');

select pgq.create_queue('paused');

select pgq.set_queue_config('external', 'external_ticker', 'true');

select pgq.set_queue_config('paused', 'ticker_paused', 'true');

select pgq.ticker('nosuch');

select pgq.ticker(null::text);

select pgq.ticker('external');

select pgq.ticker('paused');

select pgq.ticker('jobs') is null as nothing;

select pgq.ticker('jobs');

select pgq.insert_event('jobs', 't', 'one');

select pgq.ticker('jobs');

update pgq.tick set tick_time = tick_time - interval '10 seconds';

select pgq.ticker('jobs');

select pgq.ticker('jobs');

update pgq.tick set tick_time = tick_time - interval '10 seconds';

select pgq.ticker('jobs');

update pgq.tick set tick_time = tick_time - interval '10 minutes';

select pgq.ticker('jobs');

select pgq.ticker();

update pgq.tick set tick_time = tick_time - interval '10 minutes';

select pgq.ticker();

select pgq.set_queue_config('jobs', 'ticker_max_count', '3');

select pgq.insert_event('jobs', 't', 'two');

select pgq.insert_event('jobs', 't', 'three');

select pgq.ticker('jobs');

select pgq.insert_event('jobs', 't', 'four');

select pgq.ticker('jobs');

select tick_queue, tick_id, tick_event_seq from pgq.tick where tick_id < 5 order by 1, 2;

select pgq.force_tick('jobs');

select pgq.force_tick('jobs');

select pgq.ticker('jobs');

select pgq.force_tick('external');

select pgq.force_tick('paused');

select pgq.force_tick('nosuch');

select pgq.force_tick(null);

select pgq.ticker('external', 10, '2026-01-02 03:04:05+00', 1000);

select pgq.ticker('external', 11, '2026-01-02 03:05:05+00', 1100);

select pgq.ticker('external', 11, '2026-01-02 03:05:05+00', 1100);

select pgq.ticker('external', 5, '2026-01-02 03:05:05+00', 500);

select pgq.ticker('external', null, '2026-01-02 03:05:05+00', 500);

select pgq.ticker('external', 12, null, 500);

select pgq.ticker('external', 13, now(), null);

select pgq.ticker('jobs', 100, now(), 100);

select pgq.ticker('paused', 100, now(), 100);

select pgq.ticker('nosuch', 100, now(), 100);

select pgq.ticker(null, 100, now(), 100);

select tick_id, tick_time as at, tick_event_seq from pgq.tick where tick_queue = 2 and tick_id > 1 order by 1;

select pgq.seq_getval('pgq.event_2_tick_seq');

select pgq.seq_getval('pgq.event_2_id_seq');

select * from pgq.get_queue_info('external');

select pgq.insert_event('external', 't', 'into an externally ticked queue');

-- the first idle tick of a queue comes at once, then their distance doubles
select pgq.create_queue('idle');

select pgq.ticker('idle');

select pgq.ticker('idle');

update pgq.tick set tick_time = tick_time - interval '2 seconds' where tick_queue = 4;

select pgq.ticker('idle');

update pgq.tick set tick_time = tick_time - interval '3 seconds' where tick_queue = 4;

select pgq.ticker('idle');

update pgq.tick set tick_time = tick_time - interval '70 seconds' where tick_queue = 4;

select pgq.ticker('idle');

select * from pgq.get_queue_info('idle');
