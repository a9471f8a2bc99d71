//! Liveness of a part: whether it waits for an answer that will never come.

use std::time::Duration;

use parts::Report;
use pg::Watch;
use tokio::time::sleep;

/// Between two looks at the servers: what then has not moved does not move.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// Returns when the part has given no sign of life for `silence`, and none of the server processes of its sessions is
/// at work or has moved between two looks: the network has swallowed an answer. Those processes are abandoned. The text
/// tells what was seen.
pub(super) async fn keep(watch: &Watch, report: &Report, silence: Duration, application: &str) -> String {
    loop {
        let signs = report.signs();
        sleep(silence).await;
        if report.signs() != signs {
            continue;
        }
        let first = watch.look(application).await;
        if first.is_empty() || first.shows_work() {
            continue;
        }
        sleep(SECOND_LOOK).await;
        let second = watch.look(application).await;
        if report.signs() == signs && first == second {
            watch.abandon(&second);
            let seconds = (silence + SECOND_LOOK).as_secs();
            return format!(
                "no answer for {seconds} s, and the server is not at work for it ({second}): \
                 the network has lost the connection"
            );
        }
    }
}
