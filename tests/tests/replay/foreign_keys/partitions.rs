//! Foreign keys of partitioned tables, which before PostgreSQL 18 come back by way of the partitions.
use super::target::Target;

/// A partitioned child with two partitions and a row in each.
fn partitioned() -> Target {
    let target = Target::with_children(&["other"]);
    target.app.execute(
        "create table child (id int, p int) partition by range (id);
         create table child_1 partition of child for values from (1) to (10);
         create table child_2 partition of child for values from (10) to (20);
         alter table child add constraint child_fk foreign key (p) references parent on delete cascade;
         insert into child values (1, 1), (10, 2)",
    );
    target
}

#[test]
fn every_partition_is_guarded_between_restore_and_validate() {
    let target = partitioned();
    let before = target.snapshot();
    target.scripts("collect drop restore");
    for row in ["(2, 5)", "(12, 5)"] {
        let inserted = target.app.connect().batch_execute(&format!("insert into child values {row}"));
        assert!(inserted.is_err(), "{row}");
    }
    target.app.execute("delete from other; delete from parent where id = 1");
    assert_eq!(target.app.number("select count(*) from child"), 1);
    target.scripts("collect restore drop");
    target.assert_state("child_fk", "dropped");
    assert_eq!(target.definitions("child_1"), "");
    target.scripts("restore validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn partitions_that_come_and_go_meanwhile_are_seen() {
    let target = partitioned();
    target.scripts("collect drop restore");
    target.app.execute(
        "drop table child_1;
         create table child_3 partition of child for values from (20) to (30);
         insert into child values (20, 2)",
    );
    target.scripts("validate");
    target.assert_state("child_fk", "validated");
    let parts = "select count(*) from pg_constraint where conname = 'child_fk' and convalidated";
    assert_eq!(target.app.number(parts), 3, "the table and two partitions");
    assert!(target.app.connect().batch_execute("insert into child values (21, 5)").is_err());
}

#[test]
fn each_partition_with_offending_rows_is_reported() {
    let target = partitioned();
    let before = target.snapshot();
    target.scripts("collect drop");
    target.app.execute("insert into child values (2, 71), (12, 72)");
    target.scripts("restore");
    let output = target.script("validate");
    output.expect_failure(3, &["1 of 2 foreign keys could not be validated"]);
    let (state, error) = target.remembered("child_fk");
    assert_eq!(state, "restored");
    for (partition, key) in [("child_1", 71), ("child_2", 72)] {
        assert!(error.contains(&format!("\"{partition}\"")), "{error}");
        assert!(error.contains(&format!("Key (p)=({key}) is not present")), "{error}");
    }
    target.assert_state("other_fk", "validated");
    target.app.execute("delete from child where p > 70");
    target.scripts("validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn a_partitioned_table_takes_over_its_partitions_without_looking_at_their_rows() {
    let target = partitioned();
    target.scripts("collect drop restore");
    let admin = target.cluster.admin("cloud");
    for partition in ["child_1", "child_2"] {
        admin.execute(&format!("alter table {partition} validate constraint child_fk"));
    }
    admin.execute("set session_replication_role = replica; insert into child values (3, 99)");
    target.scripts("validate");
    target.assert_state("child_fk", "validated");
}
