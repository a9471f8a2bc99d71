//! What the reader of the page wishes to see: the words behind `?` in its address.

/// Which tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// The first of all, the worst first.
    Worst,
    /// Those that somebody has to look at.
    Trouble,
    /// Those that are not in sync yet.
    Copying,
    /// All.
    All,
}

impl Show {
    pub(super) const ALL: [(Show, &'static str, &'static str); 4] = [
        (Show::Worst, "worst", "the worst first"),
        (Show::Trouble, "trouble", "with trouble"),
        (Show::Copying, "copying", "not in sync yet"),
        (Show::All, "all", "all"),
    ];

    pub(super) fn word(self) -> &'static str {
        Show::ALL.iter().find(|(show, ..)| *show == self).map_or("", |(_, word, _)| word)
    }
}

/// The wish. Words that are not known say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// A part of the tables' names; empty: all.
    pub(super) table: String,
    pub(super) show: Show,
    /// The page stays as it is until it is asked for again.
    pub(super) hold: bool,
}

impl Wish {
    pub(crate) fn read(query: Option<&str>) -> Wish {
        let mut wish = Wish { table: String::new(), show: Show::Worst, hold: false };
        for pair in query.unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match key {
                "table" => value.trim().clone_into(&mut wish.table),
                "show" => {
                    let known = Show::ALL.iter().find(|(_, word, _)| *word == value);
                    wish.show = known.map_or(Show::Worst, |(show, ..)| *show);
                }
                "hold" => wish.hold = value == "1",
                _ => {}
            }
        }
        wish
    }

    /// The address of the page with this wish.
    pub(super) fn address(&self) -> String {
        let hold = if self.hold { "&hold=1" } else { "" };
        format!("/?table={}&show={}{hold}", encoded(&self.table), self.show.word())
    }
}

/// Text of a form's field.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let hex = behind.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_comes_back_from_its_address() {
        let wish = Wish { table: "<b>&=%, ä".to_owned(), show: Show::Copying, hold: true };
        let address = wish.address();
        assert_eq!(Wish::read(address.split_once('?').map(|(_, query)| query)), wish, "{address}");
        assert!(!address.contains('<'), "{address}");
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        let plain = Wish::read(None);
        assert_eq!(plain, Wish { table: String::new(), show: Show::Worst, hold: false });
        assert_eq!(Wish::read(Some("show=nothing&hold=2&more&%&table=")), plain);
        assert_eq!(Wish::read(Some("table=a+b%2")).table, "a b%2");
    }
}
