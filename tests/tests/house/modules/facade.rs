//! SQL texts in Rust that name the schemas of the API: only crate `pgq` holds any.
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, LitStr, Macro};

use super::imports::{is_for_tests, of_item};

const SCHEMAS: [&str; 4] = ["pgq.", "pgq_node.", "londiste.", "londiste_rs."];
const VERBS: [&str; 9] =
    ["select", "with", "insert", "update", "delete", "truncate", "lock", "call", "analyze"];
const BEFORE_A_TABLE: [&str; 5] = ["from", "join", "into", "update", "lateral"];

/// Texts below `source` that are SQL, or a part of it, and name one of the schemas. Tests do not count.
pub(crate) fn sql_below(source: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sql_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"))
        {
            let mut texts = Texts::default();
            texts.visit_file(&syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap());
            let sql = texts.found.iter().filter(|text| is_sql(text));
            found.extend(sql.map(|text| format!("{}: {text}", path.display())));
        }
    }
    found
}

/// Whether a text is SQL that names one of the schemas: it begins as a statement does, or names a table of them behind
/// `from` and its like, or calls a function of them with arguments. A message, an event type or a function's name is
/// not.
fn is_sql(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |word: &str| {
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        SCHEMAS.iter().any(|schema| word.starts_with(schema))
    };
    let calls = |word: &&str| {
        SCHEMAS.iter().filter_map(|schema| word.split_once(schema)).any(|(_, rest)| {
            rest.split_once('(').is_some_and(|(name, arguments)| {
                !name.is_empty()
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_')
                    && !arguments.starts_with(')')
            })
        })
    };
    let begins = words.first().is_some_and(|first| VERBS.contains(first));
    begins && SCHEMAS.iter().any(|schema| text.contains(schema))
        || words.windows(2).any(|pair| BEFORE_A_TABLE.contains(&pair[0]) && named(pair[1]))
        || words.iter().any(calls)
}

/// All string literals of a file, those within macros too, that are not for tests.
#[derive(Default)]
struct Texts {
    found: Vec<String>,
}

impl Texts {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    self.found
                        .extend(syn::parse_str::<LitStr>(&literal.to_string()).map(|text| text.value()));
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_item(&mut self, item: &'ast Item) {
        if !of_item(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    // doc comments, and the words of errors
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.found.push(text.value());
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.tokens(called.tokens.clone());
    }
}

#[test]
fn no_crate_but_pgq_writes_sql_for_the_schemas() {
    let mut of_pgq = 0;
    let mut elsewhere = Vec::new();
    for entry in std::fs::read_dir(tests::repository().join("crates")).unwrap() {
        let directory = entry.unwrap().path();
        let found = sql_below(&directory.join("src"));
        match directory.file_name().is_some_and(|name| name == "pgq") {
            true => of_pgq += found.len(),
            false => elsewhere.extend(found),
        }
    }
    assert!(of_pgq > 100, "{of_pgq} texts are recognized in crate pgq");
    assert!(elsewhere.is_empty(), "move these into functions of crate pgq: {elsewhere:#?}");
}

#[test]
fn sql_is_told_from_what_only_names_a_schema() {
    for sql in [
        "select londiste_rs.relax_tables()",
        "select to_regclass('londiste_rs.shape') is not null",
        "update londiste.table_info set merge_state = $1",
        "\n  from pgq.queue q where true",
        "left join pgq_node.node_info n using (queue_name)",
        "pg_catalog.coalesce(londiste_rs.base_type_name(a.atttypid), '')",
        "{column} from londiste_rs.{table}",
    ] {
        assert!(is_sql(sql), "{sql}");
    }
    for other in [
        "pgq.ticker()",
        "Calls of pgq.ticker()",
        "londiste.update-seq",
        "select 1 from mine",
        "its attributes (londiste.table_info.table_attrs) hold {refused}",
        "savepoint londiste_rs_index",
        "select set_config('application_name', $1, false)",
    ] {
        assert!(!is_sql(other), "{other}");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.rs");
    let text = "/// select pgq.x()\n#[cfg(test)] mod tests { const A: &str = \"select pgq.a()\"; } \
                fn f() { g(format!(\"select pgq.b({})\", 1)); h(\"select pgq.c()\"); }";
    std::fs::write(&file, text).unwrap();
    assert_eq!(sql_below(directory.path()).len(), 2);
}
