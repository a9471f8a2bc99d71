//! An installation of an older version becomes one of this version in place, while queues, consumers and triggers are
//! in use; a newer one is refused.

use postgres::Client;
use tests::{Cluster, Database};

/// An ordinary role's database, with the SQL of this version.
fn installed() -> (Cluster, Database) {
    let cluster = Cluster::start("upgrade");
    let admin = cluster.admin("postgres");
    admin.execute("create role keeper login password 'upgrade-Secret1' nosuperuser");
    admin.execute("create database kept owner keeper template template0");
    let owner = Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "kept".to_owned(),
        user: "keeper".to_owned(),
        password: Some("upgrade-Secret1".to_owned()),
    };
    install(&owner);
    (cluster, owner)
}

fn install(owner: &Database) {
    owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
}

/// Makes it the installation of a version that recorded no steps: its functions instead of ours, and nothing that came
/// later.
fn set_back(owner: &Database) {
    owner.execute(
        "drop table londiste_rs.schema_step;
         drop function londiste_rs.take_step(integer, text), londiste_rs.schema_version();
         do $$ declare f regprocedure; begin
             for f in select p.oid from pg_proc p where p.pronamespace = 'pgq'::regnamespace
                         and (p.proname ~ '^_(row_|put_event|wanted_row|write_|create_row|trigger_arg|maint_row|'
                                          'retired|equality|field_)'
                              or p.proname in ('logutriga', 'sqltriga', 'jsontriga', 'insert_event_raw',
                                               'insert_event'))
             loop execute format('drop function %s', f); end loop; end $$",
    );
    owner.psql_file(&tests::repository().join("tests/fixtures/before_versions.sql"));
}

/// Reads and finishes batches until there is none; data of their events.
fn drain(client: &mut Client) -> Vec<String> {
    let mut seen = Vec::new();
    client.batch_execute("select pgq.force_tick('jobs')").unwrap();
    client.batch_execute("select pgq.ticker('jobs')").unwrap();
    while let Some(batch) =
        client.query_one("select pgq.next_batch('jobs', 'reader')", &[]).unwrap().get::<_, Option<i64>>(0)
    {
        let events =
            client.query("select ev_data from pgq.get_batch_events($1) order by ev_id", &[&batch]).unwrap();
        seen.extend(events.iter().map(|row| row.get::<_, String>(0)));
        client.execute("select pgq.finish_batch($1)", &[&batch]).unwrap();
    }
    seen
}

#[test]
fn an_upgrade_under_use_loses_no_event_and_leaves_nothing_old() {
    let (_cluster, owner) = installed();
    set_back(&owner);
    owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader');
         create table item (id int primary key, name text, noise int);
         create trigger plain after insert or update or delete on item for each row
             execute function pgq.logutriga('jobs');
         create table busy (id int primary key, name text, noise int);
         create trigger args after insert or update or delete on busy for each row
             execute function pgq.logutriga('jobs', 'ignore=noise');
         select pgq_node.register_location('jobs', 'n', 'dbname=n', false);
         select pgq_node.create_node('jobs', 'root', 'n', 'w', null, null, null);
         create table captured (id int primary key, name text);
         select londiste.local_add_table('jobs', 'public.captured')",
    );
    let mut writer = owner.connect();
    let mut reader = owner.connect();
    let mut expected = Vec::new();
    let mut write = |writer: &mut Client, id: i32| {
        for table in ["item", "busy"] {
            writer.execute(&format!("insert into {table} values ($1, 'a', 1)"), &[&id]).unwrap();
            writer.execute(&format!("update {table} set noise = 2 where id = $1"), &[&id]).unwrap();
            expected.push(format!("id={id}&name=a&noise=1"));
            if table == "item" {
                expected.push(format!("id={id}&name=a&noise=2"));
            } else {
                let ignored = expected.pop().unwrap().replace("&noise=1", "");
                expected.push(ignored);
            }
        }
        writer.execute("insert into captured values ($1, 'a')", &[&id]).unwrap();
        expected.push(format!("id={id}&name=a"));
        writer.execute("select pgq.insert_event('jobs', 'by hand', $1)", &[&id.to_string()]).unwrap();
        expected.push(id.to_string());
    };
    write(&mut writer, 1);
    let old = "select count(*) from pg_proc where pronamespace = 'pgq'::regnamespace \
                  and (proname ~ '^_row_u1_' or proname in ('_trigger_event', '_insert_event_row'))";
    assert!(owner.number(old) >= 3, "the old version is not there");
    owner.execute("select pgq.force_tick('jobs')");
    owner.execute("select pgq.ticker('jobs')");
    let batch: i64 = reader.query_one("select pgq.next_batch('jobs', 'reader')", &[]).unwrap().get(0);
    write(&mut writer, 2);

    // A writer's transaction is open across the upgrade, and so is the reader's batch.
    writer.batch_execute("begin").unwrap();
    write(&mut writer, 3);
    install(&owner);
    write(&mut writer, 4);
    writer.batch_execute("commit").unwrap();
    write(&mut writer, 5);
    let functions = "select count(*) from pgq._row_functions() where in_tree";
    assert!(owner.number(functions) >= 3, "the upgrade writes row functions of the triggers that there are");

    let first =
        reader.query("select ev_data from pgq.get_batch_events($1) order by ev_id", &[&batch]).unwrap();
    let mut seen: Vec<String> = first.iter().map(|row| row.get(0)).collect();
    reader.execute("select pgq.finish_batch($1)", &[&batch]).unwrap();
    seen.extend(drain(&mut reader));
    seen.retain(|data| !data.starts_with("public."));
    assert_eq!(seen, expected);

    // Maintenance removes what the old version called; nothing of it is left to do after that.
    for _ in 0..2 {
        for row in
            owner.rows("select func_name from pgq.maint_operations() where func_name ~ 'row_functions'")
        {
            owner.execute(&format!("select {}()", row[0].as_ref().unwrap()));
        }
    }
    assert_eq!(owner.number(old), 0);
    assert_eq!(
        owner.number("select count(*) from pgq.maint_operations() where func_name ~ 'row_functions'"),
        0
    );
    writer.execute("insert into item values (6, 'a', 1)", &[]).unwrap();
    assert_eq!(drain(&mut reader), ["id=6&name=a&noise=1"]);
}

