use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use pg::SqlState;

use crate::server::{Server, text};

#[tokio::test]
async fn refusals_name_the_place_and_the_reason_but_no_password() {
    let server = Server::prepare("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256", "", |_| {});
    let local = format!("host={} hostaddr=''", server.path().display());
    let boss = server.connect(&local).await.unwrap();
    boss.batch_execute("create role app login password 'right'").await.unwrap();
    boss.batch_execute("create database shop").await.unwrap();

    let wrong = server.connect("user=app dbname=shop password=hunter2").await.unwrap_err();
    let said = wrong.to_string();
    let place = format!("host=127.0.0.1 port={} dbname=shop user=app", server.port);
    assert!(said.contains(&place), "{said}");
    assert!(said.contains("password authentication failed for user \"app\" (SQLSTATE 28P01)"), "{said}");
    assert!(!format!("{said} {wrong:?}").contains("hunter2"), "{said} {wrong:?}");
    assert_eq!(said.matches("28P01").count(), 1, "tried once: {said}");
    assert!(wrong.is_auth() && !wrong.is_connection_lost());
    assert_eq!(wrong.sqlstate(), Some(&SqlState::INVALID_PASSWORD));

    let none = server.connect("user=app dbname=shop").await.unwrap_err();
    assert!(none.to_string().contains("password missing") && none.is_auth(), "{none}");

    let missing = server.connect("user=app dbname=none password=right").await.unwrap_err();
    assert!(missing.to_string().contains("database \"none\" does not exist (SQLSTATE 3D000)"), "{missing}");
    assert!(!missing.is_connection_lost());

    server.connect("user=app dbname=shop password=right").await.unwrap();

    let file = server.path().join("pass");
    fs::write(&file, format!("127.0.0.1:{}:shop:app:right\n", server.port)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    server.connect(&format!("user=app dbname=shop passfile={}", file.display())).await.unwrap();
}

#[tokio::test]
async fn servers_are_tried_in_turn() {
    let server = Server::start();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let unreachable = server.connect(&format!("port={dead}")).await.unwrap_err();
    assert!(unreachable.to_string().contains(&format!("port={dead}")), "{unreachable}");
    assert!(unreachable.to_string().contains("refused"), "{unreachable}");
    assert!(unreachable.is_connection_lost() && !unreachable.is_auth());

    let both = format!("host=127.0.0.1,127.0.0.1 port={dead},{}", server.port);
    let session = server.connect(&both).await.unwrap();
    assert_eq!(text(&session, "select inet_server_port()").await, server.port.to_string());

    let name = server.connect("host=no-such-host.invalid").await.unwrap_err();
    assert!(name.to_string().contains("no-such-host.invalid"), "{name}");
    assert!(name.is_connection_lost());

    let uri = format!("postgresql://boss@127.0.0.1:{dead},127.0.0.1:{}/postgres", server.port);
    pg::Session::connect(&uri.parse().unwrap(), "test").await.unwrap();
    let socket = format!("host={}", server.path().display());
    let session = server.connect(&socket).await.unwrap();
    assert_eq!(text(&session, "select inet_server_port()").await, "NULL");
    server.connect(&format!("{socket} sslmode=verify-full")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let string = format!("host=127.0.0.1 port={} connect_timeout=2", silent.local_addr().unwrap().port());
    let begin = Instant::now();
    let error = pg::Session::connect(&string.parse().unwrap(), "test").await.unwrap_err();
    assert!(error.to_string().contains("no answer within 2 s"), "{error}");
    assert!((2..5).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn sessions_are_of_the_kind_that_is_asked_for() {
    let server = Server::start();
    let boss = server.session().await;
    boss.batch_execute("create role reader login; alter role reader set default_transaction_read_only = on")
        .await
        .unwrap();
    let refused = server.connect("user=reader target_session_attrs=read-write").await.unwrap_err();
    assert!(refused.to_string().contains("session is read-only"), "{refused}");
    server.connect("user=reader target_session_attrs=read-only").await.unwrap();
    server.connect("target_session_attrs=primary").await.unwrap();
    server.connect("target_session_attrs=prefer-standby").await.unwrap();
    let standby = server.connect("target_session_attrs=standby").await.unwrap_err();
    assert!(standby.to_string().contains("not in hot standby"), "{standby}");
}

#[tokio::test]
async fn sessions_differ_from_the_servers_defaults_in_nothing_but_what_is_named_here() {
    let server = Server::start();
    let session = server.session().await;
    let sql = "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings \
                where source in ('client', 'session')";
    let idle = if session.server_version() >= 140_000 { "idle_session_timeout=0 " } else { "" };
    let transaction = if session.server_version() >= 170_000 { " transaction_timeout=0" } else { "" };
    let expected = format!(
        "application_name=test client_encoding=UTF8 idle_in_transaction_session_timeout=3600000 \
         {idle}jit=off lock_timeout=10000 statement_timeout=300000 synchronous_commit=on \
         tcp_keepalives_count=6 tcp_keepalives_idle=60 tcp_keepalives_interval=10{transaction}"
    );
    assert_eq!(text(&session, sql).await, expected);
    let asked = server.connect("application_name=mine options='-c statement_timeout=5s'").await.unwrap();
    assert_eq!(text(&asked, "show statement_timeout").await, "5s");
    assert_eq!(text(&asked, "show application_name").await, "mine");
    let version: u32 = text(&session, "show server_version_num").await.parse().unwrap();
    assert_eq!(session.server_version(), version);
    assert_eq!(session.backend_pid().to_string(), text(&session, "select pg_backend_pid()").await);
}

#[tokio::test]
async fn limits_hold_whatever_the_role_has() {
    let server = Server::start();
    server
        .session()
        .await
        .batch_execute(
            "create role patient login; alter role patient set statement_timeout = '2h'; \
             alter role patient set lock_timeout = '1h'; \
             alter role patient set idle_in_transaction_session_timeout = 0",
        )
        .await
        .unwrap();
    let limits = pg::Limits {
        statement: Duration::from_millis(1500),
        lock: Duration::from_secs(2),
        idle_in_transaction: Duration::from_secs(60),
        ..pg::Limits::default()
    };
    let shown = "select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                                  current_setting('idle_in_transaction_session_timeout'))";
    let at = server.string("user=patient").within(limits);
    let session = pg::Session::connect(&at, "test").await.unwrap();
    assert_eq!(text(&session, shown).await, "1500ms 2s 1min");
    let long = pg::Session::connect(&at.with("application_name", "long").within(limits.unhurried()), "test")
        .await
        .unwrap();
    assert_eq!(text(&long, shown).await, "1d 2s 1min");
    let pool = pg::Pool::new(&at.within(limits.without_statement()), "test", 1, None).unwrap();
    for _ in 0..2 {
        let client = pool.get().await.unwrap();
        let seen: String = client.query_one(shown, &[]).await.unwrap().get(0);
        assert_eq!(seen, "0 2s 1min");
        client.batch_execute("set lock_timeout = 7").await.unwrap();
    }
    let error = pg::Error::from(session.batch_execute("select pg_sleep(60)").await.unwrap_err());
    assert!(error.is_cancelled(), "{error}");
}
