//! pgqd against real servers, as an ordinary role: databases that come and go, lost connections, upkeep, reload,
//! signals.

use std::time::Duration;

use tests::process::signal;
use tests::{Database, Pair, Setup, Shutdown, repository, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(20);

/// Installs schema pgq and makes a queue that ticks at each call of the ticker.
fn install(database: &Database) {
    database.psql_file(&repository().join("sql/init_noext.sql"));
    database.execute(
        "select pgq.create_queue('q'), pgq.set_queue_config('q', 'ticker_idle_period', '10 milliseconds')",
    );
}

fn last_tick(database: &Database) -> Result<i64, String> {
    let rows = database.try_rows("select max(tick_id) from pgq.tick").map_err(|error| error.to_string())?;
    Ok(rows[0][0].as_deref().unwrap_or("0").parse().expect("a tick id"))
}

/// Waits until two more ticks have been made.
#[track_caller]
fn expect_ticks(setup: &Setup, database: &Database) {
    let before = last_tick(database).expect("the server answers");
    wait_for(QUICK, "more ticks", || {
        let tick = last_tick(database)?;
        if tick > before + 1 { Ok(()) } else { Err(setup.ticker().log_end()) }
    });
}

#[track_caller]
fn expect_log(setup: &Setup, words: &str) {
    wait_for(QUICK, words, || {
        if setup.ticker().log().contains(words) { Ok(()) } else { Err(setup.ticker().log_end()) }
    });
}

fn errors(setup: &Setup) -> Vec<String> {
    setup.ticker().log().lines().filter(|line| line.contains("ERROR")).map(str::to_owned).collect()
}

#[track_caller]
fn stop(setup: &Setup) {
    setup.pgqd(&["-s", "pgqd.ini"]).expect_success();
    assert!(!setup.ticker().pidfile.exists(), "-s returns when the pidfile is gone");
}

#[test]
fn databases_are_found_and_dropped_while_it_runs() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.set("pgqd.ini", "database_list", "");
    setup.set("pgqd.ini", "check_period", "0.2");
    setup.set("pgqd.ini", "ticker_period", "0.1");
    install(&pair.source);
    setup.start_daemon("pgqd");
    expect_ticks(&setup, &pair.source);

    pair.source.admin().execute(&format!("create database extra owner {}", pair.source.user));
    let extra = Database { dbname: "extra".into(), ..pair.source.app().clone() };
    install(&extra);
    expect_ticks(&setup, &extra);
    assert_eq!(errors(&setup), Vec::<String>::new(), "a database without queues is no error");

    pair.source.admin().execute("drop database extra with (force)");
    expect_log(&setup, "database extra is gone");
    expect_ticks(&setup, &pair.source);
    let sessions =
        "select count(*) from pg_stat_activity where application_name = 'pgqd' and datname = 'shop'";
    wait_until(QUICK, "one connection is left", || pair.source.admin().number(sessions) == 1);
    stop(&setup);
}

#[test]
fn one_database_out_of_order_leaves_the_others_alone() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let admin = pair.source.admin();
    for name in ["one", "two"] {
        admin.execute(&format!("create database {name} owner {}", pair.source.user));
        install(&Database { dbname: name.into(), ..pair.source.app().clone() });
    }
    let [one, two] = ["one", "two"].map(|name| Database { dbname: name.into(), ..pair.source.app().clone() });
    setup.set("pgqd.ini", "database_list", "one, two");
    setup.set("pgqd.ini", "ticker_period", "0.1");
    setup.start_daemon("pgqd");
    expect_ticks(&setup, &one);
    one.execute("alter function pgq.ticker() rename to ticker_hidden");
    expect_log(&setup, "database one, pgq.ticker()");
    expect_ticks(&setup, &two);
    one.execute("alter function pgq.ticker_hidden() rename to ticker");
    // It is looked at again after check_period, or told to.
    setup.set("pgqd.ini", "check_period", "1");
    setup.pgqd(&["-r", "pgqd.ini"]).expect_success();
    expect_ticks(&setup, &one);
    setup.pgqd(&["-k", "pgqd.ini"]).expect_success();
    assert!(!setup.ticker().pidfile.exists());
}

