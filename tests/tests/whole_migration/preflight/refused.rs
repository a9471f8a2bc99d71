//! Words that preflight refuses.

use tests::Pair;

use super::case::{line, preflight, setup};

#[test]
fn unknown_checks_and_broken_connect_strings_are_refused() {
    let pair = Pair::start();
    let setup = setup(&pair);
    for option in ["--check", "--skip"] {
        preflight(&setup, &[option, "no-such"])
            .expect_failure(2, &["'no-such'", "possible values: reachable, same-database,"]);
    }
    preflight(&setup, &["--source", "nonsense=1"]).expect_failure(1, &["--source", "nonsense"]);
    let output = preflight(
        &setup,
        &["--source", "host=127.0.0.1 port=1 password=Secret9 connect_timeout=2", "--check", "reachable"],
    );
    assert_eq!(output.code, 1, "{}", output.report());
    line(&output, &["blocker", "source", "server", "psql \"host=127.0.0.1 port=1"]);
    assert!(!output.report().replace(&output.command, "").contains("Secret9"), "{}", output.report());

    // both sides say why, and the machine is checked
    pair.source.admin().execute("alter role shop_owner nologin");
    let output = preflight(&setup, &["--skip", "tools,disk"]);
    assert_eq!(output.code, 1, "{}", output.report());
    line(&output, &["blocker", "source", "server", "not permitted to log in"]);
    pair.source.admin().execute("alter role shop_owner login");

    // a role without any rights is told so, and nothing fails in silence
    pair.source.admin().execute(
        "create role nobody_at_all login password 'x'; create table t (id int primary key); \
         revoke all on schema public from public",
    );
    let login = format!("{} user=nobody_at_all password=x", pair.source.connstr());
    let output = preflight(&setup, &["--source", &login]);
    assert_eq!(output.code, 1, "{}", output.report());
    for words in [
        ["blocker", "source", "create on database"],
        ["blocker", "source", "grant select, trigger on public.t"],
        ["blocker", "source", "grant usage on schema public"],
    ] {
        line(&output, &words);
    }
    assert!(!output.stdout.contains("unchecked"), "{}", output.report());
    // rows cannot be read: that check is not made, the others are
    let output = preflight(&setup, &["--source", &login, "--check", "unique-duplicates,version"]);
    assert_eq!(output.code, 3, "{}", output.report());
    line(
        &output,
        &[
            "unchecked",
            "source",
            "index public.t_pkey on table public.t",
            "permission denied",
            "grant what is missing",
        ],
    );
    // an older target is warned of
    let in_order =
        if pair.source.cluster.major() > pair.target.cluster.major() { "0 checks" } else { "1 check" };
    assert!(output.stdout.contains(&format!("{in_order} in order.")), "{}", output.report());
}
