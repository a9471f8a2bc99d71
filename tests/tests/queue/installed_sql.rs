//! The installed SQL over time, and when it goes: an idle queue writes next to nothing, an older installation is
//! brought up to date, and removal leaves nothing.

use tests::Database;

use crate::sql_security::{SCHEMAS, Site};

#[test]
fn a_day_leaves_bounded_tables_and_an_idle_queue_writes_idle_ticks_only() {
    let site = Site::installed();
    let owner = &site.owner;
    owner.execute("select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader')");
    let mut client = owner.connect();
    client.batch_execute("select pgq.force_tick('jobs')").unwrap();
    client.batch_execute("select pgq.ticker()").unwrap();
    // Once idle ticks are a minute apart, everything between two of them leaves no trace.
    client
        .batch_execute("update pgq.tick set tick_time = tick_time - interval '1 hour' * (10 - tick_id)")
        .unwrap();
    client.batch_execute("select pgq.ticker()").unwrap();
    let txid = "select txid_snapshot_xmax(txid_current_snapshot())";
    let before = owner.number(txid);
    for _ in 0..10 {
        for call in [
            "select pgq.ticker()",
            "select * from pgq.maint_operations()",
            "select pgq.maint_retry_events()",
            "select pgq.maint_rotate_tables_step2()",
            "select * from pgq.get_queue_info()",
            "select * from pgq.get_consumer_info()",
        ] {
            client.batch_execute(call).unwrap();
            assert_eq!(owner.number(txid), before, "took a transaction id: {call}");
        }
    }

    // A day: a tick a minute, the consumers follow, maintenance every ten minutes. A busy queue lives beside the idle
    // one.
    client
        .batch_execute("select pgq.create_queue('busy'); select pgq.register_consumer('busy', 'reader')")
        .unwrap();
    for minute in 0..1440 {
        let busy: &[&str] = &[
            "select pgq.insert_event('busy', 'n', 'data') from generate_series(1, 20)",
            "select pgq.ticker('busy')",
            "select pgq.event_retry(b, (select min(ev_id) from pgq.get_batch_events(b)), 0), pgq.finish_batch(b)
               from pgq.next_batch('busy', 'reader') b where b is not null",
        ];
        let idle: &[&str] = &[
            "update pgq.tick t set tick_time = tick_time - interval '61 seconds'
              where tick_id >= (select max(tick_id) - 1 from pgq.tick x where x.tick_queue = t.tick_queue)",
            "update pgq.queue set queue_switch_time = queue_switch_time - interval '61 seconds'",
            "select pgq.ticker('jobs')",
            "select pgq.finish_batch(b) from pgq.next_batch('jobs', 'reader') b where b is not null",
        ];
        for step in idle.iter().chain(busy.iter().filter(|_| minute % 5 == 0)) {
            client.batch_execute(step).unwrap();
        }
        if minute % 10 == 0 {
            for operation in operations(&mut client) {
                client.batch_execute(&operation).unwrap();
            }
            client.batch_execute("select pgq.maint_retry_events()").unwrap();
        }
    }
    for queue in 1..=2 {
        let of =
            |what: &str| owner.number(&format!("select {what} from pgq.tick where tick_queue = {queue}"));
        let (written, kept) = (of("max(tick_id)"), of("count(*)"));
        assert!(written > 250, "{written} ticks");
        assert!(kept < written / 2, "{kept} of {written} ticks are kept");
    }
    let (written, kept) = (
        owner.number("select last_value from pgq.event_2_id_seq"),
        owner.number("select count(*) from pgq.event_2"),
    );
    assert!(written > 5000 && kept > 0 && kept < written / 2, "{kept} of {written} events are kept");
    let waiting = owner.number("select count(*) from pgq.retry_queue");
    assert!(waiting < 10, "{waiting} events wait for their retry");
    let rotated = "select count(*) from pgq.queue where queue_switch_time > now() - interval '3 hours'";
    assert_eq!(owner.number(rotated), 2, "a queue was not rotated");
}

