//! The installed SQL among people who mean it harm: nobody gets its owner's rights through objects of his own, and
//! nobody reads events he may not read.

use tests::{Cluster, Database};

pub(crate) const SCHEMAS: &str = "'pgq', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk'";

pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    pub(crate) owner: Database,
}

impl Site {
    pub(crate) fn empty() -> Site {
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

    pub(crate) fn installed() -> Site {
        let site = Site::empty();
        site.install();
        site
    }

    pub(crate) fn install(&self) {
        self.owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
    }

    pub(crate) fn mallory(&self) -> Database {
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
               and p.proname in ('now', 'nextval', 'setval', 'format', 'quote_ident', 'quote_literal',
                   'split_part', 'coalesce', 'strpos', 'substr', 'txid_current', 'txid_current_snapshot',
                   'txid_snapshot_xmin', 'txid_snapshot_xmax', 'txid_snapshot_xip', 'txid_visible_in_snapshot',
                   'pg_try_advisory_xact_lock', 'pg_advisory_xact_lock', 'current_setting', 'set_config',
                   'generate_series', 'array_to_string', 'aclexplode', 'md5', 'to_regclass', 'clock_timestamp',
                   'replace', 'lower', 'upper', 'unnest', 'int4pl', 'texteq', 'date_trunc', 'to_char',
                   'starts_with', 'length', 'octet_length')
               and p.prorettype <> 'trigger'::regtype
               and not exists (select from unnest(p.proargtypes) t
                                where t::regtype::text like '%any%' or t = 'internal'::regtype)
               and format_type(p.prorettype, null) not like '%any%' and format_type(p.prorettype, null) <> 'record'
        loop
            execute format('create or replace function %s.%I(%s) returns %s%s language plpgsql as %L',
                place, fn.name, fn.arguments, case when fn.proretset then 'setof ' else '' end, fn.result,
                'begin insert into public.caught values (current_user, '
                || quote_literal(place || '.' || fn.name) || '); return'
                || case when fn.proretset then '' when fn.result = 'void' then '' else ' null' end || '; end');
        end loop;
        execute format('create function %s.trap(a text, b text) returns boolean language plpgsql as %L', place,
            'begin insert into public.caught values (current_user, ''operator =''); return true; end');
        execute format('create operator %s.= (leftarg = text, rightarg = text, function = %s.trap)', place, place);
        execute format('create operator %s.|| (leftarg = text, rightarg = text, function = %s.trap)', place, place);
        execute format('create function %s.trap4(a integer, b integer) returns integer language plpgsql as %L', place,
            'begin insert into public.caught values (current_user, ''integer operator''); return 1; end');
        execute format('create operator %s.+ (leftarg = integer, rightarg = integer, function = %s.trap4)',
            place, place);
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
        "select n.nspname || '.' || p.proname,
                array_to_string(array(select format_type(t, null) from unnest(p.proargtypes) t), ';')
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
        "create function public.loose(word text) \
         returns text security definer language plpgsql as 'begin return lower(word) || upper(word); end'",
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
    site.owner.execute(
        "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader'); \
         select pgq.insert_event('jobs', 'secret', 'data')",
    );
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
