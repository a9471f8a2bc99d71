//! A page of the documentation as a list of fenced blocks.

use tests::repository;

/// A fenced block, or a heading between blocks.
#[derive(Debug)]
pub(crate) enum Part {
    /// Text of a heading, without its signs.
    Heading(String),
    /// A fenced block: its language and text.
    Block {
        /// What stands behind the fence.
        language: String,
        /// The lines, without the fence's own indentation.
        text: String,
        /// Line of the opening fence.
        line: usize,
    },
}

/// Text of a file, by its path from the repository's root.
pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Headings and blocks of a page, in order.
pub(crate) fn parts(name: &str) -> Vec<Part> {
    let text = read(name);
    let mut parts = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with('#') {
            parts.push(Part::Heading(line.trim_start_matches('#').trim().to_owned()));
        } else if let Some(language) = line.trim_start().strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let mut text = String::new();
            loop {
                let (_, line) =
                    lines.next().unwrap_or_else(|| panic!("{name}:{}: the fence is not closed", number + 1));
                if line.trim() == "```" {
                    break;
                }
                text.push_str(line.get(indent..).unwrap_or_default());
                text.push('\n');
            }
            parts.push(Part::Block { language: language.trim().to_owned(), text, line: number + 1 });
        }
    }
    parts
}

/// Cells of the table rows below a heading that starts with `title`, up to the next one of the same or a higher level.
pub(crate) fn rows(name: &str, title: &str) -> Vec<Vec<String>> {
    let rows = section(name, title);
    let rows = rows.lines().filter_map(|line| line.strip_prefix("| ")?.trim_end().strip_suffix('|'));
    rows.map(|row| row.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// First cells of the table rows below a heading that starts with `title`, up to the next one of the same or a higher
/// level.
pub(crate) fn first_cells(name: &str, title: &str) -> Vec<String> {
    let rows = section(name, title);
    let rows =
        rows.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next().map(str::to_owned));
    rows.collect()
}

/// Text below the heading that starts with `title`.
pub(crate) fn section(name: &str, title: &str) -> String {
    let text = read(name);
    let mut lines = text.lines();
    let level = |line: &str| line.len() - line.trim_start_matches('#').len();
    let heading = lines
        .by_ref()
        .find(|line| level(line) > 0 && line.trim_start_matches('#').trim().starts_with(title))
        .unwrap_or_else(|| panic!("{name} has no heading \"{title}\""));
    let own = level(heading);
    let lines: Vec<&str> = lines.take_while(|line| level(line) == 0 || level(line) > own).collect();
    lines.join("\n")
}

/// What stands between backquotes.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
