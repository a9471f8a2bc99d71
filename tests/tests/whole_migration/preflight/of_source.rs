//! Cases of checks of the source, and of the lock table.

use super::case::{By, Case};

pub(crate) const CASES: &[Case] = &[
    Case {
        check: "unowned-sequences",
        broken: &[(
            By::Source,
            "create sequence loose; create table numbered (id bigint primary key default nextval('loose'))",
        )],
        line: &[
            "info",
            "source",
            "sequence public.loose",
            "the default of public.numbered.id takes values of it",
            "alter sequence public.loose owned by public.numbered.id",
        ],
        mended: &[],
    },
    Case {
        check: "unowned-sequences",
        broken: &[(By::Source, "drop table numbered; create sequence loose")],
        line: &["info", "source", "sequence public.loose", "no default takes values of it"],
        mended: &[(By::Source, "drop sequence loose")],
    },
    Case {
        check: "keyless-duplicates",
        broken: &[(
            By::Source,
            "create table said (at int, word json); \
             insert into said values (1, '1'), (1, '1'), (1, '1'), (1, '2'), (null, null), (null, null)",
        )],
        line: &[
            "info",
            "source",
            "table public.said",
            "5 rows that are only 2 different ones, as public.said (0,",
            "select r::text, count(*) from public.said r group by 1",
        ],
        mended: &[(
            By::Source,
            "delete from said a using said b where a.ctid > b.ctid and a::text = b::text",
        )],
    },
    Case {
        check: "keyless-duplicates",
        broken: &[(
            By::Source,
            "drop table said; create table said (at int) partition by range (at); \
             create table said_1 partition of said default; insert into said values (1), (1)",
        )],
        line: &[
            "info",
            "source",
            "table public.said",
            "2 rows that are only 1 different ones, as public.said_1 (0,",
        ],
        mended: &[(By::Source, "drop table said")],
    },
    Case {
        check: "schema-privileges",
        broken: &[(
            By::SourceAdmin,
            "create schema hidden; create table hidden.t (id int primary key); grant all on hidden.t to shop_owner",
        )],
        line: &[
            "blocker",
            "source",
            "schema hidden",
            "role shop_owner lacks USAGE",
            "grant usage on schema hidden to shop_owner",
        ],
        mended: &[],
    },
    Case {
        check: "sequence-privileges",
        broken: &[(By::SourceAdmin, "create sequence hidden.s")],
        line: &["blocker", "source", "sequence hidden.s", "grant select on sequence hidden.s to shop_owner"],
        mended: &[],
    },
    Case {
        check: "row-security",
        broken: &[(
            By::Source,
            "alter table item enable row level security; alter table item force row level security",
        )],
        line: &[
            "blocker",
            "source",
            "table public.item",
            "row security",
            "alter table public.item no force row level security",
        ],
        mended: &[],
    },
    Case {
        check: "keys",
        broken: &[(By::Source, "create table audit (at int)")],
        line: &[
            "info",
            "source",
            "table public.audit",
            "has no key",
            "alter table public.audit add primary key",
        ],
        mended: &[(By::Source, "alter table audit add primary key (at)")],
    },
    Case {
        check: "keys",
        broken: &[(
            By::Source,
            "create table expr (at int not null, b text not null); create unique index on expr (lower(b))",
        )],
        line: &["info", "source", "table public.expr", "has no key"],
        mended: &[(By::Source, "drop table expr")],
    },
    Case {
        check: "deferrable-keys",
        broken: &[(By::Source, "create table late (id int primary key deferrable)")],
        line: &[
            "info",
            "source",
            "table public.late",
            "has only a deferrable key (id)",
            "alter table public.late add unique",
        ],
        mended: &[(By::Source, "alter table late add unique (id)")],
    },
    Case {
        check: "unlogged-tables",
        broken: &[(By::Source, "alter table item set unlogged")],
        line: &["info", "source", "table public.item", "alter table public.item set logged"],
        mended: &[],
    },
    Case {
        check: "foreign-tables",
        broken: &[(
            By::SourceAdmin,
            "create foreign data wrapper away; create server away foreign data wrapper away; \
             create foreign table far (id int) server away",
        )],
        line: &["warning", "source", "foreign table public.far", "server and user mapping"],
        mended: &[(By::SourceAdmin, "drop foreign data wrapper away cascade")],
    },
    Case {
        check: "materialized-views",
        broken: &[(By::Source, "create materialized view sums as select count(*) from item")],
        line: &["info", "source", "materialized view public.sums", "refresh materialized view public.sums"],
        mended: &[(By::Source, "drop materialized view sums")],
    },
    Case {
        check: "generated-columns",
        broken: &[(By::Source, "alter table item add twice int generated always as (id * 2) stored")],
        line: &["info", "source", "column public.item.twice", "is generated"],
        mended: &[(By::Source, "alter table item drop twice")],
    },
    Case {
        check: "identity-columns",
        broken: &[(By::Source, "alter table item add nr int generated always as identity")],
        line: &["info", "source", "column public.item.nr", "add-seq public.item_nr_seq"],
        mended: &[(By::Source, "alter table item drop nr")],
    },
    Case {
        check: "inheritance",
        broken: &[(By::Source, "create table child () inherits (item)")],
        line: &["info", "source", "table public.item", "has 1 children", "add-table public.child"],
        mended: &[(By::Source, "drop table child")],
    },
    Case {
        check: "exclusion-constraints",
        broken: &[(
            By::Source,
            "create table booked (id int primary key, at int4range, constraint once exclude using gist (at with &&))",
        )],
        line: &["info", "source", "constraint once on table public.booked", "excludes rows"],
        mended: &[(By::Source, "drop table booked")],
    },
    Case {
        check: "not-valid",
        broken: &[(By::Source, "alter table item add constraint named check (name <> '') not valid")],
        line: &[
            "info",
            "source",
            "constraint named on table public.item",
            "alter table public.item validate constraint named",
        ],
        mended: &[],
    },
    Case {
        check: "subscriptions",
        broken: &[(
            By::TargetAdmin,
            "create subscription elsewhere connection 'dbname=x' publication p with (connect = false)",
        )],
        line: &["warning", "target", "subscription elsewhere", "is disabled", "drop subscription elsewhere"],
        mended: &[
            (By::TargetAdmin, "alter subscription elsewhere set (slot_name = none)"),
            (By::TargetAdmin, "drop subscription elsewhere"),
        ],
    },
    Case {
        check: "roles",
        broken: &[(By::SourceAdmin, "create role reporting; grant select on item to reporting")],
        line: &["info", "target", "role reporting", "create role reporting"],
        mended: &[(By::TargetAdmin, "create role reporting")],
    },
    Case {
        check: "long-names",
        broken: &[(
            By::Source,
            "create table a_table_whose_name_is_of_more_than_forty_bytes (id int primary key)",
        )],
        line: &["info", "source", "table public.a_table_whose", "46 bytes"],
        mended: &[(By::Source, "drop table a_table_whose_name_is_of_more_than_forty_bytes")],
    },
    Case {
        check: "case-names",
        broken: &[(By::Source, "create table \"Item\" (id int primary key)")],
        line: &["info", "source", "tables public.\"Item\", public.item", "differ by case only"],
        mended: &[(By::Source, "drop table \"Item\"")],
    },
    Case {
        check: "large-objects",
        broken: &[(By::Source, "select lo_from_bytea(4711, 'abc')")],
        line: &["warning", "source", "1 large objects", "are not replicated", "pg_dump --blobs"],
        mended: &[(By::Source, "select lo_unlink(4711)")],
    },
    Case {
        check: "sequences",
        broken: &[(By::Source, "create sequence small maxvalue 100; select setval('small', 95)")],
        line: &[
            "warning",
            "source",
            "sequence public.small",
            "used up to 94 % (last value 95)",
            "alter sequence public.small as bigint",
        ],
        mended: &[(By::Source, "alter sequence small maxvalue 10000")],
    },
    Case {
        check: "sequences",
        broken: &[(By::Source, "create sequence around increment -1 cycle")],
        line: &["info", "source", "sequence public.around", "begins again at its end and goes downwards"],
        mended: &[(By::Source, "drop sequence around")],
    },
    Case {
        check: "foreign-key-violations",
        broken: &[
            (
                By::Source,
                "create table part (id int primary key, item int constraint of_item references item)",
            ),
            (
                By::SourceAdmin,
                "set session_replication_role = replica; insert into part values (1, 99), (2, null)",
            ),
        ],
        line: &[
            "warning",
            "source",
            "constraint of_item on table public.part",
            "by 1 rows",
            "select * from public.part c where",
        ],
        mended: &[(By::Source, "delete from part")],
    },
    Case {
        check: "unique-duplicates",
        broken: &[
            (
                By::Source,
                "create index once on part (item); insert into part values (3, null), (4, null); \
                 insert into item values (1, 'a')",
            ),
            (By::Source, "insert into part values (5, 1), (6, 1)"),
            (By::SourceAdmin, "update pg_index set indisunique = true where indexrelid = 'once'::regclass"),
        ],
        line: &[
            "warning",
            "source",
            "index public.once on table public.part",
            "holds 1 values twice",
            "select ctid, * from only public.part",
        ],
        mended: &[(By::Source, "delete from part")],
    },
    Case {
        check: "wraparound",
        broken: &[(
            By::Source,
            "create table burn (i int primary key); \
             do 'begin for i in 1..92000 loop begin insert into burn values (i); \
             exception when unique_violation then null; end; end loop; end'; truncate burn",
        )],
        line: &[
            "warning",
            "source",
            "table public.item",
            "is due for a VACUUM against wraparound (9",
            "vacuum (freeze) public.item",
        ],
        mended: &[(By::SourceAdmin, "vacuum (freeze)")],
    },
    Case {
        check: "locks",
        broken: &[
            (
                By::Target,
                "do 'begin for i in 1..100 loop execute format(''create table many_%s (id int)'', i); end loop; end'",
            ),
            (
                By::Target,
                "do 'begin for i in 101..200 loop execute format(''create table many_%s (id int)'', i); end loop; end'",
            ),
        ],
        line: &[
            "warning",
            "target",
            "setting max_locks_per_transaction",
            "room for 350 locks",
            "raise max_locks_per_transaction",
        ],
        mended: &[
            (
                By::Target,
                "do 'begin for i in 1..100 loop execute format(''drop table many_%s'', i); end loop; end'",
            ),
            (
                By::Target,
                "do 'begin for i in 101..200 loop execute format(''drop table many_%s'', i); end loop; end'",
            ),
        ],
    },
];
