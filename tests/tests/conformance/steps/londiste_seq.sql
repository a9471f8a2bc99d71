select pgq_node.register_location('r', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'here', 'dbname=here', false);

select pgq_node.register_location('l', 'root', 'dbname=root', false);

create sequence public.s1;

create sequence public."Seq Two" start 50000;

create table public.item (id serial primary key);

select * from londiste.local_add_seq('r', 'public.s1');

select pgq_node.create_node('r', 'root', 'here', 'rw', null, null, null);

select pgq_node.create_node('l', 'leaf', 'here', 'lw', 'root', 10, null);

select * from londiste.local_add_seq('r', 'public.s1');

select * from londiste.local_add_seq('r', 's1');

select * from londiste.local_add_seq('r', 'Seq Two');

select * from londiste.local_add_seq('r', 'public.nosuch');

select * from londiste.local_add_seq('r', 'public.item');

select * from londiste.local_add_seq('nosuch', 'public.s1');

select * from londiste.local_add_seq(null, null);

select * from londiste.get_seq_list('r');

select * from londiste.get_seq_list('nosuch');

select * from londiste.get_seq_list(null);

select * from londiste.root_check_seqs('r');

select * from londiste.root_check_seqs('r', 10);

select * from londiste.root_check_seqs('l');

select * from londiste.root_check_seqs('nosuch');

select * from londiste.root_check_seqs(null);

select * from londiste.root_check_seqs(null, null);

select * from londiste.get_seq_list('r');

select setval('s1', 15000);

select * from londiste.root_check_seqs('r');

select * from londiste.get_seq_list('r');

select setval('s1', 40000);

select * from londiste.root_check_seqs('r', 20000);

select * from londiste.get_seq_list('r');

select * from londiste.root_check_seqs('r', 100000);

select * from londiste.get_seq_list('r');

select * from londiste.root_check_seqs('r', 1);

select * from londiste.root_check_seqs('r', null);

select * from londiste.root_check_seqs('r', -5);

select setval('s1', 1);

select * from londiste.root_check_seqs('r');

select * from londiste.get_seq_list('r');

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3 from pgq.event_1 order by ev_id;

select * from londiste.global_update_seq('r', 'public.s1', 5);

select * from londiste.global_update_seq('nosuch', 'public.s1', 5);

select * from londiste.global_update_seq(null, null, null);

select * from londiste.global_update_seq('l', 'public.s1', 70000);

select * from londiste.get_seq_list('l');

select last_value from public.s1;

select * from londiste.local_show_missing('l') order by 1, 2;

select * from londiste.local_add_seq('l', 'public.Seq Two');

select * from londiste.local_add_seq('l', 's1');

select * from londiste.local_add_seq('l', 's1');

select last_value from public.s1;

select * from londiste.global_update_seq('l', 's1', 80000);

select last_value from public.s1;

select * from londiste.global_update_seq('l', 's1', 75000);

select last_value from public.s1;

select * from londiste.get_seq_list('l');

select * from londiste.global_update_seq('l', 's1', null);

select * from londiste.global_update_seq('l', 'public.not here', 5);

select * from londiste.local_add_seq('l', 'public.not here');

select * from londiste.local_remove_seq('l', 'public.s1');

select * from londiste.local_remove_seq('l', 'public.s1');

select * from londiste.local_remove_seq('l', 'public.nosuch');

select * from londiste.local_remove_seq('nosuch', 'public.s1');

select * from londiste.local_remove_seq(null, null);

select * from londiste.get_seq_list('l');

select * from londiste.global_remove_seq('l', 'public.s1');

select * from londiste.global_remove_seq('l', 'public.s1');

select * from londiste.global_remove_seq('nosuch', 'public.s1');

select * from londiste.global_remove_seq(null, null);

select * from londiste.global_remove_seq('r', 'public.s1');

select * from londiste.local_remove_seq('r', 'Seq Two');

select * from londiste.get_seq_list('r');

select * from londiste.get_seq_list('l');

select ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3 from pgq.event_1 order by ev_id;
