//! Mode of writing a chunk: what an attempt tries, and which mode follows a failure.

use tokio_postgres::error::SqlState;

use crate::{Error, OnConflict};

/// How the rows of a chunk that is written in event order go into statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// Neighbours of one kind in one statement.
    Together,
    /// Each row in a statement of its own: to name the event that fails.
    Single,
}

/// How a chunk is written, in the order in which the modes are tried. A mode may be left out, and none is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// Each key's changes as what they come to.
    Folded,
    /// Everything in event order.
    InOrder(Grouping),
    /// The same. Rows of the same values that change keys one after the other are different rows.
    Apart(Grouping),
    /// In event order, one statement after the other, each with a look at which rows are there.
    Careful(Grouping),
}

impl WriteMode {
    /// How rows go into statements in event order.
    pub(crate) fn grouping(self) -> Grouping {
        match self {
            WriteMode::Folded => Grouping::Together,
            WriteMode::InOrder(grouping) | WriteMode::Apart(grouping) | WriteMode::Careful(grouping) => {
                grouping
            }
        }
    }

    pub(crate) fn is_single(self) -> bool {
        self.grouping() == Grouping::Single
    }

    pub(crate) fn is_apart(self) -> bool {
        matches!(self, WriteMode::Apart(_))
    }

    pub(crate) fn is_careful(self) -> bool {
        matches!(self, WriteMode::Careful(_))
    }
}

/// One attempt to write a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) mode: WriteMode,
    /// Foreign keys are out of force.
    pub(crate) bypass: bool,
    pub(crate) on_conflict: OnConflict,
}

/// What follows an attempt that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another mode: it may succeed, else it names the very event.
    Mode(WriteMode),
    /// The same mode with the table's structure read anew.
    Anew,
    /// Nothing helps.
    GiveUp,
}

/// What to try after an attempt has failed with an error.
pub(crate) fn next(error: &Error, attempt: &Attempt) -> Next {
    use Grouping::{Single, Together};
    use WriteMode::{Apart, Careful, Folded, InOrder};
    let unique = match error {
        Error::Refused { code, .. } => **code == SqlState::UNIQUE_VIOLATION,
        other => matches!(other, Error::NotUnique { .. }),
    };
    let missing = matches!(error, Error::RowMissing { .. });
    let several =
        matches!(error, Error::Refused { first_event, last_event, .. } if first_event != last_event);
    let code = error.code().map(SqlState::code);
    let of_a_value = code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
    match attempt.mode {
        InOrder(grouping) if unique => return Next::Mode(Apart(grouping)),
        Apart(grouping) if unique && attempt.on_conflict.overwrites() => {
            return Next::Mode(Careful(grouping));
        }
        // rows that are not there are nothing unusual under this policy: no attempt in between
        Folded if missing && attempt.on_conflict == OnConflict::Skip => return Next::Mode(Careful(Together)),
        InOrder(grouping) | Apart(grouping) if missing => return Next::Mode(Careful(grouping)),
        Folded if unique || missing || of_a_value => return Next::Mode(InOrder(Together)),
        InOrder(Together) if of_a_value && several => return Next::Mode(InOrder(Single)),
        Apart(Together) if of_a_value && several => return Next::Mode(Apart(Single)),
        Careful(Together) if of_a_value && several => return Next::Mode(Careful(Single)),
        _ => {}
    }
    let of_the_structure = code.is_some_and(|code| code.starts_with("42") || code.starts_with("0A"));
    if of_the_structure && error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Next::Anew;
    }
    Next::GiveUp
}

#[cfg(test)]
mod tests {
    use super::Grouping::{Single, Together};
    use super::WriteMode::{Apart, Careful, Folded, InOrder};
    use super::*;

    fn refused(code: &SqlState, last_event: i64) -> Error {
        Error::Refused {
            table: "public.t".to_owned(),
            op: "insert",
            first_event: 1,
            last_event,
            key: None,
            code: Box::new(code.clone()),
            message: "".into(),
            remedy: None,
        }
    }

    /// All modes that are tried while attempts fail with the same error.
    fn tried(error: &Error, on_conflict: OnConflict) -> Vec<WriteMode> {
        let mut attempt = Attempt { mode: Folded, bypass: false, on_conflict };
        let mut modes = vec![attempt.mode];
        while let Next::Mode(mode) = next(error, &attempt) {
            attempt.mode = mode;
            modes.push(mode);
        }
        modes
    }

    #[test]
    fn modes_follow_each_other_in_their_order() {
        let unique = |last| refused(&SqlState::UNIQUE_VIOLATION, last);
        let expected = [Folded, InOrder(Together), Apart(Together), Careful(Together), Careful(Single)];
        assert_eq!(tried(&unique(2), OnConflict::Apply), expected);
        assert_eq!(tried(&unique(1), OnConflict::Apply), expected[..4]);
        let expected = [Folded, InOrder(Together), Apart(Together), Apart(Single)];
        assert_eq!(tried(&unique(2), OnConflict::Error), expected);
        let check = refused(&SqlState::CHECK_VIOLATION, 2);
        assert_eq!(tried(&check, OnConflict::Error), [Folded, InOrder(Together), InOrder(Single)]);
        let missing =
            Error::RowMissing { op: "update", table: "public.t".to_owned(), key: String::new(), event_id: 1 };
        assert_eq!(tried(&missing, OnConflict::Error), [Folded, InOrder(Together), Careful(Together)]);
        assert_eq!(tried(&missing, OnConflict::Skip), [Folded, Careful(Together)]);
        let several = Error::NotUnique { table: "public.t".to_owned(), first_event: 1, last_event: 2 };
        assert_eq!(tried(&several, OnConflict::Error), [Folded, InOrder(Together), Apart(Together)]);
    }

    #[test]
    fn a_structure_that_has_changed_is_read_anew() {
        let attempt = Attempt { mode: Folded, bypass: false, on_conflict: OnConflict::Error };
        assert_eq!(next(&refused(&SqlState::UNDEFINED_COLUMN, 1), &attempt), Next::Anew);
        assert_eq!(next(&refused(&SqlState::INSUFFICIENT_PRIVILEGE, 1), &attempt), Next::GiveUp);
        assert_eq!(next(&refused(&SqlState::ADMIN_SHUTDOWN, 1), &attempt), Next::GiveUp);
    }
}
