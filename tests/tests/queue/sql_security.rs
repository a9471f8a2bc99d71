//! The installed SQL among people who mean it harm, over time, and when it goes: nobody gets its owner's rights through
//! objects of his own, nobody reads events he may not read, an idle queue writes next to nothing, and removal leaves
//! nothing.

use tests::{Cluster, Database};

const SCHEMAS: &str = "'pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk'";

struct Site {
    cluster: Cluster,
    owner: Database,
}

impl Site {
    fn empty() -> Site {
        // Autovacuum takes transaction ids as well.
        let cluster = Cluster::start_with("security", &[("autovacuum", "off")]);
        let admin = cluster.admin("postgres");
        let may_not = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
        for role in ["owner", "mallory"] {
            admin.execute(&format!("create role {role} login password '{role}-Secret1' {may_not}"));
        }
        for role in ["pgq_reader", "pgq_writer", "pgq_admin", "londiste_reader", "londiste_writer"] {
            admin.execute(&format!("create role {role}"));
        }
        admin.execute("grant pgq_reader, pgq_writer to pgq_admin; grant pgq_admin to londiste_writer");
        admin.execute("create database site owner owner template template0");
        cluster.admin("site").execute(
            "grant create, usage on schema public to public; grant temporary on database site to public",
        );
        let owner = login(&cluster, "owner");
        Site { cluster, owner }
    }

    fn installed() -> Site {
        let site = Site::empty();
        site.install();
        site
    }

    fn install(&self) {
        self.owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
    }

    fn mallory(&self) -> Database {
        login(&self.cluster, "mallory")
    }
}

fn login(cluster: &Cluster, role: &str) -> Database {
    Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "site".to_owned(),
        user: role.to_owned(),
        password: Some(format!("{role}-Secret1")),
    }
}

/// Functions and operators named after everything that the definers' bodies call, each of which would give Mallory away
/// as the owner, in a schema that comes first on his search_path.
const TRAPS: &str = r#"
create table public.caught (who name, trap text);
grant insert on public.caught to public;
do $do$
declare
    place text;
    fn record;
begin
    foreach place in array array['public', 'pg_temp'] loop
        for fn in
            select distinct p.proname as name, pg_get_function_identity_arguments(p.oid) as arguments, p.proretset,
                   format_type(p.prorettype, null) as result
              from pg_proc p
             where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and p.provolatile <> 'x'
               and p.proname in ('now', 'nextval', 'setval', 'format', 'quote_ident', 'quote_literal', 'split_part', 'coalesce', 'strpos', 'substr',
                   'txid_current', 'txid_current_snapshot', 'txid_snapshot_xmin', 'txid_snapshot_xmax', 'txid_snapshot_xip',
                   'txid_visible_in_snapshot', 'pg_try_advisory_xact_lock', 'pg_advisory_xact_lock', 'current_setting', 'set_config',
                   'generate_series', 'array_to_string', 'aclexplode', 'md5', 'to_regclass', 'clock_timestamp', 'replace', 'lower', 'upper',
                   'unnest', 'int4pl', 'texteq', 'date_trunc', 'to_char', 'starts_with', 'length', 'octet_length')
               and p.prorettype <> 'trigger'::regtype
               and not exists (select from unnest(p.proargtypes) t where t::regtype::text like '%any%' or t = 'internal'::regtype)
               and format_type(p.prorettype, null) not like '%any%' and format_type(p.prorettype, null) <> 'record'
        loop
            execute format('create or replace function %s.%I(%s) returns %s%s language plpgsql as %L', place, fn.name, fn.arguments,
                case when fn.proretset then 'setof ' else '' end, fn.result,
                'begin insert into public.caught values (current_user, ' || quote_literal(place || '.' || fn.name) || '); return'
                || case when fn.proretset then '' when fn.result = 'void' then '' else ' null' end || '; end');
        end loop;
        execute format('create function %s.trap(a text, b text) returns boolean language plpgsql as %L', place,
            'begin insert into public.caught values (current_user, ''operator =''); return true; end');
        execute format('create operator %s.= (leftarg = text, rightarg = text, function = %s.trap)', place, place);
        execute format('create operator %s.|| (leftarg = text, rightarg = text, function = %s.trap)', place, place);
        execute format('create function %s.trap4(a integer, b integer) returns integer language plpgsql as %L', place,
            'begin insert into public.caught values (current_user, ''integer operator''); return 1; end');
        execute format('create operator %s.+ (leftarg = integer, rightarg = integer, function = %s.trap4)', place, place);
    end loop;
