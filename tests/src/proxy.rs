//! A TCP proxy before a server, which can do to connections what networks do.
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happens to new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Refuse,
    Swallow,
    Slow(Duration),
}

/// A running proxy on a free port of 127.0.0.1; it ends with the test's process.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    open: Vec<Arc<Link>>,
}

/// A connection through the proxy.
struct Link {
    swallowed: AtomicBool,
    ends: [TcpStream; 2],
}

impl Link {
    fn cut(&self) {
        for end in &self.ends {
            // one that is closed already is as good
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// A proxy before the server on `port` of 127.0.0.1.
    pub fn before(port: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { mode: Mode::Pass, open: Vec::new() }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || link(client, port, &shared));
            }
        });
        Proxy { port: own, state }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing comes through any more, and nobody is told: neither on open connections nor on new ones.
    pub fn swallow(&self) {
        let mut state = self.state();
        state.mode = Mode::Swallow;
        state.open.iter().for_each(|link| link.swallowed.store(true, SeqCst));
    }

    /// Open connections are cut, new ones refused.
    pub fn refuse(&self) {
        let mut state = self.state();
        state.mode = Mode::Refuse;
        state.open.drain(..).for_each(|link| link.cut());
    }

    /// Open connections are cut; new ones wait this long for the server.
    pub fn slow(&self, delay: Duration) {
        let mut state = self.state();
        state.mode = Mode::Slow(delay);
        state.open.drain(..).for_each(|link| link.cut());
    }

    /// New connections come through again. What was swallowed stays so.
    pub fn heal(&self) {
        self.state().mode = Mode::Pass;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn link(client: TcpStream, port: u16, shared: &Mutex<State>) {
    let mode = shared.lock().unwrap_or_else(PoisonError::into_inner).mode;
    match mode {
        Mode::Refuse => return,
        Mode::Slow(delay) => std::thread::sleep(delay),
        Mode::Pass | Mode::Swallow => {}
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(client_end), Ok(server_end)) = (client.try_clone(), server.try_clone()) else { return };
    let swallowed = AtomicBool::new(mode == Mode::Swallow);
    let link = Arc::new(Link { swallowed, ends: [client_end, server_end] });
    shared.lock().unwrap_or_else(PoisonError::into_inner).open.push(link.clone());
    let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else { return };
    let back = link.clone();
    std::thread::spawn(move || pump(from_server, to_client, &back));
    pump(client, server, &link);
}

fn pump(mut from: TcpStream, mut to: TcpStream, link: &Link) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        if link.swallowed.load(SeqCst) {
            if read == 0 {
                // the other side does not hear of the end either, as long as the test runs
                return;
            }
            continue;
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            link.cut();
            return;
        }
    }
}
