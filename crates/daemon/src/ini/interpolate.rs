//! `%(name)s` in values.

use std::collections::BTreeMap;

/// References nested deeper than this lead back to themselves, or might as well.
const DEEPEST: usize = 10;

/// Replaces each `%(name)s` in `value` by what `names` holds under that name, which may hold
/// references itself, and each `%%` by a percent sign. Any other percent sign stands for itself,
/// so that a connect URL with `%40` in it needs no care.
///
/// # Errors
/// A text saying what is wrong with the reference; it never quotes a value.
pub(crate) fn interpolate(value: &str, names: &BTreeMap<String, String>) -> Result<String, String> {
    expand(value, names, 0)
}

fn expand(value: &str, names: &BTreeMap<String, String>, depth: usize) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
        } else if let Some(reference) = rest.strip_prefix('(') {
            let Some((name, after)) = reference.split_once(")s") else {
                return Err("a reference starts with %( but does not end with )s; \
                            write %%( for the characters themselves"
                    .into());
            };
            if depth == DEEPEST {
                return Err(format!("%({name})s leads back to itself"));
            }
            let name = name.to_lowercase();
            let target = names.get(&name).ok_or_else(|| {
                let variable = name.to_uppercase();
                format!(
                    "%({name})s refers to a key that is not there, and no variable LONDISTE__{variable} is \
                     set; write %%( for the characters themselves"
                )
            })?;
            out.push_str(&expand(target, names, depth + 1)?);
            rest = after;
        } else {
            out.push('%');
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn references_nest() {
        let names = names(&[("job_name", "j1"), ("dir", "/run/%(job_name)s")]);
        assert_eq!(interpolate("%(dir)s/%(JOB_NAME)s.pid", &names).unwrap(), "/run/j1/j1.pid");
    }

    #[test]
    fn percent_signs_survive() {
        let names = names(&[]);
        assert_eq!(interpolate("100%% p%40ss 5% %", &names).unwrap(), "100% p%40ss 5% %");
        assert_eq!(interpolate("%%(x)s", &names).unwrap(), "%(x)s");
    }

    #[test]
    fn a_circle_and_a_missing_name_are_errors() {
        let names = names(&[("a", "%(b)s"), ("b", "%(a)s")]);
        assert!(interpolate("%(a)s", &names).unwrap_err().contains("leads back to itself"));
        assert!(interpolate("%(c)s", &names).unwrap_err().contains("%(c)s refers to a key"));
        assert!(interpolate("%(c", &names).unwrap_err().contains("does not end with"));
    }
}
