//! Two servers and, on each, an ordinary role that owns its database: the setting of a migration.
use std::ops::Deref;
use std::sync::Arc;

use crate::template::ADMIN;
use crate::{Cluster, Database, installation};

/// Source and target of a migration.
pub struct Pair {
    /// Where the application lives today.
    pub source: Side,
    /// Where it is to live.
    pub target: Side,
}

/// One side of a [`Pair`]. Dereferences to the ordinary role's login.
pub struct Side {
    /// The server.
    pub cluster: Arc<Cluster>,
    app: Database,
}

impl Pair {
    /// Two fresh servers.
    pub fn start() -> Pair {
        Pair::start_with(&[])
    }

    /// Two fresh servers with settings of `postgresql.conf` on top.
    pub fn start_with(settings: &[(&str, &str)]) -> Pair {
        let [source, target] = std::thread::scope(|scope| {
            ["source", "target"]
                .map(|name| scope.spawn(move || Cluster::start_with(name, settings)))
                .map(|thread| thread.join().expect("the cluster starts"))
        });
        Pair::on(Arc::new(source), Arc::new(target), "", ["UTF8"; 2])
    }

    /// Another pair of empty databases, with roles of their own, on the same servers.
    pub fn another(&self, suffix: &str) -> Pair {
        self.another_in(suffix, ["UTF8"; 2])
    }

    /// The same with databases in these encodings, on source and target.
    pub fn another_in(&self, suffix: &str, encodings: [&str; 2]) -> Pair {
        Pair::on(self.source.cluster.clone(), self.target.cluster.clone(), suffix, encodings)
    }

    /// For tests that are about roles which may not set `session_replication_role`, also where `SILENCING` lets all.
    pub fn forbid_silencing(&self) {
        for side in [&self.source, &self.target] {
            if side.cluster.major() >= 15 {
                let revoke = format!("revoke set on parameter session_replication_role from {}", side.user);
                side.admin().execute(&revoke);
            }
        }
    }

    /// Removes both databases, for whoever makes many large ones.
    pub fn discard(self) {
        for side in [&self.source, &self.target] {
            let drop = format!(
                "drop database {} with (force)",
                side.value("select quote_ident(current_database())")
            );
            side.cluster.admin("postgres").execute(&drop);
        }
    }

    fn on(source: Arc<Cluster>, target: Arc<Cluster>, suffix: &str, encodings: [&str; 2]) -> Pair {
        Pair {
            source: Side::create(
                source,
                &format!("shop_owner{suffix}"),
                &format!("shop{suffix}"),
                "live-Secret1",
                encodings[0],
            ),
            target: Side::create(
                target,
                &format!("cloud_owner{suffix}"),
                &format!("cloud{suffix}"),
                "cloud-Secret2",
                encodings[1],
            ),
        }
    }

    /// Whether the system's `pg_dump` reads the source: other versions bring none along. Says so if not.
    pub fn can_be_dumped(&self) -> bool {
        let (program, server) = (installation::client_major("pg_dump"), self.source.cluster.major());
        if program < server {
            println!("left out: pg_dump of version {program} refuses a server of version {server}");
        }
        program >= server
    }

    /// Runs the same SQL as the ordinary role of both sides.
    #[track_caller]
    pub fn both(&self, sql: &str) {
        self.source.execute(sql);
        self.target.execute(sql);
    }
}

impl Side {
    fn create(cluster: Arc<Cluster>, role: &str, dbname: &str, password: &str, encoding: &str) -> Side {
        let admin = cluster.admin("postgres");
        let may_not = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
        admin.execute(&format!("create role {role} login password '{password}' {may_not}"));
        let locale = if encoding == "UTF8" { "" } else { "lc_collate 'C' lc_ctype 'C'" };
        admin.execute(&format!(
            "create database {dbname} owner {role} template template0 encoding '{encoding}' {locale}"
        ));
        if std::env::var_os("SILENCING").is_some() && cluster.major() >= 15 {
            permit_silencing(&admin, role);
        }
        let app = Database {
            host: "127.0.0.1".to_owned(),
            port: cluster.port(),
            dbname: dbname.to_owned(),
            user: role.to_owned(),
            password: Some(password.to_owned()),
        };
        Side { cluster, app }
    }

    /// Lets the ordinary role set `session_replication_role`; false where only superusers may, before PostgreSQL 15.
    /// With `SILENCING` in the environment all roles may.
    pub fn permit_silencing(&self) -> bool {
        let may = self.cluster.major() >= 15;
        if may {
            permit_silencing(&self.admin(), &self.user);
        }
        may
    }

    /// The ordinary role's login.
    pub fn app(&self) -> &Database {
        &self.app
    }

    /// A superuser's login with a password, as the stock tools need it.
    pub fn superuser_over_tcp(&self) -> Database {
        let password = "superSecret3";
        self.admin().execute(&format!("alter role {ADMIN} password '{password}'"));
        Database { user: ADMIN.to_owned(), password: Some(password.to_owned()), ..self.app.clone() }
    }

    /// The superuser's login to the same database: to look at things, or to forbid them.
    pub fn admin(&self) -> Database {
        self.cluster.admin(&self.app.dbname)
    }
}

fn permit_silencing(admin: &Database, role: &str) {
    admin.execute(&format!("grant set on parameter session_replication_role to {role}"));
}

impl Deref for Side {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.app
    }
}
