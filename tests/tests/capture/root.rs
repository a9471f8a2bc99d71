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
    app.execute(
        "create table t (id int primary key, v int); select pgq.create_queue('q'); \
         select londiste_rs.capture_table('q', 'public.t'); grant all on t to clerk",
    );
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

    /// Replays the events so far one by one into a copy of `t` as it was before them, and counts the rows in which it
    /// differs then: the last word on each key is the table's own.
    pub(crate) fn differences_from(&self, copy: &str) -> i64 {
        self.app.execute(&format!(
            "do $$ declare e record; r t; begin
                 for e in select ev_type, ev_data, ev_extra2 from pgq.event_1_0 order by ev_id loop
                     if e.ev_type = 'rec.U' and e.ev_extra2 is not null then
                         r := e.ev_extra2::t;
                         delete from {copy} where id = r.id;
                     end if;
                     r := coalesce(e.ev_data, e.ev_extra2)::t;
                     delete from {copy} where id = r.id;
                     if e.ev_type <> 'rec.D' and e.ev_data is not null then insert into {copy} values (r.*); end if;
                 end loop;
                 truncate pgq.event_1_0; end $$"
        ));
        self.app.number(&format!(
            "select count(*) from (table t except all table {copy}) a \
               full join (table {copy} except all table t) b on true"
        ))
    }

    /// Who may write to the table and nowhere else.
    pub(crate) fn clerk(&self) -> Database {
        Database { user: "clerk".to_owned(), ..self.app.clone() }
    }
}
