//! Two databases on one server: one with the stock extensions, one with ours.
use tests::{Cluster, Database};

const EXTENSIONS: &[&str] = &["pgq", "pgq_node", "londiste"];
const OWNER: &str = "queue_owner";
const PASSWORD: &str = "own-Secret1";

/// A server whose templates hold the two installations.
pub(crate) struct Databases {
    cluster: Cluster,
}

/// A fresh copy of each.
pub(crate) struct Both {
    /// The superuser's login: the stock extensions want one.
    pub(crate) stock: Database,
    /// An ordinary role's login.
    pub(crate) ours: Database,
}

impl Databases {
    /// `None`, with a message, where the stock extensions are not installed.
    pub(crate) fn start() -> Option<Databases> {
        let settings = [("autovacuum", "off"), ("track_functions", "all"), ("timezone", "UTC")];
        let cluster = Cluster::start_with("conformance", &settings);
        let admin = cluster.admin("postgres");
        let there = admin.number(
            "select count(*) from pg_available_extensions where name in ('pgq', 'pgq_node', 'londiste')",
        );
        if there < 3 {
            println!("skipped: stock extensions not installed (make conformance installs them)");
            return None;
        }
        admin.execute("create database stock_template");
        for extension in EXTENSIONS {
            cluster.admin("stock_template").execute(&format!("create extension {extension}"));
        }
        let may_not = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
        admin.execute(&format!("create role {OWNER} login password '{PASSWORD}' {may_not}"));
        // Replicating the events of triggers is compared under the setting where stock's superuser may change it.
        admin.execute(&format!("grant set on parameter session_replication_role to {OWNER}"));
        admin.execute(&format!("create database ours_template owner {OWNER} template template0"));
        let databases = Databases { cluster };
        databases.ordinary("ours_template").psql_file(&tests::repository().join("sql/init_noext.sql"));
        Some(databases)
    }

    /// Both installations, untouched.
    pub(crate) fn fresh(&self, name: &str) -> Both {
        let admin = self.cluster.admin("postgres");
        admin.execute(&format!("create database stock_{name} template stock_template"));
        admin.execute(&format!("create database ours_{name} owner {OWNER} template ours_template"));
        Both {
            stock: self.cluster.admin(&format!("stock_{name}")),
            ours: self.ordinary(&format!("ours_{name}")),
        }
    }

    fn ordinary(&self, dbname: &str) -> Database {
        Database {
            host: "127.0.0.1".to_owned(),
            port: self.cluster.port(),
            dbname: dbname.to_owned(),
            user: OWNER.to_owned(),
            password: Some(PASSWORD.to_owned()),
        }
    }
}
