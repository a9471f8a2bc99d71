-- partitions that go on into a branch of the combined queue
select * from pgq_node.register_location('comb', 'root', 'dbname=root', false);

select * from pgq_node.register_location('comb', 'here', 'dbname=here', false);

select * from pgq_node.register_location('part1', 'p1', 'dbname=p1', false);

select * from pgq_node.register_location('part1', 'here', 'dbname=here', false);

select * from pgq_node.create_node('comb', 'branch', 'here', 'comb_worker', 'root', 10, null);

select * from pgq_node.create_node('part1', 'leaf', 'here', 'p1_worker', 'p1', 50, 'comb');

select * from pgq_node.get_node_info('part1');

select * from pgq_node.get_node_info('comb');

select * from pgq_node.get_worker_state('part1');

select * from pgq_node.set_partition_watermark('comb', 'part1', 60);

select * from pgq_node.set_partition_watermark('comb', 'part1', 55);

select * from pgq_node.set_partition_watermark('comb', 'part1', null);

select * from pgq_node.set_partition_watermark('comb', 'nosuch', 55);

select * from pgq_node.get_consumer_info('part1');

delete from pgq_node.local_state where queue_name = 'part1';

select * from pgq_node.set_partition_watermark('comb', 'part1', 70);

create table public.t (id int primary key, v text);

select * from londiste.global_add_table('comb', 'public.t');

select * from londiste.global_add_table('part1', 'public.t');

select * from londiste.local_add_table('part1', 'public.t');

select * from londiste.local_add_table('comb', 'public.t');

select queue_name, table_name, local, merge_state, dest_table from londiste.table_info order by 1, 2;

select tgrelid::regclass, tgname, encode(tgargs, 'escape') from pg_trigger where not tgisinternal and tgname <> 'londiste_rs_gate' order by 1, 2;

-- differs: a node that takes no changes says which it is and why, with the SQLSTATE of a read-only transaction
insert into t values (1, 'on a branch');

select ev_type, ev_data from pgq.event_1;

select * from londiste.get_table_list('comb');

select * from londiste.local_remove_table('part1', 'public.t');

select queue_name, table_name, local, merge_state, dest_table from londiste.table_info order by 1, 2;

create table public.u (id int primary key, v text);

select * from londiste.global_add_table('part1', 'public.u');

select * from londiste.local_add_table('part1', 'public.u', array['no_merge']);

create table public.w (id int primary key, v text);

select * from londiste.global_add_table('part1', 'public.w');

select * from londiste.local_add_table('part1', 'public.w', array['merge_all']);

select queue_name, table_name, local, merge_state, dest_table from londiste.table_info order by 1, 2;
