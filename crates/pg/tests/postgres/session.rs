use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::server::{Server, text};

const SOON: Duration = Duration::from_secs(10);

/// Asks again until the answer is the expected one.
async fn becomes(session: &pg::Session, query: &str, expected: &str) {
    let begin = Instant::now();
    loop {
        let answer = text(session, query).await;
        if answer == expected {
            return;
        }
        assert!(begin.elapsed() < SOON, "{query} stays {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn notifications_arrive_until_the_connection_is_lost() {
    let server = Server::start();
    let other = server.session().await;
    let session = server.session().await;
    session.batch_execute("listen bell").await.unwrap();
    other.batch_execute("notify bell, 'one'; notify bell, 'two'").await.unwrap();
    for expected in ["one", "two"] {
        let notification = timeout(SOON, session.notification()).await.unwrap().unwrap();
        assert_eq!((notification.channel(), notification.payload()), ("bell", expected));
    }
    assert!(timeout(Duration::from_millis(100), session.notification()).await.is_err());
    other.execute("select pg_terminate_backend($1)", &[&session.backend_pid()]).await.unwrap();
    let lost = timeout(SOON, session.notification()).await.unwrap().unwrap_err();
    assert!(lost.is_connection_lost());
    assert!(
        lost.to_string().contains("terminating connection due to administrator command (SQLSTATE 57P01)"),
        "{lost}"
    );
    let query = pg::Error::from(session.batch_execute("select 1").await.unwrap_err());
    assert!(query.is_connection_lost());
}

#[tokio::test]
async fn a_dropped_session_leaves_nothing_behind() {
    let server = Server::start();
    let watcher = server.session().await;
    let others = "select count(*) from pg_stat_activity \
                   where backend_type = 'client backend' and pid <> pg_backend_pid()";
    let idle = server.session().await;
    assert_eq!(text(&watcher, others).await, "1");
    drop(idle);
    becomes(&watcher, others, "0").await;

    let busy = server.session().await;
    let statement = timeout(Duration::from_millis(300), busy.batch_execute("select pg_sleep(60)")).await;
    assert!(statement.is_err());
    drop(busy);
    becomes(&watcher, others, "0").await;
}

#[tokio::test]
async fn a_statement_can_be_cancelled() {
    let server = Server::start();
    let session = server.session().await;
    let watcher = server.session().await;
    let cancel = session.cancel_token();
    let running = tokio::spawn(async move {
        let ended = session.batch_execute("select pg_sleep(60)").await;
        (session, ended)
    });
    becomes(&watcher, "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'", "1").await;
    cancel.cancel_query().await.unwrap();
    let (session, ended) = timeout(SOON, running).await.unwrap().unwrap();
    assert!(pg::Error::from(ended.unwrap_err()).is_cancelled());
    assert_eq!(text(&session, "select 1").await, "1");
}

#[tokio::test]
async fn errors_tell_all_the_server_said() {
    let server = Server::start();
    let session = server.session().await;
    session.batch_execute("create table t (id int primary key); insert into t values (1)").await.unwrap();
    let double = pg::Error::from(session.batch_execute("insert into t values (1)").await.unwrap_err())
        .during("filling t");
    assert_eq!(
        double.to_string(),
        "filling t: duplicate key value violates unique constraint \"t_pkey\" (SQLSTATE 23505); \
         detail: Key (id)=(…) already exists."
    );
    let hinted = pg::Error::from(
        session
            .batch_execute("do 'begin raise exception using message = $$m$$, hint = $$h$$; end'")
            .await
            .unwrap_err(),
    );
    assert!(hinted.to_string().starts_with("m (SQLSTATE P0001); hint: h; context: PL/pgSQL"), "{hinted}");

    let other = server.session().await;
    session.batch_execute("begin; lock table t").await.unwrap();
    let waited =
        pg::Error::from(other.batch_execute("set lock_timeout = 50; select * from t").await.unwrap_err());
    assert!(waited.is_lock_timeout() && !waited.is_connection_lost());
}

#[tokio::test]
async fn a_session_that_is_given_up_is_ended_with_its_locks_and_no_other() {
    let server = Server::start();
    let watcher = server.session().await;
    watcher.batch_execute("create table t (a int)").await.unwrap();
    let watch = pg::Watch::default();
    let lost = watch.over(server.session()).await;
    let kept = server.session().await;
    assert!(!watch.look("watch").await.shows_work());
    lost.batch_execute("begin; lock table t").await.unwrap();
    let picture = watch.look("watch").await;
    assert!(picture.to_string().contains("idle in transaction"), "{picture}");
    assert!(picture == watch.look("watch").await, "nothing has moved");
    watch.abandon(&picture);
    watch.bury("watch").await;
    becomes(&watcher, "select count(*) from pg_locks where relation = 't'::regclass", "0").await;
    kept.batch_execute("select 1").await.unwrap();

    // One that has moved meanwhile is alive.
    let busy = watch.over(server.session()).await;
    let picture = watch.look("watch").await;
    busy.batch_execute("select 1").await.unwrap();
    watch.abandon(&picture);
    watch.bury("watch").await;
    busy.batch_execute("select 1").await.unwrap();
}
