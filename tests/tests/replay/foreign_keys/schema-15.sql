set search_path = "Sh.op x";
create table some_columns (
    id int primary key, a int default 1, b text default 'a',
    constraint nulls foreign key (a, b) references "Cust""omer" on delete set null (b),
    constraint defaults foreign key (a, b) references "Cust""omer" on delete set default (a));
