//! Statements of a dump. Quotes of all kinds, comments, parentheses and bodies of `BEGIN ATOMIC` hold their semicolons.

/// A piece of a dump.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A comment line outside of a statement, without its dashes.
    Comment(&'a str),
    /// A statement, without its semicolon.
    Statement(&'a str),
}

/// The pieces of a dump, in order. Commands of psql are left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| !c.is_whitespace()).map(|skipped| at + skipped) {
        let line = text[start..].find('\n').map_or(text.len(), |end| start + end);
        if let Some(comment) = text[start..line].strip_prefix("--") {
            pieces.push(Piece::Comment(comment.trim()));
            at = line;
        } else if text[start..].starts_with('\\') {
            at = line;
        } else {
            let end = statement_end(text, start);
            pieces.push(Piece::Statement(text[start..end].trim_end()));
            at = (end + 1).min(text.len());
        }
    }
    pieces
}

/// The place of the semicolon that ends the statement.
fn statement_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut parentheses, mut body) = (start, 0_usize, 0_usize);
    let mut words: Vec<&str> = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b';' if parentheses == 0 && body == 0 => return at,
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            b'\'' => {
                at = string_end(bytes, at, words.last().is_some_and(|word| is_escape(text, word, at)));
                continue;
            }
            b'"' => {
                at = closing(bytes, at, b'"');
                continue;
            }
            b'-' if bytes[at..].starts_with(b"--") => {
                at = text[at..].find('\n').map_or(text.len(), |end| at + end);
                continue;
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at = comment_end(bytes, at);
                continue;
            }
            b'$' => {
                if let Some(end) = dollar_end(text, at) {
                    at = end;
                    continue;
                }
            }
            first if is_word(first) => {
                let end = (at..bytes.len()).find(|place| !is_word(bytes[*place]) && bytes[*place] != b'$');
                let end = end.unwrap_or(bytes.len());
                let word = &text[at..end];
                if words.len() < 4 {
                    words.push(word);
                } else {
                    words[3] = word;
                }
                if makes_routine(&words) {
                    match word.to_ascii_lowercase().as_str() {
                        "begin" => body += 1,
                        "case" if body > 0 => body += 1,
                        "end" => body = body.saturating_sub(1),
                        _ => {}
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The word is an `E` right before the quote.
fn is_escape(text: &str, word: &str, at: usize) -> bool {
    word.eq_ignore_ascii_case("e") && text[..at].ends_with(word)
}

/// `create [or replace] function|procedure`, whose body may be statements.
fn makes_routine(words: &[&str]) -> bool {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|own| own.eq_ignore_ascii_case(word));
    let routine = |at| is(at, "function") || is(at, "procedure");
    is(0, "create") && (routine(1) || (is(1, "or") && is(2, "replace")))
}

/// Behind the quote that ends what begins at `at`; a doubled one does not.
fn closing(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize, escapes: bool) -> usize {
    if !escapes {
        return closing(bytes, at, b'\'');
    }
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 1,
            b'\'' => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut at, mut depth) = (at, 0_usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Behind the string that a dollar quote at `at` begins; none: the dollar begins none.
fn dollar_end(text: &str, at: usize) -> Option<usize> {
    let tag_end = text[at + 1..].find(|c: char| !c.is_alphanumeric() && c != '_')? + at + 1;
    if !text[tag_end..].starts_with('$') || text[at + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let tag = &text[at..=tag_end];
    Some(text[tag_end + 1..].find(tag).map_or(text.len(), |end| tag_end + 1 + end + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_statements_outside_of_quotes_only() {
        let one = [
            "select 'a;''b', E'it\\'s;', \"x;\"\"y\"",
            "create function f() returns int language plpgsql as $_$ begin return $$;$$; end $_$",
            "create function g() returns int begin atomic select case when 1 > 0 then 1; else 2 end; select 2; end",
            "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC insert into t values (1); END",
            "create rule r as on delete to t do instead (select 1; select 2)",
            "comment on table t is '-- Name: x; Type: TABLE' -- ;\n",
            "select 1 /* ; /* ; */ ; */ as begin",
            "insert into e values (e, 'a\\')",
        ];
        let text = one.map(|statement| format!("{statement};\n")).concat();
        let found: Vec<Piece<'_>> = pieces(&text);
        assert_eq!(found, one.map(|statement| Piece::Statement(statement.trim_end())));
    }

    #[test]
    fn comments_stand_alone_and_commands_of_psql_are_left_out() {
        let text = "\\restrict abc\n--\n-- Name: f; Type: FUNCTION\n--\n\nselect 1;\n\n\\unrestrict abc\n";
        let comment = Piece::Comment("Name: f; Type: FUNCTION");
        assert_eq!(
            pieces(text),
            [Piece::Comment(""), comment, Piece::Comment(""), Piece::Statement("select 1")]
        );
    }
}