end $do$;
create temporary table pg_class (oid oid, relname name);
create temporary table pg_namespace (oid oid, nspname name);
create temporary table pg_trigger (oid oid, tgname name);
create temporary table pg_roles (rolname name);
create temporary table queue (queue_id integer, queue_name text);
create temporary table tick (tick_id bigint);
create temporary table consumer (co_id integer);
create temporary table subscription (sub_id integer);
create temporary table node_info (queue_name text);
create temporary table local_state (queue_name text);
create domain pg_temp.text as pg_catalog.int4;
create domain pg_temp.regclass as pg_catalog.int4;
"#;

/// Arguments of a type that get further into a function than NULL does.
fn argument(kind: &str) -> &'static str {
    match kind {
        "text" => "'jobs'",
        "integer" | "bigint" => "1",
        "interval" => "'1 second'",
        "boolean" => "true",
        "timestamp with time zone" => "pg_catalog.now()",
        "text[]" => "'{}'",
        "oid" | "regclass" => "'public.caught'::pg_catalog.regclass",
        "name" => "'caught'",
        _ => "null",
    }
}

#[test]
fn objects_of_others_do_not_run_with_the_owners_rights() {
    let site = Site::installed();
    site.owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'jobs');
         select pgq_node.register_location('node', 'jobs', 'dbname=x', false);
         select pgq_node.create_node('node', 'root', 'jobs', 'jobs', null, null, null);
         select pgq.insert_event('jobs', 'jobs', 'jobs'); select pgq.force_tick('jobs'); select pgq.ticker();
         select pgq.next_batch('jobs', 'jobs')",
    );
    let admin = site.cluster.admin("site");
    admin.execute("grant pgq_admin, londiste_writer to mallory");
    let definers = admin.rows(&format!(
        "select n.nspname || '.' || p.proname, array_to_string(array(select format_type(t, null) from unnest(p.proargtypes) t), ';')
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where p.prosecdef and n.nspname in ({SCHEMAS}) and p.prorettype <> 'trigger'::regtype
            and has_function_privilege('mallory', p.oid, 'execute') and has_schema_privilege('mallory', n.oid, 'usage')
          order by p.proname like '%drop%', 1"
    ));
    assert!(definers.len() > 45, "{} functions", definers.len());
    let mut mallory = site.mallory().connect();
    mallory.batch_execute(TRAPS).unwrap();
    mallory.batch_execute("set search_path = pg_temp, public, pg_catalog").unwrap();
    // The traps do bite: a function that is not pinned walks into one.
    site.owner.execute(
        "create function public.loose(word text) returns text security definer language plpgsql as 'begin return lower(word) || upper(word); end'",
    );
    mallory.batch_execute("select public.loose('x'::pg_catalog.text)").unwrap();
    let bitten = admin.value("select string_agg(distinct who::text, ',') from public.caught");
    assert_eq!(bitten, "owner", "the traps are none");
    admin.execute("truncate public.caught");
    let mut passed = 0;
    for definer in &definers {
        let name = definer[0].as_ref().unwrap();
        let types = definer[1].as_deref().unwrap_or_default();
        let typed = |kind: &str| format!("{}::{}", argument(kind), qualified(kind));
        let arguments: Vec<String> = types.split(';').filter(|kind| !kind.is_empty()).map(typed).collect();
        let call = format!("select * from {name}({})", arguments.join(", "));
        if mallory.batch_execute(&call).is_ok() {
            passed += 1;
        }
    }
    assert!(passed > 30, "only {passed} of {} calls got through", definers.len());
    let caught = admin.rows("select distinct who, trap from public.caught where who <> 'mallory'");
    assert!(caught.is_empty(), "ran as the owner: {caught:?}");
    assert!(admin.number("select count(*) from pgq.queue where queue_name = 'jobs'") <= 1);
}

/// Under Mallory's search_path only full names are certain.
fn qualified(kind: &str) -> String {
    match kind {
        "integer" | "bigint" | "boolean" | "interval" | "timestamp with time zone" => kind.to_owned(),
        kind => format!("pg_catalog.{kind}"),
    }
}

