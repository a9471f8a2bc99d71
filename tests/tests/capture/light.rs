//! Updates leave out large values that stay as they were.
use crate::root::{Root, root};

const DOC: &str = "
create table doc (id int primary key, n int, body text, data bytea, odd text);
insert into doc
select i, 0, 'x' || (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 200) j), null, null
  from generate_series(1, 200) i;
insert into doc values (201, 0, 'small', null, null), (202, 0, null, null, null);
alter table doc rename odd to \"o'd,\"\"d \\ {}\"";

/// With its large values in place, so that capture is written for it.
fn documents() -> Root {
    let root = root();
    root.app.execute(DOC);
    root.app.execute("analyze doc");
    root.app.execute("select londiste_rs.capture_table('q', 'public.doc')");
    root
}

/// What the events since the last call tell: type, columns left out, how long the text is.
fn told(root: &Root) -> Vec<String> {
    let rows = root.app.rows(
        "select ev_type || ' ' || left(ev_data, 6) || coalesce(' without ' || ev_extra4, '')
                || case when length(ev_data) > 1000 then ' long' else '' end
                || coalesce(' was ' || left(ev_extra2, 6), '')
           from pgq.event_1 order by ev_id",
    );
    root.app.execute("truncate pgq.event_1_0, pgq.event_1_1, pgq.event_1_2");
    rows.into_iter().flatten().flatten().collect()
}

#[test]
fn only_what_has_changed_is_told_of_large_values() {
    let root = documents();
    let change = |statement: &str| {
        root.app.execute(statement);
        told(&root)
    };
    assert_eq!(change("update doc set n = 1 where id = 1"), ["rec.L (1,1,, without [\"body\"]"]);
    assert_eq!(change("update doc set n = 1 where id = 201"), ["rec.U (201,1"]);
    assert_eq!(change("update doc set n = 1 where id = 202"), ["rec.U (202,1"]);
    assert_eq!(change("update doc set body = body || 'x' where id = 1"), ["rec.U (1,1,x long"]);
    assert_eq!(change("update doc set body = null where id = 1"), ["rec.U (1,1,,"]);
    assert_eq!(
        change(
            "update doc set data = decode((select string_agg(md5(id || 'd' || j), '') \
                                             from generate_series(1, 200) j), 'hex') where id in (2, 202)"
        ),
        ["rec.L (2,0,, without [\"body\"] long", "rec.U (202,1 long"]
    );
    assert_eq!(
        change("update doc set n = 2 where id in (2, 3, 201, 1)"),
        [
            "rec.L (3,2,, without [\"body\"]",
            "rec.U (201,2",
            "rec.U (1,2,,",
            "rec.L (2,2,, without [\"body\", \"data\"]"
        ]
    );
    // the key changes: the row is told, and what it was
    assert_eq!(change("update doc set id = 300 where id = 3"), ["rec.U (300,2 long was (3,2,x"]);
    assert_eq!(
        change("update doc set id = id + 1000 where id in (4, 5)"),
        ["rec.U (1004, long was (4,0,x", "rec.U (1005, long was (5,0,x"]
    );
    // within a function the row is read again
    assert_eq!(change("do $$ begin update doc set n = 3 where id = 6; end $$"), ["rec.P (6,3,x long"]);
    assert_eq!(change("delete from doc where id = 6"), ["rec.D (6,3,x long"]);
    // nothing has changed
    assert_eq!(change("update doc set n = n where id = 7"), ["rec.L (7,0,, without [\"body\"]"]);
    root.app.execute(
        "select londiste_rs.set_captures_unchanged('q', false), londiste_rs.capture_table('q', 'public.doc')",
    );
    assert_eq!(change("update doc set n = n, body = body || '' where id in (7, 8)"), [""; 0]);
    assert_eq!(change("update doc set n = 5 where id in (7)"), ["rec.L (7,5,, without [\"body\"]"]);
    assert_eq!(
        change("update doc set n = 5 where id in (7, 10, 11)"),
        ["rec.L (10,5, without [\"body\"]", "rec.L (11,5, without [\"body\"]"]
    );
}

