select pgq_node.register_location('r', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'root', 'dbname=root', false);

select * from londiste.execute_start('r', 'a.sql', 'select 1', true);

select pgq_node.create_node('r', 'root', 'here', 'rw', null, null, null);

select pgq_node.create_node('l', 'leaf', 'here', 'lw', 'root', 10, null);

select * from londiste.execute_start('r', 'a.sql', 'select 1', true);

select * from londiste.execute_start('r', 'a.sql', 'select 2', true);

select * from londiste.execute_start('r', 'b.sql', 'select ''b''', false, 'attr=x&y=z');

select * from londiste.execute_start('r', 'it''s "odd" file', null, true, null);

select * from londiste.execute_start('r', null, 'select 1', true, null);

select * from londiste.execute_start('r', 'n.sql', 'select 1', null, null);

select * from londiste.execute_start('l', 'c.sql', 'select 3', true);

select * from londiste.execute_start('l', 'c.sql', 'select 3', false);

select * from londiste.execute_start('l', 'a.sql', 'select 3', false);

select * from londiste.execute_start('nosuch', 'a.sql', 'select 3', false);

select * from londiste.execute_start(null, null, null, null);

select * from londiste.execute_finish('r', 'a.sql');

select * from londiste.execute_finish('r', 'a.sql');

select * from londiste.execute_finish('r', 'b.sql');

select * from londiste.execute_finish('r', 'nosuch.sql');

select * from londiste.execute_finish('l', 'c.sql');

select * from londiste.execute_finish('l', 'nosuch.sql');

select * from londiste.execute_finish('nosuch', 'a.sql');

select * from londiste.execute_finish(null, null);

select queue_name, execute_file, execute_sql, execute_attrs from londiste.applied_execute order by 2;

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by ev_id;

select londiste.root_notify_change('r', 'londiste.custom', 'some data');

select londiste.root_notify_change('l', 'londiste.custom', 'some data');

select londiste.root_notify_change('nosuch', 'londiste.custom', 'some data');

select londiste.root_notify_change(null, null, null);

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 from pgq.event_1 order by ev_id;

update londiste.applied_execute set execute_time = now() - interval '85 days' where execute_file = 'a.sql';

update londiste.applied_execute set execute_time = now() - interval '100 days' where execute_file = 'b.sql';

select londiste.periodic_maintenance();

select execute_file from londiste.applied_execute order by 1;
