//! Tables of text, in the shape that scripts already read: a title, headers, dashes, rows, columns two spaces apart.

const NARROWEST: usize = 15;
const GAP: &str = "  ";

/// The lines of a table. No line ends in spaces.
pub(crate) fn table(title: &str, headers: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(at, header)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([header.chars().count(), NARROWEST]).max().unwrap_or(NARROWEST)
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join(GAP).trim_end().to_owned()
    };
    let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines = vec![title.to_owned(), line(&mut headers.iter().copied()), dashes.join(GAP)];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["public.pgbench_accounts".to_owned(), "None".to_owned(), String::new()],
            vec!["public.t".to_owned(), "ok".to_owned(), "a=1".to_owned()],
        ];
        let text = table("Tables on node", &["table_name", "merge_state", "table_attrs"], &rows);
        let expected = "Tables on node\n\
             table_name               merge_state      table_attrs\n\
             -----------------------  ---------------  ---------------\n\
             public.pgbench_accounts  None\n\
             public.t                 ok               a=1";
        assert_eq!(text, expected);
    }
}
