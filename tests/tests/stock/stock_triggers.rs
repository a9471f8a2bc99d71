//! The stock triggers' generated functions: they write what the way without them writes, notice every change of their
//! table, get in nobody's way, and go when their trigger has gone. What stock itself writes is compared in
//! `conformance`.

use postgres::Client;
use tests::{Cluster, Database};

struct Site {
    _cluster: Cluster,
    owner: Database,
}

fn site() -> Site {
    let cluster = Cluster::start("triggers");
    let admin = cluster.admin("postgres");
    admin.execute("create role keeper login password 'trigger-Secret1' nosuperuser");
    admin.execute("create database shop owner keeper template template0");
    cluster.admin("shop").execute("grant create on schema public to public");
    let owner = Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "shop".to_owned(),
        user: "keeper".to_owned(),
        password: Some("trigger-Secret1".to_owned()),
    };
    owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
    Site { _cluster: cluster, owner }
}

/// How a trigger finds what writes its events.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// No function is generated.
    Generic,
    /// The generated function is looked up by its name, as before the first maintenance.
    Name,
    /// Called by the generated search trees.
    Tree,
}

const ARGUMENTS: &[&str] = &[
    "'q'",
    "'q', 'backup'",
    "'q', 'ignore=noise,ratio'",
    "'q', 'pkey=name'",
    "'q', 'pkey=id,name', 'backup'",
    "'q', 'when=coalesce(noise, 0) % 2 = 0', 'ev_type=name', 'ev_extra3=id || ''x'''",
    "'q', 'ev_data=t', 'ev_extra1=null', 'ev_extra2=ratio', 'backup'",
    "'q', 'ignore=nosuch', 'ev_extra4=found_at::date'",
    "'q', 'when=exists (select from public.item t where t.id = item.id - 1 or name is null)'",
];

/// Events of a life of a table, written in this way.
fn events(owner: &Database, way: Way, magic: bool) -> Vec<Vec<Option<String>>> {
    let columns =
        if magic { ", _pgq_ev_extra3 text default 'magic', _pgq_ev_type text default 'typ'" } else { "" };
    owner.execute(
        "drop table if exists item; select pgq.drop_queue('q', true) from pgq.queue where queue_name = 'q'",
    );
    owner.execute("select pgq.create_queue('q')");
    owner.execute(&format!(
        "create table item (id int primary key, name text not null, noise int, ratio numeric,
             found_at timestamptz default '2026-01-02 03:04:05+00',
             t text[], j jsonb, f float8 {columns})"
    ));
    let mut nr = 0;
    for format in ["logutriga", "sqltriga", "jsontriga"] {
        for arguments in ARGUMENTS {
            nr += 1;
            // an expression sees the row by its columns' names only, whatever the trigger is called
            let arguments = arguments.replace("item.id", "id");
            owner.execute(&format!(
                "create trigger t{nr:02} after insert or update or delete on item for each row \
                     execute function pgq.{format}({arguments})"
            ));
        }
    }
    let mut client = owner.connect();
    let mut run = |sql: &str| {
        if let Err(error) = client.batch_execute(sql) {
            // what is refused is refused in all ways
            let refused = error.as_db_error().unwrap().message().to_owned();
            client
                .execute("select pgq.insert_event('q', 'refused', $1)", &[&format!("{sql}: {refused}")])
                .unwrap();
        }
    };
    run("insert into item (id, name) values (-1, 'first'); delete from item");
    if way == Way::Tree {
        owner.execute("select pgq._maint_row_functions()");
    }
    run("insert into item values (1, 'a b&c', 1, 1.0, '2026-01-02 03:04:05+00', '{a,\"b \\\\\"}', \
                                  '{\"k\": [1, null]}', 0.1), (2, 'b', null, null, null, null, null, 'NaN')");
    for change in [
        "noise = 2",
        "noise = 2, ratio = 1.00",
        "ratio = 7, found_at = null",
        "name = 'c'",
        "id = id + 10",
        "t = '{}'",
        "f = f",
        "j = 'null', ratio = null",
    ] {
        run(&format!("update item set {change} where id = 1"));
        run(&format!("update item set {change}"));
    }
    run("begin isolation level repeatable read; update item set noise = 8; commit");
    run("delete from item");
    let queue = owner.value("select queue_data_pfx from pgq.queue where queue_name = 'q'");
    owner.rows(&format!(
        "select ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4 \
           from {queue} order by ev_id"
    ))
}

