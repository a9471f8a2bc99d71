//! Collation of the two databases: how texts are sorted, and which are equal.

use pg::Session;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("collation", Place::Both, "Do both databases sort texts alike?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Provider, locale, version now, version at the database's creation.
async fn of(session: &Session) -> Result<[String; 4]> {
    let locale = match session.server_version() / 10_000 {
        ..15 => "'c', datcollate, '', ''",
        15..17 => {
            "datlocprovider, coalesce(daticulocale, datcollate), pg_database_collation_actual_version(oid), \
             datcollversion"
        }
        _ => {
            "datlocprovider, coalesce(datlocale, datcollate), pg_database_collation_actual_version(oid), datcollversion"
        }
    };
    let sql = format!("select {locale} from pg_database where datname = current_database()");
    let row = catalog::rows(session, &sql).await?.into_iter().next().unwrap_or_default();
    let mut fields = row.into_iter();
    Ok(std::array::from_fn(|_| fields.next().unwrap_or_default()))
}

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let (source, target) = (of(context.source()?).await?, of(context.target()?).await?);
    let mut findings = Vec::new();
    for (place, [_, _, now, then]) in [(Place::Source, &source), (Place::Target, &target)] {
        if now != then && !then.is_empty() {
            findings.push(Finding::new(
                Verdict::Warning,
                place,
                "collation of the database",
                format!(
                    "its library changed from version {then} to {now}: \
                     indexes over texts may be out of order, and hold duplicates"
                ),
                "reindex database; then alter database NAME refresh collation version",
            ));
        }
    }
    findings.extend(judge(&source, &target));
    Ok(findings)
}

fn judge(source: &[String; 4], target: &[String; 4]) -> Option<Finding> {
    let shown = |[provider, locale, version, _]: &[String; 4]| {
        let provider = match provider.as_str() {
            "i" => "icu",
            "b" => "builtin",
            _ => "libc",
        };
        format!("{locale} ({})", [provider, version].join(" ").trim_end())
    };
    // "de_DE.UTF-8" and "de_DE.utf8" are one locale
    let plain = |locale: &str| locale.to_lowercase().replace('-', "");
    let by_bytes = |side: &[String; 4]| ["c", "posix"].contains(&plain(&side[1]).as_str()) && side[0] == "c";
    let versions_differ = !source[2].is_empty() && !target[2].is_empty() && source[2] != target[2];
    let alike = source[0] == target[0] && plain(&source[1]) == plain(&target[1]) && !versions_differ;
    if alike || by_bytes(source) && by_bytes(target) {
        return None;
    }
    Some(Finding::new(
        Verdict::Warning,
        Place::Both,
        "collation",
        format!(
            "{} / {}: texts sort differently, and what is unique may differ where a collation is not deterministic",
            shown(source),
            shown(target)
        ),
        "create the target's database with the same locale (template template0 lc_collate … lc_ctype …)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(words: [&str; 4]) -> [String; 4] {
        words.map(str::to_owned)
    }

    #[test]
    fn a_locale_is_the_same_however_its_encoding_is_written() {
        let german = side(["c", "de_DE.UTF-8", "2.31", "2.31"]);
        assert_eq!(judge(&german, &side(["c", "de_DE.utf8", "2.31", "2.31"])), None);
        assert_eq!(judge(&german, &side(["c", "de_DE.utf8", "", ""])), None);
        assert_eq!(judge(&side(["c", "C", "", ""]), &side(["c", "POSIX", "", ""])), None);
        let other = judge(&german, &side(["c", "de_DE.UTF-8", "2.36", "2.36"])).unwrap();
        assert!(
            other.found.starts_with("de_DE.UTF-8 (libc 2.31) / de_DE.UTF-8 (libc 2.36): "),
            "{}",
            other.found
        );
        assert!(judge(&german, &side(["i", "de_DE.UTF-8", "153", "153"])).is_some());
    }
}
