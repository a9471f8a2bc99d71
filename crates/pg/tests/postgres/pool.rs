use std::time::Duration;

use pg::Pool;
use tokio::time::timeout;

use crate::server::Server;

#[tokio::test]
async fn a_pool_lends_no_more_than_its_size() {
    let server = Server::start();
    let pool = Pool::new(&server.string(""), "pooled", 2, None).unwrap();
    let first = pool.get().await.unwrap();
    let second = pool.get().await.unwrap();
    assert!(timeout(Duration::from_millis(200), pool.get()).await.is_err());
    let sql = "select count(*) from pg_stat_activity where application_name = 'pooled'";
    assert_eq!(first.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 2);
    let pid = second.backend_pid();
    drop(second);
    assert_eq!(pool.get().await.unwrap().backend_pid(), pid);
    pool.close();
    assert!(pool.get().await.err().unwrap().to_string().contains("is closed"));
}

#[tokio::test]
async fn connections_come_back_clean_or_not_at_all() {
    let server = Server::start();
    let pool = Pool::new(&server.string(""), "pooled", 1, None).unwrap();
    let client = pool.get().await.unwrap();
    let pid = client.backend_pid();
    client
        .batch_execute(
            "set work_mem = '7MB'; create temp table x(); select pg_advisory_lock(1); begin; \
             create table left_over()",
        )
        .await
        .unwrap();
    drop(client);
    let client = pool.get().await.unwrap();
    assert_eq!(client.backend_pid(), pid);
    let left = "select current_setting('work_mem') = '7MB' or to_regclass('x') is not null
                 or to_regclass('left_over') is not null
                 or exists (select from pg_locks where locktype = 'advisory')";
    assert!(!client.query_one(left, &[]).await.unwrap().get::<_, bool>(0));

    let left_in = timeout(Duration::from_millis(100), client.batch_execute("select pg_sleep(60)")).await;
    assert!(left_in.is_err());
    drop(client);
    let client = timeout(Duration::from_secs(20), pool.get()).await.unwrap().unwrap();
    let pid = client.backend_pid();

    server.session().await.execute("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    drop(client);
    let fresh = pool.get().await.unwrap();
    assert_ne!(fresh.backend_pid(), pid);
    fresh.query_one("select 1", &[]).await.unwrap();
}

#[tokio::test]
async fn connections_are_replaced_after_their_lifetime() {
    let server = Server::start();
    let pool = Pool::new(&server.string(""), "pooled", 1, Some(Duration::from_millis(300))).unwrap();
    let pid = pool.get().await.unwrap().backend_pid();
    assert_eq!(pool.get().await.unwrap().backend_pid(), pid);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_ne!(pool.get().await.unwrap().backend_pid(), pid);
}

#[tokio::test]
async fn a_pool_reports_why_it_cannot_connect() {
    let server = Server::start();
    let pool = Pool::new(&server.string("dbname=none"), "pooled", 1, None).unwrap();
    let error = pool.get().await.err().unwrap();
    assert!(error.to_string().contains("dbname=none") && error.to_string().contains("3D000"), "{error}");
    assert!(Pool::new(&server.string("sslmode=on"), "pooled", 1, None).is_err());
}