/// What the ticker process would call now.
fn operations(client: &mut postgres::Client) -> Vec<String> {
    client
        .query(
            "select format('select %s(%s)', func_name, quote_literal(func_arg)) \
               from pgq.maint_operations() where func_name not like 'vacuum%'",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Everything of a database but what the three schemas hold.
fn inventory(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(
        "select 'relation', c.oid::regclass::text, c.relkind::text, c.relacl::text from pg_class c
          where c.relnamespace = 'public'::regnamespace
         union all select 'function', oid::regprocedure::text, prosrc, null from pg_proc
                    where pronamespace = 'public'::regnamespace
         union all select 'trigger', tgrelid::regclass::text, tgname, null from pg_trigger where not tgisinternal
         union all select 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid), null
                     from pg_constraint where connamespace = 'public'::regnamespace
         union all select 'schema', nspname, nspacl::text, null from pg_namespace where nspname !~ '^pg_t'
         union all select 'event trigger', evtname, null, null from pg_event_trigger
         union all select 'default acl', defaclrole::regrole::text, defaclacl::text, null from pg_default_acl
         union all select 'large or foreign', fdwname, null, null from pg_foreign_data_wrapper
         order by 1, 2, 3",
    )
}

#[test]
fn uninstalling_leaves_everything_else_as_it_was() {
    let site = Site::empty();
    let owner = &site.owner;
    owner.execute(
        "create table public.item (id int primary key, name text);
         create table public.part (id int primary key, item int references item);
         create function public.noop() returns trigger language plpgsql as $$begin return new; end$$;
         create trigger own before insert on public.item for each row execute function public.noop();
         grant select on public.item to mallory;
         create schema other; create table other.t (id int); insert into item values (1, 'x')",
    );
    let before = inventory(owner);
    site.install();
    owner.execute(
        "select pgq_node.register_location('q', 'n', 'dbname=n', false);
         select pgq_node.create_node('q', 'root', 'n', 'w', null, null, null);
         select londiste.local_add_table('q', 'public.item'); select londiste.local_add_table('q', 'public.part');
         select pgq.create_queue('other'); select pgq.insert_event('other', 'a', 'b');
         create trigger by_hand after insert on other.t for each row execute function pgq.sqltriga('other')",
    );
    owner.psql_file(&tests::repository().join("sql/uninstall.sql"));
    assert_eq!(owner.number(&format!("select count(*) from pg_namespace where nspname in ({SCHEMAS})")), 0);
    assert_eq!(inventory(owner), before);
    owner.psql_file(&tests::repository().join("sql/uninstall.sql"));
    assert_eq!(inventory(owner), before, "a second time finds nothing");
    site.install();
    owner.execute("select pgq.create_queue('again')");
}

#[test]
fn an_older_installation_is_brought_up_to_date_in_place() {
    let site = Site::installed();
    let owner = &site.owner;
    // the text of _put_event is generated for the queues that there are
    let shape = format!(
        "select p.oid::regprocedure::text, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
                case when p.proname <> '_put_event' then p.prosrc end, p.prosecdef::text, p.proconfig::text,
                p.proacl::text
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ({SCHEMAS}) order by 1"
    );
    let columns = format!(
        "select table_schema, table_name, column_name, data_type, column_default \
           from information_schema.columns where table_schema in ({SCHEMAS}) order by 1, 2, 3"
    );
    let (functions, tables) = (owner.rows(&shape), owner.rows(&columns));
    owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader');
         select pgq.insert_event('jobs', 'a', 'kept');
         drop function pgq.maint_operations(); drop function pgq.batch_retry(bigint, integer);
         drop function pgq_node.maint_watermark(text);
         create or replace function pgq.version() returns text language sql as $$ select '0.1' $$;
         create or replace function pgq.finish_batch(x_batch_id bigint) returns integer language sql as $$ select 0 $$;
         alter function pgq.ticker(text) security invoker; alter function pgq.ticker(text) reset search_path;
         revoke all on function pgq.insert_event(text, text, text) from pgq_writer;
         drop trigger table_info_trigger_sync on londiste.table_info",
    );
    site.install();
    let changed: Vec<_> = owner.rows(&shape).into_iter().filter(|row| !functions.contains(row)).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    assert_eq!(owner.rows(&shape).len(), functions.len());
    let missing: Vec<_> = {
        let now = owner.rows(&columns);
        tables.into_iter().filter(|row| !now.contains(row)).collect()
    };
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(owner.number("select count(*) from pg_trigger where tgname = 'table_info_trigger_sync'"), 1);
    owner.execute("select pgq.force_tick('jobs')");
    owner.execute("select pgq.ticker('jobs')");
    owner.execute("select pgq.next_batch('jobs', 'reader')");
    assert_eq!(owner.value("select ev_data from pgq.get_batch_events(1)"), "kept");
}
