//! Text and bars within HTML.

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A bar where the whole is known.
pub(super) fn bar(done: u64, all: Option<u64>) -> String {
    match all.filter(|all| *all > 0) {
        Some(all) => {
            let percent = done.min(all) * 100 / all;
            format!("<progress value=\"{}\" max=\"{all}\">{percent} %</progress> {percent} %", done.min(all))
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"x\">&"), "&lt;b a=&quot;x&quot;&gt;&amp;");
    }

    #[test]
    fn a_bar_is_never_more_than_full() {
        assert!(bar(7, Some(4)).contains("100 %"));
        assert_eq!(bar(7, None), "");
    }
}
