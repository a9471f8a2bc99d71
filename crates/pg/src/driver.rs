//! Task that moves a connection's bytes.

use std::future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, Notification, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{CancelToken, notice};

type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
/// A connection that nobody drives yet.
pub(crate) type Opened = (Client, Connection<Socket, Stream>);

/// Notifications kept for a session that does not read them; later ones are dropped (they are hints).
pub(crate) const NOTIFICATIONS: usize = 4096;

/// How long a dropped session's last statement may go on before it is cancelled, and how long that may take.
const LEAVE: Duration = Duration::from_millis(200);
const CANCEL: Duration = Duration::from_secs(5);

/// What ended the connection, if it did not end well.
pub(crate) type End = Arc<Mutex<Option<tokio_postgres::Error>>>;

/// Runs until the connection ends, at the latest a few seconds after its session was dropped.
pub(crate) async fn drive(
    mut connection: Connection<Socket, Stream>,
    notifications: mpsc::Sender<Notification>,
    closed: oneshot::Receiver<()>,
    cancel: CancelToken,
    end: End,
) {
    let ended = {
        let mut moving = std::pin::pin!(run(&mut connection, &notifications));
        tokio::select! {
            ended = &mut moving => ended,
            _ = closed => {
                if time::timeout(LEAVE, &mut moving).await.is_err() {
                    // Somebody dropped a session in the middle of a statement: the server would go on with it.
                    let stop = async {
                        if let Err(error) = cancel.cancel_query().await {
                            tracing::debug!(%error, "cannot cancel the statement of a dropped session");
                        }
                        future::pending::<()>().await;
                    };
                    let _ = time::timeout(CANCEL, async {
                        tokio::select! { _ = &mut moving => {}, () = stop => {} }
                    }).await;
                }
                Ok(())
            }
        }
    };
    if let Err(error) = ended {
        *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
    // Only now does a waiting reader see the end, with its cause in place.
    drop(notifications);
}

async fn run(
    connection: &mut Connection<Socket, Stream>,
    notifications: &mpsc::Sender<Notification>,
) -> Result<(), tokio_postgres::Error> {
    while let Some(message) = future::poll_fn(|cx| connection.poll_message(cx)).await {
        match message? {
            AsyncMessage::Notification(notification) => {
                if let Err(mpsc::error::TrySendError::Full(dropped)) = notifications.try_send(notification) {
                    tracing::debug!(channel = dropped.channel(), "notification dropped: nobody reads them");
                }
            }
            AsyncMessage::Notice(notice) => notice::log(&notice),
            _ => {}
        }
    }
    Ok(())
}