#[test]
fn names_and_values_are_never_taken_for_sql() {
    let site = Site::installed();
    site.owner.execute("create table public.precious (id int); create table public.t (id int primary key)");
    let evil = "x'; drop table public.precious; --";
    let worse = "x\"; drop table public.precious; --";
    for name in
        [evil, worse, "$$; drop table public.precious; $$", "pgq.precious\\'; drop table public.precious"]
    {
        let mut client = site.owner.connect();
        for call in [
            "select pgq.create_queue($1)",
            "select pgq.register_consumer($1, $1)",
            "select pgq.insert_event($1, $1, $1)",
            "select pgq.force_tick($1)",
            "select pgq.ticker($1)",
            "select pgq.next_batch($1, $1)",
            "select pgq.grant_perms($1)",
            "select pgq.tune_storage($1)",
            "select pgq.maint_rotate_tables_step1($1)",
            "select pgq.seq_getval($1)",
            "select londiste.find_table_oid($1)",
            "select londiste.create_trigger($1, 'public.t', array[$1], 'public.t', 'root')",
            "select londiste.create_partition('public.t', $1, $1, $1, now(), 'day')",
            "select londiste.find_table_fkeys($1)",
            "select pgq.drop_queue($1, true)",
        ] {
            // Many of these fail; what matters is what they leave.
            let _refused = client.execute(call, &[&name]);
        }
        assert_eq!(
            site.owner.number("select count(*) from pg_tables where tablename = 'precious'"),
            1,
            "{name}"
        );
    }
}

#[test]
fn strangers_see_how_queues_are_but_not_what_is_in_them() {
    let site = Site::installed();
    site.owner.execute("select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader'); select pgq.insert_event('jobs', 'secret', 'data')");
    let mut stranger = site.mallory().connect();
    for seen in [
        "select * from pgq.get_queue_info()",
        "select * from pgq.get_consumer_info()",
        "select * from pgq.queue",
        "select pgq.version()",
    ] {
        assert!(stranger.query(seen, &[]).is_ok(), "{seen}");
    }
    for hidden in [
        "select * from pgq.event_1",
        "select * from pgq.event_1_0",
        "select * from pgq.event_template",
        "select * from pgq.retry_queue",
        "insert into pgq.event_1_0 (ev_id, ev_time) values (1, now())",
        "select pgq.insert_event('jobs', 'x', 'y')",
        "select pgq.next_batch('jobs', 'reader')",
        "select * from pgq.get_batch_events(1)",
        "select pgq.ticker()",
        "select pgq.drop_queue('jobs', true)",
        "select pgq_node.create_node('q', 'root', 'n', 'w', null, null, null)",
        "update pgq.queue set queue_ticker_paused = true",
        "delete from pgq.tick",
        "select nextval('pgq.event_1_id_seq')",
        "select * from pgq_node.node_location",
    ] {
        let refused = stranger.batch_execute(hidden).map_err(|error| error.code().unwrap().code().to_owned());
        assert_eq!(refused, Err("42501".to_owned()), "{hidden}");
    }
}

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
        .query("select format('select %s(%s)', func_name, quote_literal(func_arg)) from pgq.maint_operations() where func_name not like 'vacuum%'", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Everything of a database but what the three schemas hold.
fn inventory(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(
        "select 'relation', c.oid::regclass::text, c.relkind::text, c.relacl::text from pg_class c where c.relnamespace = 'public'::regnamespace
         union all select 'function', oid::regprocedure::text, prosrc, null from pg_proc where pronamespace = 'public'::regnamespace
         union all select 'trigger', tgrelid::regclass::text, tgname, null from pg_trigger where not tgisinternal
         union all select 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid), null from pg_constraint where connamespace = 'public'::regnamespace
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
        "create table public.item (id int primary key, name text); create table public.part (id int primary key, item int references item);
         create function public.noop() returns trigger language plpgsql as $$begin return new; end$$;
         create trigger own before insert on public.item for each row execute function public.noop(); grant select on public.item to mallory;
         create schema other; create table other.t (id int); insert into item values (1, 'x')",
    );
    let before = inventory(owner);
    site.install();
    owner.execute(
        "select pgq_node.register_location('q', 'n', 'dbname=n', false); select pgq_node.create_node('q', 'root', 'n', 'w', null, null, null);
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
                case when p.proname <> '_put_event' then p.prosrc end, p.prosecdef::text, p.proconfig::text, p.proacl::text
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ({SCHEMAS}) order by 1"
    );
    let columns = format!(
        "select table_schema, table_name, column_name, data_type, column_default from information_schema.columns where table_schema in ({SCHEMAS}) order by 1, 2, 3"
    );
    let (functions, tables) = (owner.rows(&shape), owner.rows(&columns));
    owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader'); select pgq.insert_event('jobs', 'a', 'kept');
         drop function pgq.maint_operations(); drop function pgq.batch_retry(bigint, integer); drop function pgq_node.maint_watermark(text);
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
