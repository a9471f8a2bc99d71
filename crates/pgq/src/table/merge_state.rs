//! State of a table on its node: `merge_state`.

use std::fmt;

/// How far a table has come: `merge_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeState {
    /// Registered, waits for a copy slot (SQL NULL).
    Waiting,
    /// The copy reads the provider's rows.
    InCopy,
    /// The copy replays what its snapshot did not see.
    CatchingUp,
    /// The copy has the batch ending at this tick in hand, not applied, and waits for the worker to have it too.
    WannaSync(i64),
    /// The worker has the batch ending at this tick in hand, not applied, and waits for the copy to have it too.
    DoSync(i64),
    /// The worker applies the table's events.
    Ok,
}

impl MergeState {
    /// Reads the column's value.
    pub fn parse(state: Option<&str>) -> Option<MergeState> {
        let Some(state) = state else { return Some(MergeState::Waiting) };
        match state.split_once(':') {
            Some(("wanna-sync", tick)) => tick.parse().ok().map(MergeState::WannaSync),
            Some(("do-sync", tick)) => tick.parse().ok().map(MergeState::DoSync),
            Some(_) => None,
            None => match state {
                "in-copy" => Some(MergeState::InCopy),
                "catching-up" => Some(MergeState::CatchingUp),
                "ok" => Some(MergeState::Ok),
                _ => None,
            },
        }
    }

    /// A copy owns the table's rows in this state.
    pub fn is_copying(self) -> bool {
        !matches!(self, MergeState::Waiting | MergeState::Ok)
    }

    /// The column's value.
    pub fn to_column(self) -> Option<String> {
        (self != MergeState::Waiting).then(|| self.to_string())
    }
}

impl fmt::Display for MergeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MergeState::Waiting => f.write_str("None"),
            MergeState::InCopy => f.write_str("in-copy"),
            MergeState::CatchingUp => f.write_str("catching-up"),
            MergeState::WannaSync(tick) => write!(f, "wanna-sync:{tick}"),
            MergeState::DoSync(tick) => write!(f, "do-sync:{tick}"),
            MergeState::Ok => f.write_str("ok"),
        }
    }
}
