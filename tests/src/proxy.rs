//! A TCP proxy before a server, which can do to connections what networks do.
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
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
    /// Milliseconds that each piece on its way to the server is held back.
    delay: Arc<AtomicU64>,
    /// Bytes that came from the server.
    answered: Arc<AtomicU64>,
}

struct State {
    mode: Mode,
    open: Vec<Arc<Link>>,
}

/// A connection through the proxy.
struct Link {
    swallowed: AtomicBool,
    delay: Arc<AtomicU64>,
    answered: Arc<AtomicU64>,
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
        let delay = Arc::<AtomicU64>::default();
        let answered = Arc::<AtomicU64>::default();
        let (requests, answers) = (delay.clone(), answered.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (shared, requests, answers) = (shared.clone(), requests.clone(), answers.clone());
                std::thread::spawn(move || link(client, port, &shared, requests, answers));
            }
        });
        Proxy { port: own, state, delay, answered }
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

    /// From now on what is sent to the server arrives so much later, also on open connections; answers come at once.
    pub fn delay_requests(&self, delay: Duration) {
        self.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), SeqCst);
    }

    /// Bytes that have come from the server on all connections so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(SeqCst)
    }

    /// New connections come through again. What was swallowed stays so.
    pub fn heal(&self) {
        self.state().mode = Mode::Pass;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn link(
    client: TcpStream,
    port: u16,
    shared: &Mutex<State>,
    delay: Arc<AtomicU64>,
    answered: Arc<AtomicU64>,
) {
    let mode = shared.lock().unwrap_or_else(PoisonError::into_inner).mode;
    match mode {
        Mode::Refuse => return,
        Mode::Slow(delay) => std::thread::sleep(delay),
        Mode::Pass | Mode::Swallow => {}
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    // what is sent in pieces must not wait for the other side's acknowledgement of the piece before, as it does not
    // without a proxy
    for end in [&client, &server] {
        let _ = end.set_nodelay(true);
    }
    let (Ok(client_end), Ok(server_end)) = (client.try_clone(), server.try_clone()) else { return };
    let swallowed = AtomicBool::new(mode == Mode::Swallow);
    let link = Arc::new(Link { swallowed, delay, answered, ends: [client_end, server_end] });
    shared.lock().unwrap_or_else(PoisonError::into_inner).open.push(link.clone());
    let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else { return };
    let back = link.clone();
    std::thread::spawn(move || pump(from_server, to_client, &back, false));
    pump(client, server, &link, true);
}

fn pump(mut from: TcpStream, mut to: TcpStream, link: &Link, to_server: bool) {
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
        if !to_server {
            link.answered.fetch_add(read as u64, SeqCst);
        } else if read > 0 {
            std::thread::sleep(Duration::from_millis(link.delay.load(SeqCst)));
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            link.cut();
            return;
        }
    }
}
