//! Whoever owns a type can make casts, operators and functions for it. Capture has its owner's rights, so none of them
//! runs in it, in any of its forms; and what they say of a value is not what the event says.
use tests::TRAPS;

use crate::root::root;

/// By the clerk, who owns the types.
const TYPES: &str = "
create type mood as enum ('red', 'green', 'blue');
create type pair as (a int, m mood);
create domain temper as mood;
create type span as range (subtype = mood);
grant usage on type mood, pair, temper, span to public";

const COLUMNS: &str = "id mood, k int, p pair, ms mood[], r span, t temper, v varchar";

/// With a key, without, partitioned, inherited, with large values, and the stock triggers.
const TABLES: &[&str] = &["keyed", "keyless", "parts", "mother", "light", "encoded", "object", "statements"];

const CHANGES: &[&str] = &[
    "insert into {t} values ('red', 1, row(1, 'green'), '{red,blue}', '[red,green]', 'red', 'a'), \
         ('green', 2, row(1, null), '{}', 'empty', 'blue', 'B')",
    "update {t} set ms = '{green}'",
    "update {t} set v = upper(v) where k = 1",
    "update {t} set p = row(2, 'red'), t = 'green' where k = 2",
    "with w as (select 1) update {t} set r = null where k = 2",
    "insert into {t} values ('red', 3)",
    "delete from {t} where k = 3",
];

