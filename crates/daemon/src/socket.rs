//! Control socket: `<pidfile>.sock`, for the owner of the process only. It answers `status` in words and `status json`
//! for machines, and takes `throttle` of a node's job; one request a connection, without asking any database.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Caller;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::Error;
use crate::status::Jobs;
use crate::throttling::Throttling;

/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_REQUEST: u64 = 100;
/// The answer to anything else.
pub const UNKNOWN: &str = "requests: status, status json, throttle (of a node's job)\n";

/// A bound socket, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

/// Where the socket of a pidfile is.
pub(crate) fn path(pidfile: &Path) -> PathBuf {
    let mut name = pidfile.as_os_str().to_owned();
    name.push(".sock");
    name.into()
}

impl Socket {
    /// Makes the socket beside a pidfile that this process holds: one that is there already is left over. Must be
    /// called inside a runtime.
    pub(crate) fn bind(pidfile: &Path) -> Result<Socket, Error> {
        let path = path(pidfile);
        let failed = |source| Error::File { action: "make the control socket", path: path.clone(), source };
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(failed(error));
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Socket { path, listener })
    }

    /// Answers for one job until the future is dropped.
    pub(crate) async fn serve(self, jobs: Jobs, number: usize, throttling: Option<Throttling>) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // out of file descriptors, perhaps: no reason to spin
                tokio::time::sleep(PATIENCE).await;
                continue;
            };
            if is_ours(&stream) {
                let answered =
                    tokio::time::timeout(PATIENCE, answer(stream, &jobs, number, throttling.as_ref())).await;
                if let Ok(Err(error)) = answered {
                    tracing::debug!("control socket: {error}");
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // what is left behind is replaced by the next start
        _ = std::fs::remove_file(&self.path);
    }
}

/// Between bind and chmod others might have come in.
fn is_ours(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn answer(
    mut stream: UnixStream,
    jobs: &Jobs,
    number: usize,
    throttling: Option<&Throttling>,
) -> std::io::Result<()> {
    let mut request = String::new();
    let mut byte = [0];
    while stream.read(&mut byte).await? == 1 && byte[0] != b'\n' && (request.len() as u64) < LONGEST_REQUEST {
        request.push(char::from(byte[0]));
    }
    let answer = match request.trim() {
        "status" => jobs.text(Some(number)),
        "status json" => format!("{}\n", jobs.json(Some(number))),
        other => match throttling.and_then(|throttling| throttling.answer(other)) {
            Some(answer) => answer,
            None => UNKNOWN.to_owned(),
        },
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Asks the process that holds `pidfile`.
///
/// # Errors
/// It has no control socket, does not answer, or this user may not ask.
pub fn ask(pidfile: &Path, request: &str) -> Result<String, Error> {
    let path = path(pidfile);
    let failed = |source| Error::File { action: "ask the control socket", path: path.clone(), source };
    let asked = || -> std::io::Result<String> {
        let mut stream = Caller::connect(&path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{request}\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_answers_in_words_and_in_json_and_is_the_owners() {
        let dir = tempfile::tempdir().unwrap();
        let pidfile = dir.path().join("a.pid");
        std::fs::write(path(&pidfile), "left over").unwrap();
        let socket = Socket::bind(&pidfile).unwrap();
        let mode = std::fs::metadata(path(&pidfile)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let jobs = Jobs::new([("job".to_owned(), "londiste", "x.ini".into())].into_iter());
        let serving = tokio::spawn(socket.serve(jobs, 0, None));
        let asked = |request: &'static str| {
            let pidfile = pidfile.clone();
            tokio::task::spawn_blocking(move || ask(&pidfile, request).unwrap())
        };
        assert!(asked("status").await.unwrap().contains("job ([londiste] of x.ini)"));
        let json: serde_json::Value = serde_json::from_str(&asked("status json").await.unwrap()).unwrap();
        assert_eq!(json["jobs"][0]["job"], "job");
        assert!(asked("stop").await.unwrap().contains("requests: "));
        serving.abort();
        _ = serving.await;
        assert!(!path(&pidfile).exists());
    }
}