#[test]
fn generated_functions_write_what_the_generic_way_writes() {
    let site = site();
    let owner = &site.owner;
    for magic in [false, true] {
        let by_name = events(owner, Way::Name, magic);
        assert!(by_name.len() > 100, "{by_name:?}");
        let written = "select count(*) from pgq._row_functions() f \
                         join pg_class c on c.oid = split_part(f.name, '_', 4)::oid where in_tree = ";
        assert!(owner.number(&format!("{written} false")) >= 3 * i64::try_from(ARGUMENTS.len()).unwrap());
        let by_tree = events(owner, Way::Tree, magic);
        assert!(
            owner.number(&format!("{written} true")) >= 3 * i64::try_from(ARGUMENTS.len().min(16)).unwrap()
        );
        owner.execute("alter function pgq._write_row_function(text, oid, text[]) rename to _not_now");
        owner.execute(
            "create function pgq._write_row_function(text, oid, text[]) returns void language sql as ''",
        );
        let generic = events(owner, Way::Generic, magic);
        owner.execute("drop function pgq._write_row_function(text, oid, text[])");
        owner.execute("alter function pgq._not_now(text, oid, text[]) rename to _write_row_function");
        for (way, written) in [(Way::Name, by_name), (Way::Tree, by_tree)] {
            for (mine, theirs) in written.iter().zip(&generic) {
                assert_eq!(mine, theirs, "{way:?}, magic {magic}");
            }
            assert_eq!(written.len(), generic.len(), "{way:?}, magic {magic}");
        }
    }
}

fn last(owner: &Database) -> String {
    owner.value(
        "select concat_ws(' | ', ev_type, ev_data, ev_extra1, ev_extra3) from pgq.event_1 \
          order by ev_id desc limit 1",
    )
}

#[test]
fn every_change_of_a_table_is_noticed_by_sessions_that_have_written_before() {
    let site = site();
    let owner = &site.owner;
    owner.execute(
        "select pgq.create_queue('q'); create schema other;
         create table item (id int primary key, a text, b text);
         create trigger tr after insert or update or delete on item for each row
             execute function pgq.logutriga('q', 'ev_extra3=b', 'ignore=nosuch')",
    );
    let mut writers = [owner.connect(), owner.connect()];
    let mut everybody = |id: i32, table: &str, extra: &str, expected: &str| {
        for (nr, writer) in writers.iter_mut().enumerate() {
            writer.batch_execute(&format!("insert into {table} (id, b{extra}) values ({id}, 'b')")).unwrap();
            assert_eq!(last(owner), expected, "writer {nr}");
            writer.batch_execute(&format!("delete from {table}")).unwrap();
        }
    };
    everybody(1, "item", "", "I:id | id=1&a&b=b | public.item | b");
    everybody(2, "item", "", "I:id | id=2&a&b=b | public.item | b");
    owner.execute("select pgq._maint_row_functions()");
    everybody(3, "item", "", "I:id | id=3&a&b=b | public.item | b");
    for (ddl, table, expected) in [
        ("alter table item add column c int default 7", "item", "I:id | id=1&a&b=b&c=7 | public.item | b"),
        (
            "alter table item drop column b; alter table item add column b text",
            "item",
            "I:id | id=1&a&c=7&b=b | public.item | b",
        ),
        ("alter table item rename column a to d", "item", "I:id | id=1&d&c=7&b=b | public.item | b"),
        (
            "alter table item alter column c type text using 'x', alter column c set default 'x y'",
            "item",
            "I:id | id=1&d&c=x+y&b=b | public.item | b",
        ),
        (
            "alter table item drop constraint item_pkey; alter table item add primary key (id, b)",
            "item",
            "I:id,b | id=1&d&c=x+y&b=b | public.item | b",
        ),
        ("alter table item rename to piece", "piece", "I:id,b | id=1&d&c=x+y&b=b | public.piece | b"),
        ("alter table piece set schema other", "other.piece", "I:id,b | id=1&d&c=x+y&b=b | other.piece | b"),
        (
            "alter schema other rename to another",
            "another.piece",
            "I:id,b | id=1&d&c=x+y&b=b | another.piece | b",
        ),
        (
            "drop trigger tr on another.piece; \
             create trigger tr after insert or delete on another.piece for each row \
                 execute function pgq.logutriga('q', 'ignore=c,d')",
            "another.piece",
            "I:id,b | id=1&b=b | another.piece",
        ),
    ] {
        owner.execute(ddl);
        everybody(1, table, "", expected);
    }
}