#[test]
fn steps_are_taken_once_and_a_newer_installation_is_refused() {
    let (_cluster, owner) = installed();
    let steps = "select string_agg(step::text, ',' order by step) from londiste_rs.schema_step";
    let taken = owner.value(steps);
    // captures are written anew where this is another one
    assert_eq!(owner.value("select londiste_rs.version()"), env!("CARGO_PKG_VERSION"));
    let numbers: Vec<usize> = taken.split(',').map(|step| step.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    let times = "select string_agg(done_at::text, ',' order by step) from londiste_rs.schema_step";
    let before = owner.value(times);
    install(&owner);
    assert_eq!((owner.value(steps), owner.value(times)), (taken, before));
    let file = tests::repository().join("sql/init_noext.sql");
    let again = owner.psql_with(&["-qf", file.to_str().unwrap()]);
    assert!(!again.stderr.contains("already exists"), "{}", again.stderr);
    let newer = format!("version {} of the londiste-rs schemas", numbers.len() + 1);

    owner.execute(
        "insert into londiste_rs.schema_step \
         select max(step) + 1, 'of tomorrow' from londiste_rs.schema_step",
    );
    owner.execute(
        "create or replace function pgq.version() returns text language sql as $$ select 'tomorrow' $$",
    );
    let refused = owner.psql_with(&["-qf", file.to_str().unwrap()]);
    assert!(refused.stderr.contains(&newer) && refused.stderr.contains("HINT"), "{}", refused.stderr);
    assert_eq!(owner.value("select pgq.version()"), "tomorrow", "nothing is changed");
    owner.execute("delete from londiste_rs.schema_step where what = 'of tomorrow'");
    let skipped = owner.try_rows("select londiste_rs.take_step(99, 'too early')");
    assert!(skipped.is_err(), "steps are taken in order");
}

/// Indexes of a copy that the older version's worker has begun.
#[test]
fn what_a_copy_of_the_older_version_has_dropped_comes_back() {
    let (_cluster, owner) = installed();
    owner.execute(
        "drop table londiste_rs.copy_index cascade;
         create table londiste_rs.copy_index (
             dest_table text not null, index_name text not null, place integer not null, alone boolean not null,
             created boolean not null default false, create_sql text not null, constraint_name text,
             constraint_sql text, mark_sql text,
             primary key (dest_table, index_name));
         create table t (id int, v text);
         insert into londiste_rs.copy_index values
             ('public.t', 't_pkey', 0, false, false, 'create unique index t_pkey on public.t (id)', 't_pkey',
              'alter table public.t add primary key using index t_pkey', null),
             ('public.t', 't_v', 1, false, false, 'create index t_v on public.t (v)', null, null,
              'comment on index public.t_v is ''of v''')",
    );
    for _ in 0..2 {
        install(&owner);
    }
    let ddl = owner.value("select londiste_rs.copy_dropped_ddl('public.t')");
    assert!(ddl.starts_with("create unique index t_pkey on public.t (id);\nalter table"), "{ddl}");
    let keyed = "select pg_get_constraintdef(oid) from pg_constraint \
                  where conrelid = 'londiste_rs.copy_index'::regclass and contype = 'p'";
    assert_eq!(owner.value(keyed), "PRIMARY KEY (dest_table, relation, index_name)");
    assert_eq!(owner.number("select count(*) from londiste_rs.copy_restore_dropped('public.t')"), 0);
    assert_eq!(owner.value("select obj_description('t_v'::regclass)"), "of v");
    assert_eq!(
        owner.number("select count(*) from pg_constraint where conrelid = 't'::regclass and contype = 'p'"),
        1
    );
    assert_eq!(owner.number("select count(*) from londiste_rs.copy_index"), 0);
}