#[test]
fn nothing_of_the_application_runs_with_captures_rights() {
    let root = root();
    root.cluster.admin("app").execute("grant create, usage on schema public to clerk");
    root.app.execute("create table caught (who name, what text); grant insert on caught to public");
    let clerk = root.clerk();
    clerk.execute(TYPES);
    for table in TABLES {
        let (key, by) = match *table {
            "keyless" => ("", ""),
            "parts" => (", primary key (k, id)", " partition by hash (k)"),
            _ => (", primary key (id, k)", ""),
        };
        root.app
            .execute(&format!("create table {table} ({COLUMNS}{key}){by}; grant all on {table} to clerk"));
    }
    root.app.execute(
        "create table parts_1 partition of parts for values with (modulus 1, remainder 0);
         create table child () inherits (mother);
         create function noop() returns trigger language plpgsql as 'begin return null; end';
         create trigger own after insert on keyless for each row execute function noop();
         alter table light add body text, alter body set storage external;
         insert into light (id, k, body)
         select 'red', i, (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 200) j)
           from generate_series(1001, 1200) i;
         analyze light",
    );
    clerk.execute(TRAPS);
    clerk.execute("select trap(array['mood', 'pair', 'span', 'mood[]', 'pair[]'])");
    let rows: Vec<String> = TABLES.iter().map(|table| format!("'{table}'")).collect();
    root.app.execute(&format!("select trap(array[{}, 'parts_1'])", rows.join(", ")));
    clerk.execute(
        "create function same(varchar, varchar) returns boolean language plpgsql
             as $$begin insert into caught values (current_user, 'varchar'); return true; end$$;
         create operator public.= (leftarg = varchar, rightarg = varchar, function = same)",
    );
    // the traps do bite
    root.app.execute(
        "insert into keyless values ('red', 1); select id::text, k1::text from keyless k1; truncate keyless",
    );
    let caught = "select string_agg(distinct what, ', ' order by what) from caught";
    assert_eq!(root.app.value(caught), "keyless to text, mood to text");
    root.app.execute("truncate caught");

    for table in &TABLES[..5] {
        root.app.execute(&format!("select londiste_rs.capture_table('q', 'public.{table}')"));
    }
    root.app.execute(
        "create trigger c after insert or update or delete on encoded for each row
             execute function pgq.logutriga('q', 'backup', 'ignore=p');
         create trigger c after insert or update or delete on object for each row
             execute function pgq.jsontriga('q', 'backup');
         create trigger c after insert or update or delete on statements for each row
             execute function pgq.sqltriga('q', 'ignore=t')",
    );
    for table in TABLES {
        // the stock triggers write events with the rights of whoever changes a row
        let stock = matches!(*table, "encoded" | "object" | "statements");
        let mut session = if stock { root.app.connect() } else { clerk.connect() };
        for change in CHANGES {
            let sql = change.replace("{t}", table);
            session.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
        if !stock {
            for change in
                ["update {t} set id = 'blue' where k = 1", "update {t} set k = 4 - k where k < 1000"]
            {
                session.batch_execute(&change.replace("{t}", table)).unwrap();
            }
        }
        // from within a function, and where the worker has not looked since a change of the definition
        let nested = CHANGES[..4].join("; ").replace("{t}", table);
        session
            .batch_execute(&format!("do $d$ begin delete from {table} where k < 1000; {nested}; end $d$"))
            .unwrap();
        root.app.execute(&format!("alter table {table} add added int default 7"));
        let after = match *table {
            "encoded" | "object" | "statements" => "update {t} set v = 'c'; delete from {t}",
            _ => "update {t} set k = k + 10 where k < 1000; update {t} set v = 'c'; delete from {t}",
        };
        session.batch_execute(&after.replace("{t}", table)).unwrap();
    }
    assert_eq!(root.app.value(caught), "", "ran");
    let told = |table: &str| -> Vec<String> {
        let sql = format!(
            "select ev_type || ' ' || coalesce(ev_data, '') || coalesce(' was ' || ev_extra2, '') \
               from pgq.event_1 where ev_extra1 = 'public.{table}' order by ev_id limit 8"
        );
        root.app.rows(&sql).into_iter().flatten().flatten().collect()
    };
    let keyed = [
        r#"rec.I (red,1,"(1,green)","{red,blue}","[red,green]",red,a)"#,
        r#"rec.I (green,2,"(1,)",{},empty,blue,B)"#,
        r#"rec.U (red,1,"(1,green)",{green},"[red,green]",red,a)"#,
        r#"rec.U (green,2,"(1,)",{green},empty,blue,B)"#,
        r#"rec.U (red,1,"(1,green)",{green},"[red,green]",red,A)"#,
        r#"rec.U (green,2,"(2,red)",{green},empty,green,B)"#,
        r#"rec.U (green,2,"(2,red)",{green},,green,B)"#,
        "rec.I (red,3,,,,,)",
    ];
    assert_eq!(told("keyed"), keyed);
    assert_eq!(
        told("parts").iter().filter(|event| keyed.contains(&event.as_str())).count(),
        8,
        "{:?}",
        told("parts")
    );
    assert_eq!(
        told("mother").iter().filter(|event| keyed.contains(&event.as_str())).count(),
        8,
        "{:?}",
        told("mother")
    );
    assert!(
        told("keyless")[2].ends_with(r#"was (red,1,"(1,green)","{red,blue}","[red,green]",red,a)"#),
        "{:?}",
        told("keyless")
    );
    assert!(
        root.app.number(
            "select count(*) from pgq.event_1 where ev_extra1 = 'public.light' and ev_type = 'rec.L'"
        ) >= 200
    );
    assert_eq!(
        told("encoded")[4],
        "U:id,k id=red&k=1&ms=%7bgreen%7d&r=%5bred%2cgreen%5d&t=red&v=A was \
         id=red&k=1&ms=%7bgreen%7d&r=%5bred%2cgreen%5d&t=red&v=a"
    );
    assert!(
        told("object")[0].contains(
            r#"{"id":"red","k":1,"p":"(1,green)","ms":"{red,blue}","r":"[red,green]","t":"red","v":"a"}"#
        ),
        "{:?}",
        told("object")
    );
    assert_eq!(told("statements")[4], "U v='A' where id='red' and k='1'");
}

#[test]
fn an_implicit_cast_that_makes_the_key_ambiguous_does_not_fail_the_application() {
    let root = root();
    root.app.execute(
        "create type mood as enum ('red', 'green');
         create table m (id mood, k int, v int, primary key (id, k)); select londiste_rs.capture_table('q', 'public.m');
         create function told(mood) returns text language sql as 'select ''x''::text';
         create cast (mood as text) with function told(mood) as implicit",
    );
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.m");
    root.app.execute("select londiste_rs.capture_table('q', 'public.m')");
    assert_eq!(root.app.rows("select londiste_rs.stale_captures('q')").len(), 0);
    root.app.execute(
        "do $$ begin insert into m values ('red', 1, 1), ('green', 2, 1); update m set v = 2; \
         delete from m where k = 2; end $$",
    );
    root.app.execute("with w as (select 1) update m set v = 4");
    assert_eq!(root.events(0)[2..], ["rec.P(red,1,2)", "rec.P(green,2,2)", "rec.P", "rec.U(red,1,4)"]);
}
