//! Side by side with the replication worker.
use super::target::Target;

const PENDING: &str = "create schema londiste; \
                       create table londiste.pending_fkeys (from_table text, to_table text, fkey_name text, \
                           fkey_def text)";

/// What this project's replication brings along, as far as the scripts see it: every foreign key of public is made
/// deferrable.
const RELAXATION: &str = r#"
    create schema londiste_rs;
    create table londiste_rs.relaxed_fkey (
        table_name text, fkey_name text, was_deferrable boolean, was_deferred boolean,
        primary key (table_name, fkey_name));
    create function londiste_rs.relax_tables() returns void language plpgsql as $$
    declare
        k record;
    begin
        for k in select conrelid::regclass as t, conname, condeferrable, condeferred from pg_constraint
                  where contype = 'f' and conparentid = 0 and not condeferred
                    and conrelid = any (array(select oid from pg_class
                                               where relnamespace = 'public'::regnamespace and not relispartition))
        loop
            insert into londiste_rs.relaxed_fkey
            values ('public.' || (select relname from pg_class where oid = k.t), k.conname, k.condeferrable,
                    k.condeferred)
                on conflict do nothing;
            execute format('alter table %s alter constraint %I deferrable initially deferred', k.t, k.conname);
        end loop;
    end $$;"#;

#[test]
fn what_the_worker_dropped_around_a_copy_is_left_to_the_worker() {
    let target = Target::with_children(&["a", "b"]);
    target.app.execute(PENDING);
    target.app.execute(r#"create table "C.c" (p int constraint "c.fk" references parent)"#);
    let before = target.snapshot();
    target.scripts("collect");
    target.app.execute(
        r#"alter table a drop constraint a_fk; alter table "C.c" drop constraint "c.fk";
           insert into londiste.pending_fkeys values
               ('public.a', 'public.parent', 'a_fk', '-'), ('public.C.c', 'public.parent', 'c.fk', '-')"#,
    );
    target.scripts("collect drop");
    target.assert_state("b_fk", "dropped");
    let output = target.script("restore");
    output.expect_success();
    assert_eq!(output.stdout.matches("dropped by the replication worker").count(), 2, "{}", output.report());
    assert_eq!(target.definitions("a") + &target.definitions("\"C.c\""), "");
    target.scripts("validate");

    target.app.execute(
        r#"alter table a add constraint a_fk foreign key (p) references parent not valid;
           alter table "C.c" add constraint "c.fk" foreign key (p) references parent;
           delete from londiste.pending_fkeys"#,
    );
    target.scripts("restore");
    target.assert_state("a_fk", "restored");
    target.assert_state("c.fk", "validated");
    target.scripts("validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn a_foreign_key_is_relaxed_as_soon_as_it_is_back_and_its_own_form_is_remembered() {
    let target = Target::with_children(&["a", "b"]);
    target.app.execute("alter table b alter constraint b_fk deferrable");
    target.app.execute(RELAXATION);
    target.app.execute("select londiste_rs.relax_tables()");
    target.scripts("collect");
    let own = "select string_agg(definition, '; ' order by fkey_name) from londiste_fk.foreign_key";
    let plain = "FOREIGN KEY (p) REFERENCES public.parent(id)";
    assert_eq!(target.app.value(own), format!("{plain}; {plain} DEFERRABLE"));

    target.scripts("drop restore collect");
    for child in ["a", "b"] {
        let relaxed = format!(
            "{child}_fk: FOREIGN KEY (p) REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
        );
        assert_eq!(target.definitions(child), relaxed);
    }
    assert_eq!(target.app.value(own), format!("{plain}; {plain} DEFERRABLE"));

    target.scripts("drop");
    target.app.execute("drop schema londiste_rs cascade");
    target.scripts("restore validate");
    assert_eq!(target.definitions("a"), "a_fk: FOREIGN KEY (p) REFERENCES parent(id)");
    assert_eq!(target.definitions("b"), "b_fk: FOREIGN KEY (p) REFERENCES parent(id) DEFERRABLE");
}

#[test]
fn a_foreign_key_that_cannot_be_relaxed_does_not_come_back() {
    let target = Target::with_children(&["a"]);
    target.scripts("collect drop");
    target.app.execute(
        "create schema londiste_rs; create function londiste_rs.relax_tables() returns void language plpgsql as
         $$ begin raise exception 'not today'; end $$",
    );
    target.script("restore").expect_failure(3, &["1 of 1 foreign keys could not be restored"]);
    assert_eq!(target.remembered("a_fk"), ("dropped".to_owned(), "not today".to_owned()));
    assert_eq!(target.definitions("a"), "");
}

#[test]
fn partitions_let_replicated_changes_pass_until_the_whole_table_has_its_foreign_key() {
    let target = Target::with_children(&[]);
    target.app.execute(
        "create table child (id int, p int) partition by range (id);
         create table child_1 partition of child for values from (1) to (10);
         alter table child add constraint child_fk foreign key (p) references parent",
    );
    let before = target.snapshot();
    target.app.execute(RELAXATION);
    target.scripts("collect drop restore");
    let mut replay = target.app.connect();
    replay
        .batch_execute("begin; insert into child values (1, 3); insert into parent values (3); commit")
        .unwrap();
    target.scripts("validate");
    replay
        .batch_execute("begin; insert into child values (1, 4); insert into parent values (4); commit")
        .unwrap();

    target.scripts("drop");
    target.app.execute("drop schema londiste_rs cascade");
    target.scripts("restore validate");
    assert_eq!(target.snapshot(), before);
}

#[test]
fn what_the_worker_holds_of_a_partitioned_table_is_not_validated() {
    for held in ["child", "child_1"] {
        let target = Target::with_children(&[]);
        target.app.execute(PENDING);
        target.app.execute(
            "create table child (id int, p int) partition by range (id);
             create table child_1 partition of child for values from (1) to (10);
             alter table child add constraint child_fk foreign key (p) references parent",
        );
        let before = target.snapshot();
        target.scripts("collect drop restore");
        target.app.execute(&format!(
            "insert into londiste.pending_fkeys
             select 'public.{held}', 'public.parent', case when '{held}' = 'child' then 'child_fk' else
                        (select fkey_name from londiste_fk.partition_fkey where table_name = 'child_1') end, '-'"
        ));
        target.script("validate");
        let valid = "select count(*) from pg_constraint where contype = 'f' and convalidated \
                        and conrelid in ('child'::regclass, 'child_1'::regclass)";
        assert_eq!(target.app.value(valid), "0", "{held}");
        target.app.execute("delete from londiste.pending_fkeys");
        target.scripts("validate");
        assert_eq!(target.snapshot(), before, "{held}");
    }
}
