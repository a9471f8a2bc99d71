//! The status page, as a browser without scripts gets it: structure, filter, names that are markup, and pictures.

use std::time::Duration;

use serde_json::Value;
use tests::browser::{Browser, Look};
use tests::http::{free_port, get};
use tests::{Pair, Setup, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(60);
const ALL: [&str; 3] = ["pgqd.ini", "source.ini", "target.ini"];
const SCRIPT: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;";

/// A page over and over, until it says this.
#[track_caller]
fn says(port: u16, path: &str, words: &str) -> String {
    wait_for(QUICK, &format!("{path} says {words}"), || {
        let page = get(port, path);
        if page.contains(words) { Ok(page) } else { Err(page) }
    })
}

/// What every page is, whatever it shows.
#[track_caller]
fn is_sound(page: &str) {
    for never in ["<script", "javascript:", " onload", " onclick", "http://", "https://", "<img"] {
        assert!(!page.contains(never), "{never}\n{page}");
    }
    for always in [
        "default-src 'none'",
        "width=device-width",
        "prefers-color-scheme:dark",
        "@media (max-width:",
        "<summary>Parts of the process",
        "<summary>Queues, ticks and consumers",
    ] {
        assert!(page.contains(always), "{always}\n{page}");
    }
    // the state comes before everything else
    let places = ["class=\"state", "<h2>Nodes", "<h2 id=\"tables\"", "<h2>Lag and rate"];
    let places: Vec<_> = places.iter().filter_map(|part| page.find(part)).collect();
    assert!(places.is_sorted(), "{places:?}\n{page}");
    // watermarks are details
    if let Some(watermark) = page.find(".watermark") {
        assert!(watermark > page.find("<summary>Queues").unwrap_or(usize::MAX), "{page}");
    }
    assert_eq!(page.matches("<svg").count(), 6, "{page}");
    for tag in ["table", "details", "section", "svg", "figure", "form", "div", "ol", "p", "code", "span"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}\n{page}");
    }
}

#[test]
fn a_migration_is_watched_on_the_page() {
    let pair = Pair::start();
    let tables = ["orders", "customers", "visits", "parts_of_orders"];
    let create = |name: &&str| format!("create table {name} (id int primary key, t text);");
    pair.both(&tables.iter().map(create).collect::<String>());
    pair.both(&format!("create table \"{SCRIPT}\" (id int primary key, t text)"));
    let rows = "select i, repeat(md5(i::text), 40) from generate_series(1, 5000) i";
    for table in ["orders", "visits"] {
        pair.source.execute(&format!("insert into {table} {rows}; analyze {table}"));
    }
    pair.source.execute(&format!("insert into \"{SCRIPT}\" values (1, '')"));
    let setup = Setup::new(&pair);
    let port = free_port();
    setup.set("pgqd.ini", "metrics_listen", &port.to_string());
    setup.set("target.ini", "copy_rate_limit", "200kB");
    setup.set("target.ini", "on_conflict", "warn");
    setup.start_nodes();
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    let mut daemon = setup.foreground("londisted", &ALL, "londisted");
    wait_until(QUICK, "it answers", || {
        setup.londisted(&["status", "target.ini"]).stdout.contains("leaf subscriber")
    });
    setup.add_all();
    let browser = Browser::find();
    let url = format!("http://127.0.0.1:{port}/");
    let wide = Look { size: (1000, 1250), dark: false };

    let page = says(port, "/", "ready in about");
    is_sound(&page);
    assert!(page.contains("<code>londiste target.ini tables</code>"), "{page}");
    assert!(
        page.contains("http-equiv=\"refresh\" content=\"10\"") && page.contains("which was started"),
        "{page}"
    );
    let copying = says(port, "/?show=copying", "public.orders");
    assert!(copying.contains("<option value=\"copying\" selected>"), "{copying}");
    if let Some(browser) = &browser {
        browser.picture(&setup, &url, wide, "page-copying");
    }
    setup.copy_unlimited();
    setup.wait_ok(QUICK);
    let page = says(port, "/", "in sync; 5 tables not compared yet");
    is_sound(&page);
    assert!(page.contains(ESCAPED), "{page}");
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let ready = says(port, "/", "ready to switch (last comparison");
    is_sound(&ready);
    assert!(
        ready.contains("<code>londiste target.ini switchover</code>") && ready.contains("<h2>Comparison"),
        "{ready}"
    );

    // the filter is a form of its own: no script
    let filtered = get(port, "/?table=order&show=worst");
    assert!(filtered.contains("public.orders") && filtered.contains("public.parts_of_orders"), "{filtered}");
    assert!(!filtered.contains("public.customers") && filtered.contains("2 of 5 tables"), "{filtered}");
    let odd = get(port, "/?table=%3Cscript%3Ealert(1)&hold=1");
    is_sound(&odd);
    assert!(odd.contains(ESCAPED) && odd.contains("1 of 5 tables"), "{odd}");
    assert!(
        odd.contains("value=\"&lt;script&gt;alert(1)\"") && !odd.contains("http-equiv=\"refresh\""),
        "{odd}"
    );

    if let Some(browser) = &browser {
        let document = browser.document(&setup, &url);
        for words in ["<td>subscriber", "<progress value=\"5\" max=\"5\">", "target_app", ESCAPED] {
            assert!(document.contains(words), "{words}\n{document}");
        }
        assert!(!document.contains("<script"), "{document}");
        browser.picture(&setup, &url, Look { dark: true, ..wide }, "page-ready-dark");
    }

    // what somebody has to look at comes first, with the command that mends it
    pair.target.execute("alter table customers add check (id < 10000)");
    pair.source.execute("insert into customers values (10000, 'refused')");
    pair.target
        .admin()
        .execute("set session_replication_role = replica; insert into visits values (77777, 'local')");
    pair.source.execute("insert into visits values (77777, 'from the source')");
    let blocked = says(port, "/", "blocked: 1 table parked");
    is_sound(&blocked);
    let blocked = if blocked.contains("<h2>Conflicts") { blocked } else { says(port, "/", "<h2>Conflicts") };
    let first = blocked.find("public.customers").expect("the parked table");
    let others = ["public.orders", "public.parts_of_orders"].map(|name| blocked.find(name).expect(name));
    assert!(others.iter().all(|other| first < *other), "{blocked}");
    assert!(blocked.contains("<code>londiste target.ini resume-table public.customers</code>"), "{blocked}");
    let trouble = get(port, "/?show=trouble");
    assert!(trouble.contains("public.customers") && !trouble.contains("public.orders"), "{trouble}");
    if let Some(browser) = &browser {
        browser.picture(&setup, &url, Look { size: (480, 1100), dark: false }, "page-blocked-narrow");
    }
    let status = get(port, "/status.json");
    let status: Value =
        serde_json::from_str(status.split("\r\n\r\n").nth(1).unwrap_or_default()).expect("JSON");
    assert_eq!(status["migrations"][0]["next"][0]["command"], "londiste target.ini tables", "{status}");
    setup.londisted(&["stop", "target.ini"]).expect_success();
    assert_eq!(daemon.wait(QUICK), 0);
}