#[test]
fn a_lost_server_is_told_once_and_found_again() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.set("pgqd.ini", "ticker_period", "0.1");
    install(&pair.source);
    setup.start_daemon("pgqd");
    expect_ticks(&setup, &pair.source);
    pair.source.cluster.terminate_sessions();
    expect_ticks(&setup, &pair.source);
    let after_terminate = errors(&setup);
    assert_eq!(after_terminate.len(), 1, "{after_terminate:#?}");

    pair.source.cluster.stop(Shutdown::Fast);
    expect_log(&setup, "cannot connect");
    // Several more tries.
    std::thread::sleep(Duration::from_secs(4));
    pair.source.cluster.start_again();
    expect_ticks(&setup, &pair.source);
    let all = errors(&setup);
    let refused = all.iter().filter(|line| line.contains("refused")).count();
    assert_eq!(refused, 1, "{all:#?}");
    stop(&setup);
}

#[test]
fn upkeep_is_done_and_one_failing_operation_stops_no_other() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.set("pgqd.ini", "maint_period", "0.2");
    setup.set("pgqd.ini", "retry_period", "0.2");
    setup.set("pgqd.ini", "ticker_period", "0.1");
    install(&pair.source);
    pair.source.execute(
        r#"create table "Odd t.x" (a int);
           create table called (argument text);
           create function "more Work"(argument text) returns bigint language plpgsql as $$
           begin
               insert into called values (argument);
               return 3 - count(*) from called;
           end $$;
           create or replace function pgq.maint_operations(out func_name text, out func_arg text) returns setof record
           language sql as $$
               values ('public.no_such_function', null), ('vacuum', 'public.Odd t.x'),
                      ('public.more Work', 'it''s'), ('vacuum analyze', 'public.called')
           $$;
           select pgq.register_consumer('q', 'c');
           select pgq.insert_event('q', 'type', 'once more')"#,
    );
    setup.start_daemon("pgqd");
    expect_log(&setup, "public.no_such_function()");
    let done = "select max(vacuum_count) filter (where relname = 'Odd t.x') > 2
                    and max(analyze_count) filter (where relname = 'called') > 2
                from pg_stat_user_tables";
    wait_until(QUICK, "tables are vacuumed", || pair.source.value(done) == "t");
    assert_eq!(pair.source.value("select min(argument) from called"), "it's");
    assert!(pair.source.number("select count(*) from called") >= 3, "called again while there is more");
    assert_eq!(errors(&setup).len(), 1, "{:#?}", errors(&setup));

    let batch = wait_for(QUICK, "a batch with the event", || {
        let batch = pair.source.value("select pgq.next_batch('q', 'c')");
        let count = "select count(*) from pgq.get_batch_events($1)".replace("$1", &batch);
        if !batch.is_empty() && pair.source.number(&count) == 1 {
            return Ok(batch);
        }
        if !batch.is_empty() {
            pair.source.execute(&format!("select pgq.finish_batch({batch})"));
        }
        Err(batch)
    });
    pair.source.execute(&format!(
        "select pgq.event_retry({batch}, ev_id, 0) from pgq.get_batch_events({batch}); select pgq.finish_batch({batch})"
    ));
    wait_until(QUICK, "the event is in the queue again", || {
        pair.source.number("select count(*) from pgq.event_template where ev_retry = 1") == 1
            && pair.source.number("select count(*) from pgq.retry_queue") == 0
    });
    stop(&setup);
}

#[test]
fn ticks_go_on_while_upkeep_waits() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    install(&pair.source);
    pair.source.execute(
        "create table held (a int);
         create or replace function pgq.maint_operations(out func_name text, out func_arg text) returns setof record
         language sql as $$ values ('vacuum', 'public.held') $$",
    );
    let mut other = pair.source.connect();
    other.batch_execute("begin; lock table held in share update exclusive mode").unwrap();
    setup.set("pgqd.ini", "maint_period", "0.5");
    setup.set("pgqd.ini", "ticker_period", "0.1");
    setup.start_daemon("pgqd");
    let at_work = "select count(*) from pg_stat_activity upkeep \
          join pg_stat_activity ticks using (datname, application_name) \
         where application_name = 'pgqd' and upkeep.wait_event_type = 'Lock' and upkeep.query ilike 'vacuum%' \
           and ticks.query ilike '%pgq.ticker%' and ticks.query_start > upkeep.query_start + interval '0.3 s'";
    wait_until(QUICK, "a tick while VACUUM waits", || pair.source.number(at_work) > 0);
    stop(&setup);
}

