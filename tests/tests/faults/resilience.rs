//! The process lives through what networks and servers do to it, and goes on within seconds of their end.

use std::time::Duration;

use tests::installation::{give_to_server_user, server_user};
use tests::proxy::Proxy;
use tests::{Database, Pair, Setup, Side, wait_until};

/// Noticing a lost connection takes 20 seconds and a `loop_delay`; machines under load get more.
const SETTLE: Duration = Duration::from_secs(90);
const QUICK: Duration = Duration::from_secs(30);

/// A connect string that leads through either proxy.
fn through(proxies: [&Proxy; 2], database: &Database) -> String {
    let [one, two] = proxies.map(Proxy::port);
    let (dbname, user, password) = (&database.dbname, &database.user, database.password.as_ref().unwrap());
    format!("host=127.0.0.1,127.0.0.1 port={one},{two} dbname={dbname} user={user} password={password}")
}

/// One process for everything, whose connections all go through proxies.
struct Scene {
    pair: Pair,
    setup: Setup,
    source: [Proxy; 2],
    target: [Proxy; 2],
    written: i64,
}

impl Scene {
    fn start() -> Scene {
        let pair = Pair::start();
        pair.both("create table t (id bigint primary key)");
        let setup = Setup::new(&pair);
        let [source, target] =
            [&pair.source, &pair.target].map(|side| [0, 1].map(|_| Proxy::before(side.cluster.port())));
        let at = |proxies: &[Proxy; 2], side: &Side| through([&proxies[0], &proxies[1]], side.app());
        let (root, leaf) = (at(&source, &pair.source), at(&target, &pair.target));
        setup.set("pgqd.ini", "base_connstr", &root);
        setup.set("source.ini", "db", &root);
        setup.set("target.ini", "db", &leaf);
        setup.londiste(&["source.ini", "create-root", "primary", &root]).expect_success();
        let provider = format!("--provider={root}");
        setup.londiste(&["target.ini", "create-leaf", "subscriber", &leaf, &provider]).expect_success();
        setup.londisted(&["-d", "pgqd.ini", "source.ini", "target.ini"]).expect_success();
        setup.add_all();
        setup.wait_ok(Duration::from_secs(60));
        let mut scene = Scene { pair, setup, source, target, written: 0 };
        scene.goes_on("at first");
        scene
    }

    /// A new row of the source comes to the target.
    fn goes_on(&mut self, when: &str) {
        self.written += 1;
        self.pair.source.execute(&format!("insert into t values ({})", self.written));
        self.arrives(when);
    }

    fn arrives(&self, when: &str) {
        let row = format!("select count(*) from t where id = {}", self.written);
        let what = format!("a row arrives {when}\n{}", self.setup.target_worker().log_end());
        wait_until(SETTLE, &what, || self.pair.target.admin().number(&row) == 1);
    }

    fn says(&self, words: &str) {
        wait_until(
            SETTLE,
            &format!("the log says {words:?}\n{}", self.setup.target_worker().log_end()),
            || self.setup.target_worker().log().contains(words) || self.setup.ticker().log().contains(words),
        );
    }
}

#[test]
fn it_goes_on_after_everything_that_networks_and_servers_do() {
    let mut scene = Scene::start();
    let pid = scene.setup.target_worker().expect_pid();

    // Packets vanish on both sides and on every open connection; nobody is told.
    for proxy in scene.source.iter().chain(&scene.target) {
        proxy.swallow();
    }
    for proxy in scene.source.iter().chain(&scene.target) {
        proxy.heal();
    }
    scene.goes_on("after the connections were swallowed");
    scene.says("the network has lost the connection");

    // The first host of the strings is away: the second one serves.
    scene.source[0].refuse();
    scene.target[0].refuse();
    scene.goes_on("by way of the second host");
    scene.source[0].heal();
    scene.target[0].heal();

    for proxy in scene.source.iter().chain(&scene.target) {
        proxy.slow(Duration::from_millis(1500));
    }
    scene.goes_on("over connections that take their time");
    for proxy in scene.source.iter().chain(&scene.target) {
        proxy.heal();
    }

    let admin = scene.pair.target.admin();
    admin.execute("alter role cloud_owner connection limit 0");
    scene.pair.target.cluster.terminate_sessions();
    scene.says("too many connections for role");
    admin.execute("alter role cloud_owner connection limit -1");
    scene.goes_on("after there were too many connections");

    // Applications may write in spite of it; ticks cannot be made.
    let admin = scene.pair.source.admin();
    let read_only = |value: &str| {
        admin.execute(&format!("alter system set default_transaction_read_only = {value}"));
        admin.execute("select pg_reload_conf()");
    };
    read_only("on");
    scene.written += 1;
    let row = scene.written;
    scene.pair.source.execute(&format!("begin read write; insert into t values ({row}); commit"));
    scene.says("read-only");
    read_only("off");
    scene.arrives("after the source was read-only");

    assert_eq!(scene.setup.target_worker().expect_pid(), pid, "the process has lived through it");
    scene.setup.londisted(&["stop", "target.ini"]).expect_success();
}

#[test]
fn a_pooler_in_transaction_mode_is_refused_by_name() {
    let Some(program) =
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].iter().find(|p| std::path::Path::new(p).exists())
    else {
        eprintln!("skipped: no pgbouncer here");
        return;
    };
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let side = &pair.source;
    let directory = setup.directory().join("pgbouncer");
    std::fs::create_dir(&directory).unwrap();
    let password = side.password.as_deref().unwrap();
    let ini = format!(
        "[databases]\n{dbname} = host=127.0.0.1 port={server} dbname={dbname} user={user} password={password}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = transaction\nlogfile = {log}\n",
        dbname = side.dbname,
        server = side.port,
        user = side.user,
        log = directory.join("log").display(),
    );
    std::fs::write(directory.join("pgbouncer.ini"), ini).unwrap();
    for path in [&directory, &directory.join("pgbouncer.ini")] {
        give_to_server_user(path);
    }
    std::fs::set_permissions(setup.directory(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = match server_user() {
        None => setup.command(program),
        Some((uid, gid)) => {
            let mut command = setup.command("setpriv");
            command.args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups", *program]);
            command
        }
    };
    let mut pooler = command.arg(directory.join("pgbouncer.ini")).spawn().unwrap();
    wait_until(QUICK, "pgbouncer listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let pooled = Database { port, ..side.app().clone() };
    setup.set("pgqd.ini", "base_connstr", &pooled.base_connstr());
    let output = setup.pgqd(&["pgqd.ini"]);
    // A command is not refused at once, and works where it needs no prepared statement.
    setup.londiste(&["source.ini", "create-root", "primary", &side.connstr()]).expect_success();
    setup.set("source.ini", "db", &pooled.connstr());
    let commands = ["status", "tables", "node-status"].into_iter().cycle().take(30);
    let failed = commands.map(|word| setup.londiste(&["source.ini", word])).find(|output| output.code != 0);
    pooler.kill().unwrap();
    pooler.wait().unwrap();
    output.expect_failure(1, &["pooler in transaction mode", "pool_mode = session"]);
    if let Some(failed) = failed {
        failed.expect_failure(1, &["prepared statement", "pooler in transaction mode"]);
    }
    assert!(!output.stderr.contains(password), "{}", output.report());
}
