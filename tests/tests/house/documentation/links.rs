//! Links between the pages lead somewhere.

use std::path::Path;

use tests::repository;

use super::page;

#[test]
fn every_link_of_the_pages_leads_to_a_file_and_a_heading() {
    let pages = ["docs", "docs/decisions"].into_iter().flat_map(|folder| {
        let entries = std::fs::read_dir(repository().join(folder)).expect("the folder can be read");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        names.filter(|name| name.ends_with(".md")).map(move |name| format!("{folder}/{name}"))
    });
    let mut dead = Vec::new();
    let mut links = 0;
    for name in pages.chain(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned)) {
        let text = page::read(&name);
        let links_of_page = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links_of_page {
            links += 1;
            if !leads_somewhere(&name, link) {
                dead.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(links > 30, "{links} links");
    assert!(dead.is_empty(), "{dead:#?}");
}

fn leads_somewhere(name: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = Path::new(name).parent().expect("a folder");
    let file = if file.is_empty() { name.into() } else { folder.join(file) };
    if !repository().join(&file).exists() {
        return false;
    }
    let text = || page::read(file.to_str().expect("a path in UTF-8"));
    heading.is_empty() || text().lines().any(|line| line.starts_with('#') && anchor(line) == heading)
}

/// As the web shows of the forges make it: small letters, blanks as hyphens, no other signs.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let signs = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    signs.map(|c| if c == ' ' { '-' } else { c }).collect()
}