#[test]
fn a_reload_opens_the_log_again_and_applies_new_settings() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    install(&pair.source);
    setup.set("pgqd.ini", "ticker_period", "3600");
    setup.start_daemon("pgqd");
    expect_log(&setup, "started");
    let pid = setup.ticker().expect_pid();

    setup.set("pgqd.ini", "ticker_period", "0.1");
    setup.set("pgqd.ini", "syslog_ident", "other");
    let rotated = setup.directory().join("pgqd.log.1");
    let last_words = || std::fs::read_link(format!("/proc/{pid}/fd/2")).unwrap();
    assert_eq!(last_words(), setup.ticker().logfile, "what the runtime says when it aborts is in the log");
    std::fs::rename(&setup.ticker().logfile, &rotated).unwrap();
    setup.pgqd(&["-r", "pgqd.ini"]).expect_success();
    expect_log(&setup, "ticker_period changed: starting the parts anew");
    expect_log(&setup, "syslog_ident changed, which needs a restart");
    assert_eq!(last_words(), setup.ticker().logfile);
    expect_ticks(&setup, &pair.source);

    setup.set("pgqd.ini", "ticker_period", "often");
    setup.pgqd(&["-r", "pgqd.ini"]).expect_success();
    expect_log(&setup, "ticker_period = often: expected a number of seconds");
    expect_ticks(&setup, &pair.source);
    assert_eq!(setup.ticker().expect_pid(), pid);
    assert!(!std::fs::read_to_string(&rotated).unwrap().contains("ticker_period"));
    stop(&setup);
}

#[test]
fn relative_names_in_the_ini_file_hold_in_the_background() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    install(&pair.source);
    setup.set("pgqd.ini", "logfile", "run/new/pgqd.log");
    setup.set("pgqd.ini", "pidfile", "run/new/pgqd.pid");
    setup.pgqd(&["-d", "pgqd.ini"]).expect_success();
    let directory = setup.directory().join("run/new");
    assert!(directory.join("pgqd.pid").exists() && directory.join("pgqd.log").exists());
    setup.pgqd(&["-r", "pgqd.ini"]).expect_success();
    let log = || std::fs::read_to_string(directory.join("pgqd.log")).unwrap();
    wait_until(QUICK, "the ini file is read again", || log().contains("reading the ini files again"));
    setup.pgqd(&["-s", "pgqd.ini"]).expect_success();
    assert!(!log().contains("ERROR"), "{}", log());
    setup.pgqd(&["-s", "pgqd.ini"]).expect_success();
}

#[test]
fn in_the_background_it_needs_a_pidfile_and_a_log_file() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    for key in ["pidfile", "logfile"] {
        let before = setup.directory().join("pgqd.pid").display().to_string();
        setup.set("pgqd.ini", key, "");
        setup.pgqd(&["-d", "pgqd.ini"]).expect_failure(1, &["pgqd.ini", key, "-d needs it"]);
        setup.set("pgqd.ini", key, &before);
    }
    setup.set("pgqd.ini", "pidfile", "/proc/nowhere/pgqd.pid");
    setup.pgqd(&["-d", "pgqd.ini"]).expect_failure(1, &["/proc/nowhere"]);
}

#[test]
fn in_the_foreground_signals_end_it_with_code_0() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    install(&pair.source);
    for name in ["INT", "TERM"] {
        let mut pgqd = setup.foreground("pgqd", &["-v", "pgqd.ini"], "foreground");
        wait_until(QUICK, "pgqd writes its pid", || setup.ticker().pid() == Some(pgqd.pid()));
        expect_ticks(&setup, &pair.source);
        signal(name, &pgqd.pid().to_string());
        assert_eq!(pgqd.wait(QUICK), 0);
        assert!(!setup.ticker().pidfile.exists());
        let terminal = std::fs::read_to_string(setup.directory().join("foreground.out")).unwrap();
        assert!(terminal.contains("started") && terminal.contains(&format!("SIG{name}")), "{terminal}");
    }
}
