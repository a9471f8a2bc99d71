//! Collected, dropped, restored, validated: nothing has changed.
use super::target::Target;

#[test]
fn the_catalog_after_the_round_trip_is_the_catalog_before() {
    let target = Target::with_every_kind();
    let before = target.snapshot();
    target.scripts("collect drop");
    assert_eq!(target.snapshot(), Vec::<Vec<Option<String>>>::new());
    target.scripts("restore");
    let valid = target.app.number(
        "select count(*) from pg_constraint where contype = 'f' and convalidated and conparentid = 0
            and conrelid <> 'londiste_fk.partition_fkey'::regclass",
    );
    assert_eq!(
        valid,
        i64::from(target.cluster.major() < 18),
        "all NOT VALID, but on a table without partitions"
    );
    target.scripts("validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn any_order_and_any_number_of_times_ends_with_the_same_catalog() {
    let target = Target::with_every_kind();
    let before = target.snapshot();
    target.scripts("collect collect drop collect drop drop collect restore collect restore collect");
    target
        .scripts("drop collect restore validate validate collect drop restore drop restore restore validate");
    assert_eq!(target.snapshot(), before);
    target.scripts("drop");
    let output = target.script("validate");
    output.expect_failure(3, &["could not be validated"]);
    assert!(output.stdout.contains("run restore_fks.sql first"), "{}", output.report());
    target.scripts("restore validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn a_psqlrc_and_one_single_transaction_change_nothing() {
    let target = Target::with_every_kind();
    let before = target.snapshot();
    let directory = tempfile::tempdir().unwrap();
    let psqlrc = directory.path().join("psqlrc");
    std::fs::write(
        &psqlrc,
        "set search_path = nowhere;\n\\set AUTOCOMMIT off\n\\set ON_ERROR_ROLLBACK on\n\\x on\n\\t on\n",
    )
    .unwrap();
    for name in ["collect", "drop", "restore", "validate"] {
        target.script_with(name, &[], Some(&psqlrc)).expect_success();
    }
    assert_eq!(target.snapshot(), before);

    for name in ["collect", "drop", "restore", "validate"] {
        target.script_with(name, &["--single-transaction"], None).expect_success();
    }
    assert_eq!(target.snapshot(), before);
    target.scripts("drop");
    target.app.execute(r#"delete from "Sh.op x".line"#);
    target.scripts("restore");
    let restored = target.snapshot();
    target
        .script_with("validate", &["--single-transaction"], None)
        .expect_failure(3, &["could not be validated"]);
    assert_eq!(target.snapshot(), restored, "all or nothing");
}

#[test]
fn changes_made_by_hand_are_noticed() {
    let target = Target::with_children(&["changed", "renamed", "readded", "other_name", "late"]);
    target.app.execute("alter table late drop constraint late_fk");
    target.scripts("collect");
    target.app.execute(
        "alter table changed drop constraint changed_fk,
             add constraint changed_fk foreign key (p) references parent on delete cascade;
         alter table renamed rename constraint renamed_fk to \"New name\";
         alter table late add constraint late_fk foreign key (p) references parent",
    );
    let output = target.script("drop");
    output.expect_success();
    assert!(output.stdout.contains("run collect_fks.sql again"), "{}", output.report());
    target.app.execute(
        "alter table readded add constraint readded_fk foreign key (p) references parent;
         alter table other_name add constraint mine foreign key (p) references parent",
    );
    target.scripts("restore validate");
    let plain = "FOREIGN KEY (p) REFERENCES parent(id)";
    assert_eq!(target.definitions("changed"), format!("changed_fk: {plain} ON DELETE CASCADE"));
    assert_eq!(target.definitions("renamed"), format!("New name: {plain}"));
    assert_eq!(target.definitions("readded"), format!("readded_fk: {plain}"));
    assert_eq!(target.definitions("other_name"), format!("mine: {plain}"));
    assert_eq!(target.definitions("late"), format!("late_fk: {plain}"));
}

#[test]
fn only_the_users_own_foreign_keys_are_collected() {
    let target = Target::with_children(&["a", "member"]);
    for schema in ["pgq", "pgq_node", "londiste", "londiste_rs"] {
        target.app.execute(&format!(
            "create schema {schema}; create table {schema}.t (id int primary key, t int references {schema}.t)"
        ));
    }
    target.cluster.admin("cloud").execute("alter extension plpgsql add table member");
    target.scripts("collect drop");
    assert_eq!(target.app.value("select string_agg(fkey_name, ' ') from londiste_fk.foreign_key"), "a_fk");
    assert_ne!(target.definitions("pgq.t"), "");
}
