//! Lines for the journal of systemd, with their fields: `journalctl -t londisted JOB=target PART=worker
//! TABLE=public.t`.

use std::os::fd::AsFd;

use tracing_journald::Layer;

/// Whether standard error leads to the journal: systemd says which device and inode it gave us, and a shell may have
/// put another there.
pub(super) fn reads_stderr() -> bool {
    let Some(given) = std::env::var_os("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(std::io::stderr().as_fd())
        .is_ok_and(|stat| given.to_string_lossy() == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// `None` where no journal listens.
pub(super) fn layer() -> Option<Layer> {
    Layer::new().ok().map(|layer| layer.with_field_prefix(None))
}
