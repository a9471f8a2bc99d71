//! PgBouncer in front of the application: the hooks of `docs/switch.md` pause its clients and let them go on at the new
//! root, so that a switch refuses nothing.
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::http::free_port;
use tests::installation::{as_server_user, client, give_to_server_user};
use tests::{Database, compare, wait_until};

use crate::scene::{SETTLE, Scene};

const PGBOUNCER: &str = "/usr/sbin/pgbouncer";

/// A running PgBouncer, ended when it goes out of scope.
struct PgBouncer(Child);

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Its settings with the application's database on one side.
fn settings(directory: &Path, port: u16, side: &Database) -> String {
    let mut text = "[databases]\n".to_owned();
    let password = side.password.as_ref().map(|password| format!(" password={password}")).unwrap_or_default();
    let Database { host, port: server, dbname, user, .. } = side;
    writeln!(text, "app = host={host} port={server} dbname={dbname} user={user}{password}").expect("written");
    write!(
        text,
        "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         admin_users = admin\npool_mode = transaction\nserver_login_retry = 1\nlogfile = {}\n",
        directory.join("pgbouncer.log").display()
    )
    .expect("written");
    text
}

fn start(directory: &Path, port: u16) -> PgBouncer {
    let mut command = as_server_user(Path::new(PGBOUNCER));
    command.arg(directory.join("pgbouncer.ini")).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("PgBouncer runs");
    wait_until(SETTLE, "PgBouncer listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    PgBouncer(child)
}

/// Inserts rows until it is told to stop; answers the last one. An error is a failure: the application sees none.
fn write(application: &Database, stop: &AtomicBool) -> i64 {
    let mut client = application.connect();
    let mut id = 0;
    while !stop.load(Ordering::Relaxed) {
        id += 1;
        client
            .batch_execute(&format!("insert into t values ({id}, 0)"))
            .unwrap_or_else(|error| panic!("row {id} was refused: {error:?}"));
        std::thread::sleep(Duration::from_millis(1));
    }
    id
}

#[test]
fn an_application_behind_pgbouncer_is_refused_nothing() {
    if !Path::new(PGBOUNCER).exists() {
        println!("skipped: PgBouncer is not installed (.ci/install-test-tools)");
        return;
    }
    let scene = Scene::of("create table t (id int primary key, v int)");
    let (setup, port) = (&scene.setup, free_port());
    let own = tempfile::tempdir().expect("a directory");
    let directory = own.path();
    give_to_server_user(directory);
    let sides = [("source", scene.pair.source.app()), ("target", scene.pair.target.app())];
    for (name, side) in sides {
        std::fs::write(directory.join(format!("{name}-pgbouncer.ini")), settings(directory, port, side))
            .expect("written");
    }
    let ini = directory.join("pgbouncer.ini");
    std::fs::copy(directory.join("source-pgbouncer.ini"), &ini).expect("copied");
    give_to_server_user(&ini);
    let _pgbouncer = start(directory, port);
    let console = |commands: &[&str]| {
        let mut words = format!("{} -X -h 127.0.0.1 -p {port} -U admin pgbouncer", client("psql").display());
        commands.iter().for_each(|command| write!(words, " -c \"{command}\"").expect("written"));
        words
    };
    for (name, _) in sides {
        let ini = format!("{name}.ini");
        let points = format!("cp {0}/{name}-pgbouncer.ini {0}/pgbouncer.ini && ", directory.display());
        setup.set(&ini, "hook_before_freeze", &console(&["PAUSE app"]));
        setup.set(&ini, "hook_after_switch", &(points + &console(&["RELOAD", "RESUME app"])));
        setup.set(&ini, "hook_on_abort", &console(&["RESUME app"]));
    }
    let application = Database {
        host: "127.0.0.1".to_owned(),
        port,
        dbname: "app".to_owned(),
        user: "application".to_owned(),
        password: None,
    };
    let stop = AtomicBool::new(false);
    let last = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&application, &stop));
        let switches = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for ini in ["target.ini", "source.ini"] {
                std::thread::sleep(Duration::from_secs(1));
                setup.londiste(&[ini, "switchover"]).expect_success();
                let (_, side) = sides[usize::from(ini == "target.ini")];
                let before = side.number("select max(id) from t");
                wait_until(SETTLE, "the application writes there", || {
                    side.number("select max(id) from t") > before + 10
                });
            }
        }));
        stop.store(true, Ordering::Relaxed);
        let last = writer.join();
        switches.expect("both switches are made");
        last.expect("the application was refused nothing")
    });
    setup.wait_caught_up(SETTLE);
    assert_eq!(scene.pair.source.number("select count(*) from t"), last);
    compare::assert_equal(&scene.pair);
}
