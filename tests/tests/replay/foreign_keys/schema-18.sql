set search_path = "Sh.op x";
create table price (item int4range, during daterange, primary key (item, during without overlaps));
create table offer (
    item int4range, during daterange,
    constraint temporal foreign key (item, period during) references price (item, period during));
insert into price values ('[1,2)', '[2024-01-01,2025-01-01)');
insert into offer values ('[1,2)', '[2024-03-01,2024-05-01)');
create table loose (
    id int primary key, l int,
    constraint on_paper foreign key (l) references line deferrable not enforced);
insert into loose values (1, 99);
alter table sale add constraint sale_unchecked foreign key (prior) references "Or der" not valid;
alter table sale add constraint sale_on_paper foreign key (r) references line not enforced;
