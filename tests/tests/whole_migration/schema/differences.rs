//! Each kind of difference.

use tests::Pair;

use super::case::By::{Source, Target};
use super::case::{Case, check};
use super::support::{ZOO, expect_same, schema, setup};

const CASES: &[Case] = &[
    Case {
        broken: (Source, "create schema later"),
        line: &["stops replication", "schema later is missing"],
        statement: "create schema later;",
    },
    Case {
        broken: (Target, "create schema \"O'ld\""),
        line: &["cosmetic", "schema \"O'ld\" is there only"],
        statement: "drop schema \"O'ld\"",
    },
    Case {
        broken: (Source, "alter type public.mood add value 'so so' before 'glad'"),
        line: &["stops replication", "type public.mood", "labels: 'sad', 'it''s ok, really', 'glad', and"],
        statement: "alter type public.mood add value 'so so' after 'it''s ok, really';",
    },
    Case {
        broken: (Target, "alter type public.grade add value 'own' before 'b'"),
        line: &["changes data", "type public.grade", "labels: 'own', 'b', 'a', and 'b', 'a' on the source"],
        statement: "alter table public.booking alter column grades type public.grade[] using \
            grades::text[]::public.grade[]",
    },
    Case {
        broken: (Source, "alter domain public.amount set not null; alter domain public.amount drop default"),
        line: &["changes data", "domain public.amount", "default: 0, and none"],
        statement: "alter domain public.amount set not null;",
    },
    Case {
        broken: (
            Target,
            "alter domain public.amount drop constraint amount_check; \
                          alter domain public.amount add constraint amount_check check (value > 1)",
        ),
        line: &["stops replication", "domain constraint amount_check on public.amount"],
        statement: "alter domain public.amount drop constraint amount_check;",
    },
    Case {
        broken: (Source, "alter type public.address add attribute country char(2)"),
        line: &["stops replication", "attribute public.address.country is missing"],
        statement: "alter type public.address add attribute country character(2) cascade;",
    },
    Case {
        broken: (Target, "alter sequence public.invoice_no maxvalue 90000 increment 2 no cycle"),
        line: &["changes data", "sequence public.invoice_no", "increment: 2, and 5 on the source"],
        statement: "alter sequence public.invoice_no minvalue 5 maxvalue 100000 start 10;",
    },
    Case {
        broken: (Target, "alter sequence \"Back Office\".\"Badge No\" owned by none"),
        line: &["cosmetic", "ownership of sequence \"Back Office\".\"Badge No\""],
        statement: "owned by \"Back Office\".\"Staff.Member\".\"Badge\";",
    },
    Case {
        broken: (Target, "alter table public.customer alter id set increment by 7"),
        line: &["changes data", "identity sequence public.customer_id_seq", "increment: 7, and 2"],
        statement: "alter sequence public.customer_id_seq increment 2;",
    },
    Case {
        broken: (
            Source,
            "create table public.new (id int primary key, ref bigint references public.customer, \
                          unique (ref)); comment on table public.new is 'new'; grant select on public.new \
                              to public",
        ),
        line: &["stops replication", "table public.new is missing"],
        statement: "create table public.new (id integer not null, ref bigint); \
                    alter table public.new add constraint new_pkey PRIMARY KEY (id);",
    },
    Case {
        broken: (Target, "create table public.other (id int primary key)"),
        line: &["cosmetic", "table public.other is there only"],
        statement: "-- loses rows: drop table public.other;",
    },
    Case {
        broken: (
            Target,
            "alter table public.visit detach partition public.visit_2024; \
                          alter table public.visit attach partition public.visit_2024 for values from \
                              ('2023-01-01') to ('2025-01-01')",
        ),
        line: &["stops replication", "table public.visit_2024", "FOR VALUES FROM ('2023-01-01')"],
        statement: "alter table public.visit detach partition public.visit_2024; alter table public.visit \
            attach partition \
                    public.visit_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');",
    },
    Case {
        broken: (
            Source,
            "create table public.visit_2026 partition of public.visit for values from ('2026-01-01') to \
                ('2027-01-01')",
        ),
        line: &["stops replication", "table public.visit_2026 is missing"],
        statement: "create table public.visit_2026 partition of public.visit FOR VALUES FROM \
            ('2026-01-01') TO ('2027-01-01');",
    },
    Case {
        broken: (
            Target,
            "alter table public.scratch set logged; alter table public.child no inherit public.scratch; \
                          alter table public.scratch replica identity default",
        ),
        line: &["changes data", "table public.scratch", "persistence: logged, and unlogged"],
        statement: "alter table public.child inherit public.scratch;",
    },
    Case {
        broken: (
            Target,
            "alter table public.customer set (fillfactor = 90, parallel_workers = 2); \
                          alter table public.customer force row level security",
        ),
        line: &["stops replication", "table public.customer", "row security: enabled, forced, and enabled"],
        statement: "alter table public.customer reset (parallel_workers);",
    },
    Case {
        broken: (
            Source,
            "alter table public.customer add phone varchar(20) default '0' not null, add \"It's\" int not \
                null",
        ),
        line: &["stops replication", "column public.customer.\"It's\" is missing"],
        statement: "alter table public.customer add column phone character varying(20) default \
            '0'::character varying not null;",
    },
    Case {
        broken: (
            Target,
            "alter table public.booking alter note type varchar(10), alter mail type text collate \
                \"default\"",
        ),
        line: &["stops replication", "column public.booking.note", "type: character varying(10), and text"],
        statement: "alter table public.booking alter column note type text using note::text;",
    },
    Case {
        broken: (
            Target,
            "alter table public.customer alter born set not null, alter note drop default, alter twice \
                drop expression",
        ),
        line: &["stops replication", "column public.customer.born", "not null: not null, and none"],
        statement: "alter table public.customer alter column born drop not null;",
    },
    Case {
        broken: (
            Target,
            "alter table public.visit alter id drop identity; alter table public.customer alter id set \
                generated always",
        ),
        line: &["stops replication", "column public.customer.id", "identity: always, and by default"],
        statement: "alter table public.visit alter column id add generated always as identity;",
    },
    Case {
        broken: (
            Source,
            "alter table public.customer validate constraint positive; \
                          alter table public.customer add constraint has_mail check (email like '%@%')",
        ),
        line: &["changes data", "constraint has_mail on public.customer is missing"],
        statement: "alter table public.customer validate constraint positive;",
    },
    Case {
        broken: (
            Target,
            "alter table public.customer drop constraint customer_email; \
                          alter table public.customer add constraint customer_email unique (email); \
                          alter table public.customer add constraint own unique (note)",
        ),
        line: &["stops replication", "constraint own on public.customer is there only"],
        statement: "add constraint customer_email UNIQUE (email) DEFERRABLE INITIALLY DEFERRED;",
    },
    Case {
        broken: (
            Target,
            "alter table \"Back Office\".\"Staff.Member\" drop constraint \"of customer\"; \
                          alter table public.visit drop constraint visit_customer_fkey",
        ),
        line: &["changes data", "foreign key visit_customer_fkey on public.visit is missing"],
        statement: "add constraint \"of customer\" FOREIGN KEY (customer) REFERENCES public.customer(id) \
            ON DELETE CASCADE;",
    },
    Case {
        broken: (
            Target,
            "drop index public.customer_lower; drop index public.visit_path; create unique index \
                own_index on public.visit (id, at, path)",
        ),
        line: &["stops replication", "index public.own_index is there only"],
        statement: "CREATE INDEX visit_path ON public.visit USING btree (path);",
    },
    Case {
        broken: (
            Source,
            "drop index public.customer_code; create unique index customer_code on public.customer (code, \
                id)",
        ),
        line: &["index public.customer_code", "definition: CREATE UNIQUE INDEX"],
        statement: "drop index public.customer_code; CREATE UNIQUE INDEX customer_code ON public.customer \
            USING btree (code, id);",
    },
    Case {
        broken: (Target, "drop statistics public.customer_stats"),
        line: &["cosmetic", "statistics public.customer_stats is missing"],
        statement: "CREATE STATISTICS public.customer_stats (dependencies) ON mood, born FROM \
            public.customer;",
    },
    Case {
        broken: (
            Source,
            "create or replace view public.named with (security_barrier) as \
                          select id, email, year from public.glad where year > 1980 with cascaded check \
                              option",
        ),
        line: &["changes data", "view public.named", "columns: id bigint, email text, and"],
        statement: "create view public.named with (security_barrier=true, check_option=cascaded) as",
    },
    Case {
        broken: (
            Target,
            "drop materialized view public.moods; create materialized view public.moods as \
                          select mood, count(*) + 1 as n from public.customer group by mood; \
                          create unique index moods_mood on public.moods (mood); comment on materialized \
                              view public.moods is 'a materialized view'",
        ),
        line: &["changes data", "materialized view public.moods", "definition"],
        statement: "drop materialized view public.moods; create materialized view public.moods as",
    },
    Case {
        broken: (
            Source,
            "create or replace function public.add(a integer, b integer default 2) returns integer \
                          language sql stable as 'select a + b + 1; '",
        ),
        line: &["changes data", "function public.add(integer, integer)", "definition"],
        statement: "AS $function$select a + b + 1; $function$;",
    },
    Case {
        broken: (
            Target,
            "drop procedure \"Back Office\".\"Close; It\"(date); create function public.own() returns int \
                language sql as 'select 1'",
        ),
        line: &["changes data", "function \"Back Office\".\"Close; It\"(date) is missing"],
        statement: "drop routine public.own();",
    },
    Case {
        broken: (
            Target,
            "drop aggregate public.total(integer); \
                          create aggregate public.total(integer) (sfunc = int4pl, stype = integer, \
                              initcond = '1'); \
                          comment on aggregate public.total(integer) is 'an aggregate'",
        ),
        line: &["changes data", "aggregate public.total(integer)", "initcond = '1'"],
        statement: "create aggregate public.total(integer) (sfunc = int4pl, stype = integer, initcond = \
            '0');",
    },
    Case {
        broken: (
            Target,
            "alter table public.customer enable trigger off; drop trigger seen on public.visit; \
                          drop trigger touch on public.customer; \
                          create trigger touch before insert on public.customer for each row execute \
                              function public.touch()",
        ),
        line: &["changes data", "trigger off on public.customer", "enabled: enable, and disable"],
        statement: "alter table public.customer disable trigger off;",
    },
    Case {
        broken: (
            Target,
            "drop rule keep on public.scratch; create rule own as on update to public.scratch do instead \
                nothing",
        ),
        line: &["stops replication", "rule own on public.scratch is there only"],
        statement: "CREATE RULE keep AS ON DELETE TO public.scratch WHERE (old.a > 100) DO INSTEAD NOTHING;",
    },
    Case {
        broken: (Source, "alter policy own_rows on public.customer using (note = session_user)"),
        line: &["changes data", "policy own_rows on public.customer", "CURRENT_USER"],
        statement: "drop policy own_rows on public.customer; create policy own_rows on public.customer",
    },
    Case {
        broken: (
            Target,
            "revoke select on public.customer from public; grant execute on function public.add to public",
        ),
        line: &["cosmetic", "grant execute on routine public.add(integer, integer) to public is there only"],
        statement: "grant select on table public.customer to public;",
    },
    Case {
        broken: (
            Source,
            "comment on column public.customer.email is 'it''s new'; comment on view public.named is \
                'named'; \
                          comment on constraint \"of customer\" on \"Back Office\".\"Staff.Member\" is 'a \
                              key'",
        ),
        line: &["cosmetic", "comment on column public.customer.email", "text: a column, and it's new"],
        statement: "comment on column public.customer.email is 'it''s new';",
    },
];

