//! What cannot be done is reported, what can be is done.
use std::time::Duration;

use tests::wait_until;

use super::target::Target;

#[test]
fn validate_reports_the_offending_row_and_goes_on_with_the_others() {
    let target = Target::with_children(&["a", "b", "c"]);
    let before = target.snapshot();
    target.scripts("collect drop");
    target.app.execute("insert into b values (3, 77)");
    target.scripts("restore");

    let output = target.script("validate");
    output.expect_failure(3, &["1 of 3 foreign keys could not be validated"]);
    assert!(
        output.stdout.contains("Key (p)=(77) is not present in table \"parent\"."),
        "{}",
        output.report()
    );
    target.assert_state("a_fk", "validated");
    target.assert_state("c_fk", "validated");
    let (state, error) = target.remembered("b_fk");
    assert_eq!(state, "restored");
    assert!(error.contains("violates foreign key constraint \"b_fk\""), "{error}");
    assert!(
        target.app.connect().batch_execute("insert into b values (4, 78)").is_err(),
        "new rows are checked"
    );

    target.app.execute("delete from b where p = 77");
    target.scripts("validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn a_lock_that_cannot_be_had_is_reported_with_its_holder_and_tried_again() {
    let target = Target::with_children(&["a", "b"]);
    target.scripts("collect");
    let mut holder = target.app.connect();
    holder.batch_execute("begin; lock table a in access share mode").unwrap();
    let output = target.script_with("drop", &["-v", "lock_timeout=100ms", "-v", "tries=2"], None);
    output.expect_failure(3, &["1 of 2 foreign keys could not be dropped", "trying again"]);
    target.assert_state("b_fk", "dropped");
    let (state, error) = target.remembered("a_fk");
    assert_eq!(state, "collected");
    assert!(error.contains("lock timeout; locked by pid") && error.contains("(tests)"), "{error}");
    assert!(error.contains("tried 2 times"), "{error}");

    std::thread::scope(|scope| {
        let drop = scope.spawn(|| target.script_with("drop", &["-v", "lock_timeout=100ms"], None));
        wait_until(Duration::from_secs(20), "the script waits for the lock", || {
            target.app.number("select count(*) from pg_locks where not granted") > 0
        });
        holder.batch_execute("rollback").unwrap();
        drop.join().unwrap().expect_success();
    });
    target.assert_state("a_fk", "dropped");
}

#[test]
fn what_belongs_to_others_is_reported_and_the_rest_is_done() {
    let target = Target::with_children(&["a", "b"]);
    target.cluster.admin("cloud").execute(
        "alter table a owner to postgres;
         create schema secret;
         create table secret.t (id int primary key, t int constraint secret_fk references secret.t)",
    );
    target.scripts("collect");
    let output = target.script("drop");
    output.expect_failure(3, &["2 of 3 foreign keys could not be dropped"]);
    assert_eq!(target.remembered("a_fk").1, "must be owner of table a");
    assert_eq!(target.remembered("secret_fk").1, "permission denied for schema secret");
    target.assert_state("b_fk", "dropped");
    assert_eq!(target.definitions("a"), "a_fk: FOREIGN KEY (p) REFERENCES parent(id)");
}

#[test]
fn a_table_or_column_that_is_gone_is_reported_and_the_rest_is_restored() {
    let target = Target::with_children(&["a", "b", "c"]);
    target.scripts("collect drop");
    target.app.execute("drop table a; alter table b drop column p");
    let output = target.script("restore");
    output.expect_failure(3, &["2 of 3 foreign keys could not be restored"]);
    assert!(output.stdout.contains("relation \"public.a\" does not exist"), "{}", output.report());
    assert!(output.stdout.contains("column \"p\" referenced in foreign key"), "{}", output.report());
    target.assert_state("c_fk", "restored");
    target.app.execute("delete from londiste_fk.foreign_key where table_name in ('a', 'b')");
    target.scripts("restore validate");
}

#[test]
fn without_a_collection_nothing_is_touched() {
    let target = Target::with_children(&["a"]);
    for name in ["drop", "restore", "validate"] {
        target
            .script(name)
            .expect_failure(3, &["no foreign keys have been collected", "Run collect_fks.sql first"]);
    }
    assert_eq!(target.definitions("a"), "a_fk: FOREIGN KEY (p) REFERENCES parent(id)");
}

#[test]
fn two_scripts_at_once_are_refused() {
    let target = Target::with_children(&["a"]);
    target.scripts("collect");
    let mut holder = target.app.connect();
    holder.batch_execute("begin; lock table a in access share mode").unwrap();
    std::thread::scope(|scope| {
        let drop = scope.spawn(|| target.script("drop"));
        wait_until(Duration::from_secs(20), "the first script waits for its lock", || {
            target.app.number("select count(*) from pg_locks where not granted") > 0
        });
        target.script("restore").expect_failure(3, &["another session is running"]);
        holder.batch_execute("rollback").unwrap();
        drop.join().unwrap().expect_success();
    });
    target.scripts("restore validate");
}
