//! Nodes of a queue as a tree, in the shape that people know.

/// Column in which a node's lines begin.
const INDENT: usize = 30;
const COMPACT_NAME: usize = 60;
const COMPACT_LINE: usize = 30;

/// One node and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Name and type.
    pub(crate) title: String,
    /// Tables, lag, errors.
    pub(crate) lines: Vec<String>,
    /// The nodes that it serves.
    pub(crate) children: Vec<Branch>,
}

impl Branch {
    fn size(&self) -> usize {
        1 + self.children.iter().map(Branch::size).sum::<usize>()
    }

    /// Small branches first, so that the lines of the tree stay short.
    pub(crate) fn sort(&mut self) {
        self.children.iter_mut().for_each(Branch::sort);
        self.children.sort_by(|a, b| (a.size(), &a.title).cmp(&(b.size(), &b.title)));
    }

    /// The tree, line by line.
    pub(crate) fn drawn(&self) -> String {
        let mut lines = vec![self.title.clone()];
        self.draw("", &mut lines);
        lines.join("\n")
    }

    fn draw(&self, margin: &str, lines: &mut Vec<String>) {
        let stem = if self.children.is_empty() { "" } else { "  |" };
        let margin_here = format!("{margin}{stem}");
        lines.extend(self.lines.iter().map(|line| format!("{margin_here:<INDENT$}{line}")));
        for (at, child) in self.children.iter().enumerate() {
            let last = at + 1 == self.children.len();
            lines.push(format!("{margin}  +--: {}", child.title));
            child.draw(&format!("{margin}{}", if last { "   " } else { "  |" }), lines);
        }
    }

    /// One line for each node.
    pub(crate) fn compact(&self) -> String {
        let mut lines = Vec::new();
        self.draw_compact(0, &mut lines);
        lines.join("\n")
    }

    fn draw_compact(&self, depth: usize, lines: &mut Vec<String>) {
        let name = format!("{}{}", "   ".repeat(depth), self.title);
        let said: String = self.lines.iter().map(|line| format!("{line:<COMPACT_LINE$}")).collect();
        lines.push(format!("{name:<COMPACT_NAME$}{said}").trim_end().to_owned());
        self.children.iter().for_each(|child| child.draw_compact(depth + 1, lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(title: &str, children: Vec<Branch>) -> Branch {
        let lines = vec!["Tables: 0/0/0".to_owned(), format!("Lag: 3s, Tick: {}", title.len())];
        Branch { title: title.to_owned(), lines, children }
    }

    #[test]
    fn the_tree_has_the_known_shape() {
        let mut tree = node(
            "n1 (root)",
            vec![
                node("n2 (branch)", vec![node("n5 (leaf)", vec![]), node("n3 (leaf)", vec![])]),
                node("n4 (leaf)", vec![]),
            ],
        );
        tree.sort();
        let expected = "\
n1 (root)
  |                           Tables: 0/0/0
  |                           Lag: 3s, Tick: 9
  +--: n4 (leaf)
  |                           Tables: 0/0/0
  |                           Lag: 3s, Tick: 9
  +--: n2 (branch)
     |                        Tables: 0/0/0
     |                        Lag: 3s, Tick: 11
     +--: n3 (leaf)
     |                        Tables: 0/0/0
     |                        Lag: 3s, Tick: 9
     +--: n5 (leaf)
                              Tables: 0/0/0
                              Lag: 3s, Tick: 9";
        assert_eq!(tree.drawn(), expected);
    }

    #[test]
    fn the_compact_form_is_a_line_for_each_node() {
        let tree = node("n1 (root)", vec![node("n4 (leaf)", vec![])]);
        let lines: Vec<String> = tree.compact().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].find("Tables:"), Some(60));
        assert_eq!(lines[1].find("Lag:"), Some(90));
        assert!(lines[1].starts_with("   n4 (leaf)"));
    }
}
