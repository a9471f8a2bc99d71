//! What capture asks instead of a table's whole definition, for next to nothing: whenever the definition changes, so
//! does the answer.
use crate::root::{Root, root};

/// Each of the table `d`, with whether its rows have another shape or key afterwards.
const CHANGES: &[(&str, bool)] = &[
    ("alter table d add \"o'd %s\" int", true),
    ("alter table d alter \"o'd %s\" type bigint", true),
    ("alter table d alter \"o'd %s\" type numeric(5)", true),
    ("alter table d rename \"o'd %s\" to \"O'd %I\"", true),
    ("analyze d", false),
    ("comment on table d is 'x'", false),
    ("alter table d alter code set default 7", false),
    ("create index on d (n)", false),
    ("reindex table concurrently d", false),
    ("alter table d add constraint positive check (n > 0)", false),
    ("alter type mood rename to humour", true),
    ("alter table d alter m type text", true),
    ("alter table d drop constraint d_pkey", true),
    ("alter table d add primary key (code, id)", true),
    ("alter table d drop constraint d_pkey, add primary key (id)", true),
    ("alter table d drop constraint d_pkey, add primary key (id)", false),
    ("alter table d drop constraint d_pkey", true),
    ("alter table d alter code drop not null", true),
    ("alter table d drop n", true),
    ("drop index by_code", false),
    ("alter table d drop column \"O'd %I\"; alter table d add \"O'd %I\" numeric(7)", false),
];

fn captured(root: &Root) {
    root.app.execute(
        "create type mood as enum ('good', 'bad');
         create table d (id int primary key, code int not null, n int, m mood);
         create unique index by_code on d (code);
         insert into d values (1, 1, 1, 'good');
         select londiste_rs.capture_table('q', 'public.d')",
    );
}

#[test]
fn the_answer_changes_with_the_shape_and_the_worker_looks_at_what_has_changed() {
    let root = root();
    captured(&root);
    let all = "('d'::regclass, 'd'::regclass)";
    for (change, counts) in CHANGES {
        let question = root.app.value(&format!("select londiste_rs.layout_question{all}"));
        let question = format!("select londiste_rs.layout_answer('d'::regclass, $q${question}$q$)");
        let shape = format!("select londiste_rs.row_shape{all}");
        let (answer, was) = (root.app.value(&question), root.app.value(&shape));
        assert!(!answer.is_empty(), "before {change}");
        root.app.psql(change);
        assert_eq!(root.app.value(&shape) != was, *counts, "{change}");
        assert!(!counts || root.app.value(&question) != answer, "{change}: {answer}");

        let stale = root.app.rows("select londiste_rs.stale_captures('q')").len();
        assert_eq!(stale, usize::from(*counts), "{change}");
        root.app.execute("select londiste_rs.capture_table('q', 'public.d')");
        assert_eq!(root.app.rows("select londiste_rs.stale_captures('q')").len(), 0, "{change}");
        root.app.execute("truncate pgq.event_1_0; update d set code = code + 1");
        let number = format!(
            "select count(*) from pgq.event_1 e join londiste_rs.shape s on s.shape_id::text = e.ev_extra3 \
                and s.description = londiste_rs.row_shape{all}"
        );
        assert_eq!(root.app.number(&number), 1, "{change}");
    }
}

#[test]
fn the_same_question_has_the_same_answer_whatever_is_set_and_whoever_asks() {
    let root = root();
    captured(&root);
    root.app.execute(
        "grant all on d to clerk; alter table d add \"T\" timestamptz; \
         select londiste_rs.capture_table('q', 'public.d')",
    );
    let source = "select prosrc from pg_proc where proname ~ '^capture_1_.*_update' and prosrc ~ 'public.d'";
    assert!(root.app.value(source).contains("londiste_rs.layout_answer("));
    let again = root.app.value(
        "select format('select londiste_rs.layout_answer(%s, %L)', d, \
                       londiste_rs.layout_question(d, d)) \
           from (select 'd'::regclass::oid) d (d)",
    );
    let answer = root.app.value(&again);
    let settings = "set quote_all_identifiers = on; set search_path = nowhere; set DateStyle = 'German';
                    set standard_conforming_strings = off;
                    set array_nulls = off; set extra_float_digits = 0;
                    set default_transaction_isolation = 'repeatable read'";
    let mut owner = root.app.connect();
    owner.batch_execute(settings).unwrap();
    assert_eq!(owner.query_one(&again, &[]).unwrap().get::<_, String>(0), answer);
    for (user, id) in [(root.app.clone(), 10), (root.clerk(), 20)] {
        let mut session = user.connect();
        session.batch_execute(settings).unwrap();
        session.batch_execute(&format!("insert into public.d (id, code, n) values ({id}, {id}, 1)")).unwrap();
        // in the long way, too, which a date style other than ISO takes
        session
            .batch_execute(&format!("update public.d set n = 2, \"T\" = '2020-01-01' where id = {id}"))
            .unwrap();
    }
    let shapes = root.app.rows("select distinct ev_extra3 from pgq.event_1 where ev_extra1 = 'public.d'");
    assert_eq!(shapes.len(), 1, "{shapes:?}");
}

#[test]
fn a_name_that_hides_the_row_is_refused() {
    let root = root();
    root.app.execute("create table e (\".\" int primary key, n int)");
    let refused =
        root.app.connect().batch_execute("select londiste_rs.capture_table('q', 'public.e')").unwrap_err();
    let told = refused
        .as_db_error()
        .map(|error| format!("{} {}", error.message(), error.hint().unwrap_or_default()));
    let told = told.unwrap_or_default();
    assert!(
        told.contains("\"public.e\" has a column \".\" or \"..\"") && told.contains("Rename the column"),
        "{told}"
    );
}

#[test]
fn what_has_not_changed_is_not_looked_at_again() {
    let root = root();
    captured(&root);
    let looked = "select string_agg(stamp || look_again, ' ' order by table_name) from londiste_rs.capture";
    let stale = "select londiste_rs.stale_captures('q')";
    assert_eq!(root.app.rows(stale).len(), 0);
    let first = root.app.value(looked);
    assert!(first.len() > 64, "{first}");
    root.app.execute("update d set n = n + 1; create temp table passing (a int)");
    root.app.psql("vacuum analyze d");
    assert_eq!(root.app.rows(stale).len(), 0);
    assert_eq!(root.app.value(looked), first);
    // in the end all the same
    root.app.execute("update londiste_rs.capture set look_again = now()");
    let elapsed = root.app.value(looked);
    assert_eq!(root.app.rows(stale).len(), 0);
    assert_ne!(root.app.value(looked), elapsed);
}