#[test]
fn every_difference_is_told_with_the_statement_that_mends_it() {
    let pair = Pair::start();
    let setup = setup(&pair);
    pair.both(ZOO);
    expect_same(&setup, &[]);
    for cases in CASES.chunks(6) {
        check(cases, &pair, &setup);
    }
    owners_grants_and_roles(&pair, &setup);
    another_kind_of_table(&pair, &setup);
}

/// Other roles are told once, mapped or left out; what they are granted is mended.
fn owners_grants_and_roles(pair: &Pair, setup: &tests::Setup) {
    pair.source.admin().execute(
        "create role reporting; create role boss; grant boss to shop_owner; grant \
        create on schema public to boss",
    );
    pair.source.execute(
        "grant select on public.customer, public.scratch to reporting with grant option; \
         create policy for_reports on public.customer for select to reporting using (true); \
         alter table public.booking owner to boss",
    );
    let output = schema(setup, &[]);
    assert!(
        output.stdout.contains("-- cosmetic: role reporting is missing\ncreate role reporting;"),
        "{}",
        output.report()
    );
    assert!(!output.stdout.contains("grant select"), "{}", output.report());
    pair.target.admin().execute(
        "create role cloud_reporting; create role cloud_boss; grant cloud_boss to cloud_owner; \
                                 grant create on schema public to cloud_boss",
    );
    let map = ["--role-map", "reporting=cloud_reporting", "--role-map", "boss=cloud_boss"];
    let output = schema(setup, &map);
    let owner = "alter table public.booking owner to cloud_boss;";
    assert!(output.code == 1 && output.stdout.contains(owner), "{}", output.report());
    assert!(
        output.stdout.contains("with grant option") && !output.stdout.contains("role reporting"),
        "{}",
        output.report()
    );
    pair.target.psql(&output.stdout);
    expect_same(setup, &map);
    pair.source.execute("drop policy for_reports on public.customer");
    pair.target.execute("drop policy for_reports on public.customer");
    let output = schema(setup, &["--role-map", "reporting=", "--role-map", "boss="]);
    assert!(
        output.stdout.contains("revoke") && !output.stdout.contains("create role"),
        "{}",
        output.report()
    );
    pair.source.execute(
        "alter table public.booking owner to shop_owner; revoke all on public.customer, \
        public.scratch from reporting",
    );
    pair.target.execute(
        "alter table public.booking owner to cloud_owner; \
                         revoke select on public.customer, public.scratch from cloud_reporting",
    );
    pair.source.admin().execute("revoke create on schema public from boss");
    pair.target.admin().execute("revoke create on schema public from cloud_boss");
    expect_same(setup, &[]);
}

/// A table cannot become a partitioned one: the statement keeps its rows aside, and the next answer makes it.
fn another_kind_of_table(pair: &Pair, setup: &tests::Setup) {
    pair.source.execute("drop table public.new; create table public.new (id int) partition by range (id)");
    let output = schema(setup, &["--json"]);
    assert_eq!(output.code, 1, "{}", output.report());
    let answer: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(answer["version"] == 1 && answer["same"] == false, "{answer}");
    let found = answer["differences"].as_array().unwrap().iter();
    let found = found.clone().find(|found| found["kind"] == "table" && found["property"] == "kind").unwrap();
    assert!(found["weight"] == "stops replication" && found["name"] == "public.new", "{found}");
    pair.target.psql(found["statement"].as_str().unwrap());
    let again = schema(setup, &[]);
    let create = "create table public.new (id integer) partition by RANGE (id);";
    assert!(again.stdout.contains(create), "{}", again.report());
}
