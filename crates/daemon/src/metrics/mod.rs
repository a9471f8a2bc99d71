//! `metrics_listen`: what the parts tell, over HTTP. `/` is a page for people, `/metrics` for Prometheus, `/healthz` and `/readyz` for
//! whoever watches the process. Nothing here asks a database, and nothing can be changed from here.

mod families;
mod history;
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
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Error;
use crate::status::Jobs;
use history::History;

/// A caller that sends nothing for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bound address.
pub(crate) struct Listener {
    address: SocketAddr,
    listener: TcpListener,
}

impl Listener {
    /// Listens on `address`. Callers wait until it is served.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Listener, Error> {
        let listener =
            TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        Ok(Listener { address: listener.local_addr().unwrap_or(address), listener })
    }

    /// Answers, in tasks of `serving`, until those are dropped. Must be called inside a runtime.
    pub(crate) fn serve(self, jobs: Jobs, serving: &mut JoinSet<()>) {
        let bound = self.address;
        tracing::info!("status page on http://{bound}/, metrics on http://{bound}/metrics");
        answer_all(self.listener, jobs, serving);
    }
}

fn answer_all(listener: TcpListener, jobs: Jobs, serving: &mut JoinSet<()>) {
    let history = Arc::new(History::default());
    serving.spawn(history::keep(history.clone(), jobs.clone()));
    serving.spawn(async move {
        let mut callers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let (jobs, history) = (jobs.clone(), history.clone());
                        callers.spawn(async move {
                            let answering = service_fn(move |request| {
                                let response = answer(&request, &jobs, &history);
                                async move { Ok::<_, Infallible>(response) }
                            });
                            let mut http = http1::Builder::new();
                            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
                            if let Err(error) = http.serve_connection(TokioIo::new(stream), answering).await {
                                tracing::debug!("status page: {error}");
                            }
                        });
                    }
                    // out of file descriptors, perhaps: no reason to spin
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                },
                Some(_) = callers.join_next() => {}
            }
        }
    });
}

fn answer(request: &Request<Incoming>, jobs: &Jobs, history: &History) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into());
    }
    match request.uri().path() {
        "/" => response(StatusCode::OK, "text/html; charset=utf-8", page::render(jobs, history)),
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
            response(status, TEXT, jobs.line() + "\n")
        }
        _ => response(StatusCode::NOT_FOUND, TEXT, "here: / /metrics /status.json /healthz /readyz\n".into()),
    }
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
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
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
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
}
