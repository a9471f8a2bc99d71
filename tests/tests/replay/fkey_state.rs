//! A foreign key that replication drops, makes NOT VALID or deferrable ends in the state that it had before the first
//! of these changes.

use std::time::Duration;

use tests::{Cluster, Database, Pair, Setup};

/// A leaf's database of an ordinary role; nothing runs.
fn leaf() -> (Cluster, Database) {
    let cluster = Cluster::start("fkeys");
    let admin = cluster.admin("postgres");
    admin.execute("create role keeper login password 'fkeys-Secret1' nosuperuser");
    admin.execute("create database kept owner keeper template template0");
    let owner = Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "kept".to_owned(),
        user: "keeper".to_owned(),
        password: Some("fkeys-Secret1".to_owned()),
    };
    owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
    owner.execute(
        "select pgq_node.register_location('q', 'n', 'x', false);
         select pgq_node.register_location('q', 'p', 'x', false);
         select pgq_node.create_node('q', 'leaf', 'n', 'w', 'p', 1, null);
         create table p (id int primary key);
         create table c (id int primary key, p int, own int) partition by range (id);
         create table c1 partition of c for values from (0) to (100);
         create table s (id int primary key, p int constraint sp references p deferrable, own int);
         alter table s add constraint self foreign key (own) references s not valid;
         comment on constraint sp on s is 'of s';
         alter table c1 add constraint own_name foreign key (p) references p;
         comment on constraint own_name on c1 is 'of the part';
         alter table c add constraint cp foreign key (p) references p on delete cascade;
         insert into londiste.table_info (queue_name, table_name, local, merge_state)
             select 'q', 'public.' || t, true, 'ok' from unnest(array['p', 'c', 's']) t",
    );
    (cluster, owner)
}

/// Everything that the user can see of the foreign keys.
fn state(database: &Database) -> String {
    database.value(
        "select string_agg(concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated,
                                     obj_description(oid, 'pg_constraint')),
                           E'\n' order by conrelid::regclass::text, conname)
           from pg_constraint
          where contype = 'f' and connamespace = 'public'::regnamespace
            and (conparentid = 0 or conrelid = 'c1'::regclass)",
    )
}

fn copy(database: &Database, table: &str) {
    database.execute(&format!(
        "update londiste.table_info set merge_state = 'in-copy' where table_name = 'public.{table}';
         select londiste_rs.drop_fkeys('public.{table}'); select londiste_rs.relax_tables()"
    ));
}

/// The copies are over, and the worker does one step.
fn work(database: &Database, step: &str) {
    database.execute("update londiste.table_info set merge_state = 'ok'");
    let call = format!("select table_name, fkey_name from londiste_rs.fkey_work() where step = '{step}'");
    for row in database.rows(&call) {
        let [table, fkey] = [0, 1].map(|at| row[at].clone().unwrap_or_default());
        database.execute(&format!(
            "select londiste_rs.{step}_fkey('{table}', '{fkey}'); select londiste_rs.relax_tables()"
        ));
    }
}

#[test]
fn overlapping_copies_relaxing_scripts_and_removal_give_back_what_was() {
    let (cluster, database) = leaf();
    if cluster.major() >= 18 {
        database.execute("alter table s add constraint ne foreign key (id) references p not enforced");
    }
    let before = state(&database);
    database.execute("select londiste_rs.relax_tables()");
    assert_ne!(state(&database), before);
    // the second copy, at either end, begins while the keys of the first are NOT VALID
    for tables in [["s", "p"], ["p", "s"], ["c", "p"], ["s", "s"]] {
        for table in tables {
            copy(&database, table);
            work(&database, "restore");
        }
    }
    let unvalidated =
        "select string_agg(fkey_name, ' ' order by fkey_name) from londiste_rs.unvalidated_fkey";
    assert!(database.value(unvalidated).contains("sp"), "{}", database.value(unvalidated));
    assert_eq!(
        database.value(
            "select fkey_name || ' ' || was_valid from londiste_rs.foreign_key where fkey_name = 'self'"
        ),
        "self false"
    );

    // the guide's scripts collect a key that is NOT VALID for the moment, and a copy finds one that they have restored
    for name in ["collect", "drop", "restore"] {
        database.psql_file(&tests::repository().join(format!("sql/{name}_fks.sql")));
    }
    copy(&database, "p");
    work(&database, "restore");
    copy(&database, "s");
    // removed in the middle of its copy
    database.execute("select londiste_rs.remove_table('q', 'public.s')");
    work(&database, "restore");
    work(&database, "validate");
    database.psql_file(&tests::repository().join("sql/validate_fks.sql"));
    for table in ["c", "p"] {
        database.execute(&format!("select londiste_rs.remove_table('q', 'public.{table}')"));
    }
    assert_eq!(state(&database), before);
    assert_eq!(database.number("select count(*) from londiste_rs.foreign_key"), 0);
}

