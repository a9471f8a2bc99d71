//! A proxy on the way to the server that answers one request with an error of any SQLSTATE: the server gets a
//! statement that raises it in the
//! request's place, so that the transaction is aborted as by a refusal of the request itself.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy};
use tokio::net::UnixStream;

#[derive(Default)]
struct Plan {
    /// Requests since the last plan.
    requests: usize,
    /// Which request is answered with which SQLSTATE.
    inject: Option<(usize, &'static str)>,
    /// It was.
    hit: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Proxy {
    plan: Arc<Mutex<Plan>>,
    /// The server's answers come byte by byte.
    trickles: bool,
}

impl Proxy {
    /// A proxy that passes on the server's answers byte by byte.
    pub(crate) fn trickling() -> Proxy {
        Proxy { trickles: true, ..Proxy::default() }
    }

    /// Counts requests from now on, and answers number `at` (from 0) with `code`.
    pub(crate) fn inject(&self, at: usize, code: &'static str) {
        *self.plan.lock().unwrap() = Plan { inject: Some((at, code)), ..Plan::default() };
    }

    /// Lets everything pass; true when an error was injected since the last call.
    pub(crate) fn pass(&self) -> bool {
        std::mem::take(&mut *self.plan.lock().unwrap()).hit
    }

    /// A connection to the server at that socket.
    pub(crate) fn before(&self, socket: &Path) -> DuplexStream {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let (proxy, socket) = (self.clone(), socket.to_owned());
        tokio::spawn(async move {
            let mut server = UnixStream::connect(socket).await.unwrap();
            let (mut from_server, mut to_server) = server.split();
            let (mut from_client, mut to_client) = tokio::io::split(&mut theirs);
            let forth = forth(&proxy, &mut from_client, &mut to_server);
            let back = async {
                if proxy.trickles {
                    trickle(&mut from_server, &mut to_client).await
                } else {
                    copy(&mut from_server, &mut to_client).await.map(|_| ())
                }
            };
            tokio::select! { _ = forth => {}, _ = back => {} }
        });
        ours
    }

    fn request(&self, request: &[u8]) -> Vec<u8> {
        // a request that only closes a statement, or ends a transaction, is no statement of the applier's
        let text = String::from_utf8_lossy(request);
        let ends = ["rollback\0", "commit\0", "rollback to savepoint"].iter().any(|end| text.contains(end));
        let mut plan = self.plan.lock().unwrap();
        let Some((at, code)) = plan.inject.filter(|_| !ends && request[0] != b'C') else {
            return request.to_vec();
        };
        plan.requests += 1;
        if plan.requests != at + 1 {
            return request.to_vec();
        }
        plan.hit = true;
        let sql = format!("do $$ begin raise exception 'injected' using errcode = '{code}'; end $$\0");
        let length = i32::try_from(sql.len() + 4).unwrap();
        [&b"Q"[..], &length.to_be_bytes(), sql.as_bytes()].concat()
    }
}

/// Passes answers on, each byte by itself.
async fn trickle(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<()> {
    loop {
        let byte = from.read_u8().await?;
        to.write_u8(byte).await?;
        // whoever reads finds it alone
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
}

/// Passes requests on, message by message.
async fn forth(
    proxy: &Proxy,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> std::io::Result<std::convert::Infallible> {
    // the startup message has no type
    let mut request = Vec::new();
    message(from, &mut request).await?;
    to.write_all(&request).await?;
    request.clear();
    loop {
        let kind = from.read_u8().await?;
        request.push(kind);
        message(from, &mut request).await?;
        // a request ends with Query or Sync
        if matches!(kind, b'Q' | b'S' | b'X') {
            to.write_all(&proxy.request(&request)).await?;
            request.clear();
        }
    }
}

/// Reads a message from its length on.
async fn message(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> std::io::Result<()> {
    let length = from.read_i32().await?;
    into.extend(length.to_be_bytes());
    let begin = into.len();
    into.resize(begin + usize::try_from(length).unwrap() - 4, 0);
    from.read_exact(&mut into[begin..]).await.map(|_| ())
}
