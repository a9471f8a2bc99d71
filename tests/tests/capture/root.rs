//! One server with capture, for tests that look at the events themselves.
use tests::{Cluster, Database};

/// A server whose database `app` captures a table `t` into a queue `q`.
pub(crate) struct Root {
    pub(crate) cluster: Cluster,
    pub(crate) app: Database,
}

/// A database with our SQL, a queue and a captured table, of an ordinary role.
pub(crate) fn root() -> Root {
    let cluster = Cluster::start("capture");
    let admin = cluster.admin("postgres");
    admin.execute("create role app login password 'x'; create role clerk login password 'x'");
    admin.execute("create database app owner app");
    let login = |user: &str| Database {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        dbname: "app".to_owned(),
        user: user.to_owned(),
        password: Some("x".to_owned()),
    };
    let app = login("app");
    app.psql_file(&tests::repository().join("sql/init_noext.sql"));
    app.execute("create table t (id int primary key, v int); select pgq.create_queue('q'); select londiste_rs.capture_table('q', 'public.t'); grant all on t to clerk");
    Root { cluster, app }
}

impl Root {
    /// The events in one of the queue's tables, in their order.
    pub(crate) fn events(&self, table: u32) -> Vec<String> {
        let rows = self.app.rows(&format!(
            "select ev_type || coalesce(ev_data, '') from pgq.event_1_{table} order by ev_id"
        ));
        rows.into_iter().flatten().flatten().collect()
    }

    /// Who may write to the table and nowhere else.
    pub(crate) fn clerk(&self) -> Database {
        Database { user: "clerk".to_owned(), ..self.app.clone() }
    }
}
