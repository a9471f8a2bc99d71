//! `docs/sql-api.md`: its examples run from top to bottom and answer what it says, and it names every function.

use postgres::{Client, SimpleQueryMessage};
use tests::Pair;

const SIGNATURES: &str = include_str!("../stock/conformance/signatures.txt");

fn page() -> String {
    std::fs::read_to_string(tests::repository().join("docs/sql-api.md")).unwrap()
}

/// Statements of the page's SQL blocks with the answer it claims.
fn examples(page: &str) -> Vec<(&str, Option<&str>)> {
    let blocks = page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .flat_map(str::lines)
        .filter(|line| !line.is_empty())
        .map(|line| match line.split_once(";  --") {
            Some((statement, answer)) => (statement, Some(answer.trim())),
            None => (line, None),
        })
        .collect()
}

/// The first row, its values apart by ` | `.
fn answer(client: &mut Client, statement: &str) -> String {
    let messages = client.simple_query(statement).unwrap_or_else(|error| panic!("{statement}\n{error:?}"));
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let values = row.map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or("NULL")).collect::<Vec<_>>());
    values.map_or_else(|| "no row".to_owned(), |values| values.join(" | "))
}

#[test]
fn examples_answer_what_the_page_says() {
    let pair = Pair::start();
    let database = &pair.source;
    database.psql_file(&tests::repository().join("sql/init_noext.sql"));
    let mut client = database.connect();
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() > 120, "{} examples", examples.len());
    let mut wrong = String::new();
    for (statement, claimed) in examples {
        let answered = answer(&mut client, statement);
        if claimed.is_some_and(|claimed| claimed != answered) {
            wrong.push_str(&format!("{statement};  -- {answered}\n"));
        }
    }
    assert!(wrong.is_empty(), "the answers are:\n{wrong}");
}

/// The reasons stand in the conformance scripts, which compare every other answer with stock's.
#[test]
fn every_difference_from_stock_has_its_reason_on_the_page() {
    let page = page();
    let steps = tests::repository().join("tests/tests/stock/conformance/steps");
    let mut reasons = Vec::new();
    for file in std::fs::read_dir(steps).unwrap() {
        let script = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let told = script.lines().filter_map(|line| line.strip_prefix("-- differs: "));
        reasons.extend(told.filter(|reason| *reason != "the same").map(str::to_owned));
    }
    assert!(reasons.len() > 10, "{reasons:?}");
    let missing: Vec<_> = reasons.iter().filter(|reason| !page.contains(*reason)).collect();
    assert!(missing.is_empty(), "docs/sql-api.md does not say why: {missing:#?}");
}

#[test]
fn every_function_is_explained_and_shown() {
    let page = page();
    let shown: String = examples(&page).into_iter().map(|(statement, _)| format!("{statement}\n")).collect();
    let missing = |text: &str| -> Vec<&str> {
        SIGNATURES
            .lines()
            .map(|line| line.split('(').next().unwrap())
            .filter(|name| !text.contains(&format!("{name}(")) && !text.contains(&format!("'{name}'")))
            .collect()
    };
    let explained = page.lines().filter(|line| line.contains('`')).collect::<String>();
    assert_eq!(missing(&explained), Vec::<&str>::new(), "not explained");
    assert_eq!(missing(&shown), Vec::<&str>::new(), "not shown");
}
