select pgq_node.register_location(q, 'here', 'dbname=here', false), pgq_node.register_location(q, 'root', 'dbname=root', false) from unnest('{comb,p1,p2,l,r}'::text[]) q;

select pgq_node.create_node('comb', 'root', 'here', 'cw', null, null, null);

select pgq_node.create_node('r', 'root', 'here', 'rw', null, null, null);

select pgq_node.create_node('l', 'leaf', 'here', 'lw', 'root', 10, null);

select pgq_node.create_node('p1', 'leaf', 'here', 'w1', 'root', 10, 'comb');

select pgq_node.create_node('p2', 'leaf', 'here', 'w2', 'root', 10, 'comb');

insert into londiste.pending_fkeys values ('public.b', 'public.a', 'b_fkey', 'alter table public.b add constraint b_fkey foreign key (r) references public.a');

insert into londiste.table_info (queue_name, table_name, local, merge_state) select q, t, true, case when q = 'p2' then 'in-copy' else 'ok' end from unnest('{comb,p1,p2}'::text[]) q cross join unnest('{public.a,public.b}'::text[]) t;

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

update londiste.table_info set merge_state = 'ok';

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

update londiste.table_info set local = false, merge_state = null where queue_name = 'p1';

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

delete from londiste.table_info where queue_name = 'comb';

update londiste.table_info set local = true, merge_state = 'ok' where queue_name = 'p1' and table_name = 'public.a';

delete from londiste.table_info where queue_name = 'p2' and table_name = 'public.a';

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

insert into londiste.table_info (queue_name, table_name, local, merge_state) select q, t, true, 'ok' from unnest('{l,r}'::text[]) q cross join unnest('{public.a,public.b}'::text[]) t;

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

delete from londiste.table_info where queue_name like 'p%';

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;

update londiste.table_info set merge_state = null where queue_name = 'r';

select q, f.fkey_name from unnest('{comb,p1,p2,l,r}'::text[]) q cross join londiste.get_valid_pending_fkeys(q) f;