#[test]
fn names_and_definitions_may_be_anything() {
    let root = documents();
    root.app.execute("update doc set \"o'd,\"\"d \\ {}\" = body where id = 1");
    root.app.execute("truncate pgq.event_1_0");
    root.app.execute("update doc set n = 1 where id = 1");
    assert_eq!(told(&root), ["rec.L (1,1,, without [\"body\", \"o'd,\\\"d \\\\ {}\"]"]);
    // dropped, added, renamed: until the worker looks, old and new row are told in full
    root.app.execute(
        "alter table doc drop column data; alter table doc rename body to text; \
         alter table doc add extra text",
    );
    root.app.execute("update doc set n = 2 where id = 2");
    assert_eq!(told(&root), ["rec.U (2,2,x long was (2,0,x"]);
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.doc");
    root.app.execute("select londiste_rs.capture_table('q', 'public.doc')");
    root.app.execute("update doc set n = 3 where id = 2");
    assert_eq!(told(&root), ["rec.L (2,3,, without [\"text\"]"]);
    // without a key, and with another
    root.app.execute(
        "alter table doc drop constraint doc_pkey; select londiste_rs.capture_table('q', 'public.doc')",
    );
    root.app.execute("update doc set n = 4 where id = 2");
    assert_eq!(told(&root), ["rec.U (2,4,x long was (2,3,x"]);
}

#[test]
fn partitions_too() {
    let root = root();
    root.app.execute(
        "create table log (id int, at date, body text, primary key (id, at)) partition by range (at);
         create table log_1 partition of log for values from ('2020-01-01') to ('2021-01-01');
         create table log_2 partition of log for values from ('2021-01-01') to ('2022-01-01');
         insert into log
         select i, '2020-05-05', (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 200) j)
           from generate_series(1, 200) i",
    );
    root.app.execute("analyze log_1");
    root.app.execute("select londiste_rs.capture_table('q', 'public.log')");
    root.app.execute("alter table log add n int; select londiste_rs.capture_table('q', 'public.log')");
    root.app.execute("update log set n = 1 where id = 1");
    root.app.execute("update log set n = 1 where id in (2, 3)");
    root.app.execute("update log set at = '2020-06-06' where id = 4");
    root.app.execute("do $$ begin update log set n = 1 where id = 5; end $$");
    assert_eq!(
        told(&root),
        [
            "rec.L (1,202 without [\"body\"]",
            "rec.L (2,202 without [\"body\"]",
            "rec.L (3,202 without [\"body\"]",
            "rec.U (4,202 long was (4,202",
            "rec.P (5,202 long"
        ]
    );
}

#[test]
fn small_tables_are_told_in_full_until_they_grow() {
    let root = root();
    root.app.execute("create table doc (id int primary key, n int, body text)");
    root.app.execute("select londiste_rs.capture_table('q', 'public.doc')");
    root.app.execute("insert into doc \
                      values (1, 0, 'x' || (select string_agg(md5(j::text), '') from generate_series(1, 200) j))");
    root.app.execute("truncate pgq.event_1_0; update doc set n = 1");
    assert_eq!(told(&root), ["rec.U (1,1,x long"]);
    assert_eq!(root.app.rows("select londiste_rs.stale_captures('q')").len(), 0);
    root.app.execute("insert into doc select i, 0, d.body || i from doc d, generate_series(2, 200) i");
    root.app.execute("vacuum doc");
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.doc");
    root.app.execute("select londiste_rs.capture_table('q', 'public.doc'); truncate pgq.event_1_0");
    root.app.execute("update doc set n = 2 where id = 1");
    assert_eq!(told(&root), ["rec.L (1,2,) without [\"body\"]"]);
    // it stays so, whatever goes
    root.app.execute("delete from doc where id > 1");
    root.app.execute("vacuum doc");
    assert_eq!(root.app.rows("select londiste_rs.stale_captures('q')").len(), 0);
}

#[test]
fn a_table_of_very_many_columns_is_told_in_full() {
    let root = root();
    let columns: Vec<String> = (1..1000).map(|n| format!("c{n} int")).collect();
    root.app.execute(&format!("create table doc (id int primary key, body text, {})", columns.join(", ")));
    root.app.execute(
        "insert into doc \
         select i, (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 200) j) \
           from generate_series(1, 200) i",
    );
    root.app.execute("analyze doc; select londiste_rs.capture_table('q', 'public.doc')");
    root.app.execute("update doc set c999 = 1 where id = 1; update doc set c1 = 1 where id < 3");
    let full = root
        .app
        .number("select count(*) from pgq.event_1 where ev_type = 'rec.U' and length(ev_data) > 6000");
    assert_eq!(full, 3);
}