#[test]
fn nobody_waits_for_a_function_that_another_transaction_writes() {
    let site = site();
    let owner = &site.owner;
    owner.execute(
        "select pgq.create_queue('q'); create table item (id int primary key, v text);
         create trigger tr after insert on item for each row execute function pgq.jsontriga('q', 'backup')",
    );
    let (mut first, mut second) = (owner.connect(), owner.connect());
    second.batch_execute("set lock_timeout = '1ms'").unwrap();
    first.batch_execute("begin; insert into item values (1, 'a'), (2, 'a')").unwrap();
    second.batch_execute("insert into item values (3, 'a'), (4, 'a')").unwrap();
    second.batch_execute("select pgq._maint_row_functions()").unwrap();
    first.batch_execute("rollback").unwrap();
    second.batch_execute("insert into item values (5, 'a'), (6, 'a')").unwrap();
    assert_eq!(owner.number("select count(*) from pgq.event_1"), 4);
    assert_eq!(owner.number("select count(*) from pgq._row_functions()"), 1);
}

#[test]
fn functions_go_when_their_triggers_have_gone() {
    let site = site();
    let owner = &site.owner;
    let maintain = || {
        let mut done = 0;
        for row in owner
            .rows("select func_name from pgq.maint_operations() where func_name like 'pgq.%row_functions'")
        {
            owner.execute(&format!("select {}()", row[0].as_ref().unwrap()));
            done += 1;
        }
        done
    };
    owner.execute("select pgq.create_queue('q')");
    assert_eq!(maintain(), 0);
    for table in ["stays", "dropped", "changed"] {
        owner.execute(&format!(
            "create table {table} (id int primary key, v text);
             create trigger tr after insert or update on {table} for each row
                 execute function pgq.sqltriga('q', 'ignore=v');
             insert into {table} values (1, 'a'), (2, 'b')"
        ));
    }
    let functions = "select count(*) from pg_proc where proname ~ '^_row_[usj][0-9]+_[0-9]'";
    assert_eq!(owner.number(functions), 3);
    assert_eq!((maintain(), maintain()), (1, 0), "written ones come into the trees once");
    owner.execute("drop table dropped; drop trigger tr on changed");
    owner.execute(
        "create trigger tr after insert on changed for each row \
             execute function pgq.sqltriga('q', 'backup'); insert into changed values (3, 'c')",
    );
    let mut client: Client = owner.connect();
    client.batch_execute("insert into stays values (3, 'c')").unwrap();
    assert_eq!((maintain(), maintain(), maintain()), (1, 1, 0), "out of the trees first, then removed");
    assert_eq!(owner.number(functions), 2);
    client.batch_execute("insert into stays values (4, 'd'); insert into changed values (4, 'd')").unwrap();
    assert_eq!(owner.number("select count(*) from pgq.event_1"), 10);
}
