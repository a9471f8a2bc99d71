//! `metrics_listen`: what the parts tell, over HTTP. `/` is a page for people, `/metrics` for Prometheus, `/healthz`
//! and `/readyz` for whoever watches the process. Nothing here asks a database, and nothing can be changed from here.

mod families;
mod findings;
mod history;
mod hosts;
mod markup;
mod page;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Error;
use crate::status::Jobs;
use history::History;
pub(crate) use hosts::Hosts;

/// A caller that sends no request for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection lasts no longer, however slowly its caller reads.
const LONGEST: Duration = Duration::from_secs(60);
/// Connections at the same time; more of them wait.
const CALLERS: usize = 32;
/// Bytes of a request's head, at most.
const LARGEST_HEAD: usize = 16 * 1024;

/// A bound address.
pub(crate) struct Listener {
    address: SocketAddr,
    listener: TcpListener,
    hosts: Hosts,
}

impl Listener {
    /// Listens on `address`, for those who ask by one of `hosts`. Callers wait until it is served.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(crate) async fn bind(address: SocketAddr, hosts: Hosts) -> Result<Listener, Error> {
        let listener =
            TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        Ok(Listener { address: listener.local_addr().unwrap_or(address), listener, hosts })
    }

    /// Answers, in tasks of `serving`, until those are dropped. Must be called inside a runtime.
    pub(crate) fn serve(self, jobs: Jobs, serving: &mut JoinSet<()>) {
        let bound = self.address;
        tracing::info!("status page on http://{bound}/, metrics on http://{bound}/metrics");
        let history = Arc::new(History::default());
        serving.spawn(history::keep(history.clone(), jobs.clone()));
        serving.spawn(answer_all(self.listener, Answers { jobs, history, hosts: self.hosts }));
    }
}

/// What is told, and to whom.
#[derive(Clone)]
struct Answers {
    jobs: Jobs,
    history: Arc<History>,
    hosts: Hosts,
}

async fn answer_all(listener: TcpListener, answers: Answers) {
    let mut callers = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if callers.len() < CALLERS => match accepted {
                Ok((stream, _)) => _ = callers.spawn(answer_one(stream, answers.clone())),
                // out of file descriptors, perhaps: no reason to spin
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            },
            Some(_) = callers.join_next() => {}
        }
    }
}

async fn answer_one(stream: TcpStream, answers: Answers) {
    let answering = service_fn(move |request| {
        let response = answer(&request, &answers);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(LARGEST_HEAD);
    match tokio::time::timeout(LONGEST, http.serve_connection(TokioIo::new(stream), answering)).await {
        Ok(Err(error)) => tracing::debug!("status page: {error}"),
        Ok(Ok(())) => {}
        Err(_) => tracing::debug!("status page: a connection has lasted too long"),
    }
}

fn answer(request: &Request<Incoming>, answers: &Answers) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let Answers { jobs, history, hosts } = answers;
    if !hosts.allow(request.headers()) {
        let unknown =
            "asked for by a name that is not known here: use an address, or add the name to metrics_hosts\n";
        return response(StatusCode::MISDIRECTED_REQUEST, TEXT, unknown.into());
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into());
    }
    match request.uri().path() {
        "/" => {
            let page = page::render(jobs, history, &page::Wish::read(request.uri().query()));
            response(StatusCode::OK, "text/html; charset=utf-8", page)
        }
        "/metrics" => match families::text(jobs) {
            Ok(text) => response(StatusCode::OK, families::CONTENT_TYPE, text),
            Err(error) => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string()),
        },
        "/status.json" => response(StatusCode::OK, "application/json", jobs.json(None).to_string()),
        // that this is answered is all there is to know
        "/healthz" => response(StatusCode::OK, TEXT, "ok\n".into()),
        "/readyz" => {
            let well = jobs.are_ready() && !jobs.now(None).iter().any(|job| job.fails());
            let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let state = match (well, jobs.stand_by()) {
                (true, true) => "standby",
                (true, false) => "ready",
                (false, _) => "not ready",
            };
            response(status, TEXT, format!("{state}: {}\n", jobs.line()))
        }
        _ => response(StatusCode::NOT_FOUND, TEXT, "here: / /metrics /status.json /healthz /readyz\n".into()),
    }
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn it_answers_over_http() {
        let jobs = Jobs::new([("job".to_owned(), "londiste", "x.ini".into())].into_iter());
        let mut serving = JoinSet::new();
        let hosts = Hosts::new(["x".to_owned()]);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), hosts).await.unwrap();
        let at = listener.address;
        listener.serve(jobs, &mut serving);
        for (path, said) in [
            ("/", "<title>"),
            ("/metrics", "# EOF"),
            ("/healthz", "200 OK"),
            ("/readyz", "503 Service Unavailable"),
            ("/status.json", "\"jobs\""),
            ("/other", "404 Not Found"),
        ] {
            let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.contains(said), "{path}: {answer}");
        }
    }

    async fn ask(at: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // the end may come as a reset, where not all of the request was read
        _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn it_answers_to_known_names_and_to_so_many_callers() {
        let jobs = Jobs::new([("job".to_owned(), "londiste", "x.ini".into())].into_iter());
        let mut serving = JoinSet::new();
        let hosts = Hosts::new([]);
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), hosts).await.unwrap();
        let at = listener.address;
        listener.serve(jobs, &mut serving);
        let named =
            |host: &str| format!("GET /status.json HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = ask(at, &named("rebound.example.com")).await;
        assert!(
            answer.contains("421") && answer.contains("metrics_hosts") && !answer.contains("jobs"),
            "{answer}"
        );
        assert!(ask(at, &named(&at.to_string())).await.contains("\"jobs\""));
        let large =
            format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(2 * LARGEST_HEAD));
        assert!(!ask(at, &large).await.contains("200 OK"));

        let mut idle = Vec::new();
        for _ in 0..CALLERS {
            idle.push(TcpStream::connect(at).await.unwrap());
        }
        let one_more = tokio::spawn(async move { ask(at, &named("localhost")).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!one_more.is_finished(), "more than {CALLERS} are served");
        idle.pop();
        assert!(one_more.await.unwrap().contains("\"jobs\""));
    }
}
