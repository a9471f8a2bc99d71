create schema "Sh.op x";
set search_path = "Sh.op x";

create table "Cust""omer" ("Id" int, "re.gion" text, primary key ("Id", "re.gion"));
create table "Or der" (
    id int primary key, "c id" int, "c region" text, parent int,
    constraint "F K.""1" foreign key ("c id", "c region") references "Cust""omer"
        match full on update cascade on delete set null,
    constraint self foreign key (parent) references "Or der" deferrable initially deferred);
comment on constraint "F K.""1" on "Or der" is 'it''s a "comment"';
create table line (
    id int primary key, o int default 0 references "Or der" on delete set default on update restrict,
    o2 int constraint later references "Or der" deferrable, o3 int);
alter table line add constraint unchecked foreign key (o3) references "Or der" on delete restrict not valid;
create table twice (
    id int primary key, o int,
    constraint d1 foreign key (o) references line, constraint d2 foreign key (o) references line);

create table region (id int primary key) partition by range (id);
create table region_low partition of region for values from (0) to (100);
create table region_high partition of region for values from (100) to (200);
create table to_partitions (id int primary key, r int references region);

create table sale (id int primary key, r int, l int, prior int) partition by range (id);
create table sale_1 (id int not null, r int, l int constraint own_name references line deferrable initially deferred,
    prior int);
create table sale_2 partition of sale for values from (100) to (200) partition by range (id);
create table sale_21 partition of sale_2 for values from (100) to (150);
alter table sale attach partition sale_1 for values from (0) to (100);
alter table sale add constraint sale_r foreign key (r) references region on delete cascade;
alter table sale add constraint sale_r_again foreign key (r) references region on delete cascade;
alter table sale add constraint sale_l foreign key (l) references line deferrable initially deferred;
alter table sale add constraint sale_prior foreign key (prior) references sale;
comment on constraint own_name on sale_1 is 'a partition''s own';
alter table sale_21 add constraint only_here foreign key (prior) references line;
create table empty_sale (id int primary key, r int references region) partition by range (id);

insert into "Cust""omer" values (1, 'a'), (2, 'b');
insert into "Or der" values (1, 1, 'a', 1), (2, null, null, 1);
insert into line values (1, 1, 1, 1);
insert into twice values (1, 1);
insert into region values (1), (101);
insert into sale values (1, 1, 1, 1), (101, 101, 1, 1);
insert into to_partitions values (1, 1), (2, 101);
