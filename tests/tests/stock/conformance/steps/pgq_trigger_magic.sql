select pgq.create_queue('q');

create table public.m (id int primary key, name text, _pgq_ev_type text, _pgq_ev_extra1 text);

create trigger a after insert or update or delete on public.m for each row execute function pgq.logutriga('q', 'ev_extra3=''logu''');

create trigger b after insert or update or delete on public.m for each row execute function pgq.logutriga('q', 'backup', 'ev_extra3=''logu backup''');

create trigger c after insert or update or delete on public.m for each row execute function pgq.sqltriga('q', 'ev_extra3=''sql''');

create trigger d after insert or update or delete on public.m for each row execute function pgq.sqltriga('q', 'backup', 'ev_extra3=''sql backup''');

create trigger e after insert or update or delete on public.m for each row execute function pgq.jsontriga('q', 'ev_extra3=''json''');

create trigger f after insert or update or delete on public.m for each row execute function pgq.sqltriga('q', 'ignore=name', 'ev_extra3=''sql ignore''');

create trigger g after insert or update or delete on public.m for each row execute function pgq.logutriga('q', 'ignore=name', 'ev_extra3=''logu ignore''');

create trigger h after insert or update or delete on public.m for each row execute function pgq.jsontriga('q', 'ignore=name', 'ev_extra3=''json ignore''');

insert into m values (1, 'n', 'typ', 'e1');

update m set _pgq_ev_type = 'only type';

update m set _pgq_ev_type = 'type', name = 'name';

update m set _pgq_ev_type = '';

update m set name = 'only name';

update m set id = id;

select ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3 from pgq.event_1 order by ev_id;