#[test]
fn one_key_that_fails_says_its_own_remedy_and_stops_nobody() {
    let (_cluster, database) = leaf();
    copy(&database, "p");
    database.execute("insert into s values (1, 77); alter table c drop column p");
    database.execute("update londiste.table_info set merge_state = 'ok'");
    let note = database.value("select ret_note from londiste_rs.remove_table('q', 'public.p')");
    assert!(note.contains("still to be validated: sp of public.s"), "{note}");
    assert!(note.contains("do not come back: cp of public.c (column \"p\""), "{note}");
    database.execute("select londiste_rs.fkey_failed('public.s', 'sp', 'Key (p)=(77) is not present')");
    let troubles =
        "select string_agg(trouble, E'\n' order by table_name) from londiste_rs.table_troubles('q')";
    let told = database.value(troubles);
    assert!(
        told.contains("alter table public.s validate constraint sp")
            || told.contains("alter table s validate"),
        "{told}"
    );
    assert!(told.contains("cp does not come back"), "{told}");
    // whoever repairs it by hand needs no other command
    database.execute("delete from s");
    database.execute("alter table s validate constraint sp; select londiste_rs.settle_fkeys()");
    let told = database.value(troubles);
    assert!(!told.contains("validate constraint"), "{told}");
}

/// A copy may be about to free its table when the table is taken out: nobody would bring back what it drops.
#[test]
fn a_table_that_has_left_keeps_its_keys_whoever_comes_late() {
    let (_cluster, database) = leaf();
    let before = state(&database);
    for table in ["public.s", "public.c", "public.p"] {
        let removed = format!("select ret_code from londiste_rs.remove_table('q', '{table}')");
        assert_eq!(database.value(&removed), "200");
    }
    for table in ["public.s", "public.p", "public.c", "public.c1", "public.none"] {
        let late = format!("select londiste_rs.drop_fkeys('{table}') + londiste_rs.relax_table('{table}')");
        assert_eq!(database.value(&late), "0", "{table}");
    }
    assert_eq!(database.value("select londiste_rs.relax_tables()"), "0");
    assert_eq!(state(&database), before);
}

#[test]
fn what_an_older_version_remembered_is_taken_over() {
    let (_cluster, database) = leaf();
    database.execute(
        "drop view londiste_rs.relaxed_fkey, londiste_rs.unvalidated_fkey;
         create table londiste_rs.relaxed_fkey (table_name text, fkey_name text, was_deferrable boolean,
             was_deferred boolean);
         create table londiste_rs.unvalidated_fkey (table_name text, fkey_name text, error text);
         alter table s alter constraint sp deferrable initially deferred;
         insert into londiste_rs.relaxed_fkey values ('public.s', 'sp', false, false);
         insert into londiste_rs.unvalidated_fkey values ('public.s', 'self', null)",
    );
    for _ in 0..2 {
        database.psql_file(&tests::repository().join("sql/init_noext.sql"));
    }
    work(&database, "validate");
    database.execute("select londiste_rs.undo_relaxed(true)");
    let now = state(&database);
    assert!(now.contains("s self FOREIGN KEY (own) REFERENCES s(id) t"), "{now}");
    assert!(now.contains("s sp FOREIGN KEY (p) REFERENCES p(id) t"), "{now}");
}

#[test]
fn wait_sync_ends_when_the_keys_are_back_however_often_both_ends_are_copied() {
    let pair = Pair::start();
    pair.both(
        "create table parent (id int primary key);
         create table child (id int primary key, p int constraint cp references parent)",
    );
    pair.source.execute(
        "insert into parent select generate_series(1, 2000); \
         insert into child select g, g from generate_series(1, 2000) g",
    );
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "wait-sync"]).expect_success();
    let valid = "select count(*) from pg_constraint where conname = 'cp' and convalidated";
    assert_eq!(pair.target.number(valid), 1);
    for _ in 0..3 {
        setup.londiste(&["target.ini", "resync", "child"]).expect_success();
        setup.wait_ok(Duration::from_secs(60));
        setup.londiste(&["target.ini", "resync", "--all"]).expect_success();
    }
    setup.londiste(&["target.ini", "wait-sync"]).expect_success();
    assert_eq!(pair.target.number(valid), 1);
    setup.londiste(&["target.ini", "resync", "parent"]).expect_success();
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    assert_eq!(pair.target.number(valid), 1);
}

/// Its statement names tables as they are found from schema `public`.
#[test]
fn a_key_that_the_stock_worker_has_dropped_comes_back_after_a_failure() {
    let (_cluster, owner) = leaf();
    let before = state(&owner);
    owner.execute(
        "alter table s drop constraint sp;
         insert into londiste.pending_fkeys (from_table, to_table, fkey_name, fkey_def)
             values ('public.s', 'public.p', 'sp',
                     'ALTER TABLE ONLY s ADD CONSTRAINT sp FOREIGN KEY (p) REFERENCES p(id) DEFERRABLE');
         select londiste_rs.fkey_failed('public.s', 'sp', 'a lock that was not to be had')",
    );
    assert!(owner.value("select trouble from londiste_rs.fkey_troubles()").contains("not to be had"));
    owner.execute(
        "select londiste_rs.restore_fkey('public.s', 'sp'); select londiste_rs.validate_fkey('public.s', 'sp');
         comment on constraint sp on s is 'of s'",
    );
    assert_eq!(state(&owner), before);
}
