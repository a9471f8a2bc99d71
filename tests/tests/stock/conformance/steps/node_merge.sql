-- two queues of partitions that go on into one
select * from pgq_node.register_location('comb', 'here', 'dbname=here', false);

select * from pgq_node.register_location('part1', 'p1', 'dbname=p1', false);

select * from pgq_node.register_location('part1', 'here', 'dbname=here', false);

select * from pgq_node.register_location('part2', 'p2', 'dbname=p2', false);

select * from pgq_node.register_location('part2', 'here', 'dbname=here', false);

select * from pgq_node.create_node('part1', 'leaf', 'here', 'p1_worker', 'p1', 50, 'comb');

select * from pgq_node.create_node('comb', 'root', 'here', 'comb_worker', null, null, null);

select * from pgq_node.create_node('part1', 'leaf', 'here', 'p1_worker', 'p1', 50, 'comb');

select * from pgq_node.create_node('part2', 'leaf', 'here', 'p2_worker', 'p2', 60, 'comb');

select * from pgq_node.get_node_info('part1');

select * from pgq_node.get_node_info('comb');

select * from pgq_node.get_worker_state('part1');

select * from pgq_node.set_partition_watermark('comb', 'part1', 5);

select * from pgq_node.set_partition_watermark('comb', 'part1', 4);

select * from pgq_node.set_partition_watermark('comb', 'part1', 6);

select * from pgq_node.set_partition_watermark('comb', 'nosuch', 6);

select * from pgq_node.set_partition_watermark('nosuch', 'part1', 6);

select * from pgq_node.set_partition_watermark('comb', 'part1', null);

select * from pgq_node.set_partition_watermark(null, null, null);

select * from pgq_node.set_consumer_completed('part1', 'p1_worker', 55);

select * from pgq_node.get_worker_state('part1');

create table public.t (id int primary key, v text);

create table public.u (id int primary key, v text);

create table public.w (id int primary key, v text);

select * from londiste.global_add_table('part1', 'public.t');

select * from londiste.global_add_table('part2', 'public.t');

select * from londiste.global_add_table('part2', 'public.u');

select * from londiste.global_add_table('part1', 'public.w');

select * from londiste.global_add_table('part2', 'public.w');

select queue_name, table_name, local, merge_state, dest_table from londiste.table_info order by 1, 2;

select * from londiste.local_add_table('part1', 'public.t');

select * from londiste.local_add_table('part1', 'public.t', array['merge_all', 'no_merge']);

-- differs: stock leaves the table that it refused registered, without triggers
select queue_name, local from londiste.table_info where table_name = 'public.t' order by 1;

update londiste.table_info set local = false where queue_name = 'part1';

select * from londiste.local_add_table('part1', 'public.t', array['merge_all']);

select * from londiste.local_add_table('part2', 'public.u');

select * from londiste.local_add_table('part1', 'public.w', array['no_merge']);

select * from londiste.local_add_table('part2', 'public.w', array['no_merge']);

select queue_name, table_name, local, merge_state, table_attrs, dest_table from londiste.table_info order by 1, 2;

select tgrelid::regclass, tgname, tgnargs, encode(tgargs, 'escape') from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;

select * from londiste.get_table_list('part1');

select * from londiste.get_table_list('part2');

select * from londiste.local_set_table_state('part1', 'public.t', null, 'in-copy');

select * from londiste.local_set_table_state('part2', 'public.t', null, 'in-copy');

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste.local_set_table_struct('part1', 'public.t', 'create index');

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste.local_set_table_state('part1', 'public.t', '1:2:', 'catching-up');

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste.local_set_table_state('part2', 'public.t', '1:2:', 'catching-up');

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste.local_set_table_struct('part1', 'public.t', null);

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste.local_set_table_state('part1', 'public.t', null, 'ok');

select * from londiste._coordinate_copy('part1', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.t');

select * from londiste._coordinate_copy('part2', 'public.nosuch');

select * from londiste._coordinate_copy(null, null);

select queue_name, table_name, local, merge_state, custom_snapshot, dropped_ddl from londiste.table_info order by 1, 2;

select * from londiste.local_remove_table('part1', 'public.t');

select queue_name, table_name, local, merge_state from londiste.table_info order by 1, 2;

select ev_type, ev_data, ev_extra1, ev_extra2 from pgq.event_1 order by ev_id;

select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;
