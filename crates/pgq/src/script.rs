//! Scripts that run on every node of a queue (`EXECUTE` events), and the attributes in their head that say which nodes
//! need them.
//!
//! Lines `--*-- Key: name, name` before the first statement; `--*--` without a key goes on with the line before.

use tokio_postgres::GenericClient;

use crate::call::{coded, failed, row};
use crate::{Error, Result};

/// What attributes there are, in the spelling of the events.
const KEYS: [&str; 8] = [
    "local-table",
    "local-sequence",
    "local-destination",
    "need-table",
    "need-sequence",
    "need-function",
    "need-view",
    "need-schema",
];
const MARK: &str = "--*--";

/// Attributes of a script: keys with their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pairs: Vec<(String, Vec<String>)>,
}

/// What a node does with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// It runs this text, in which names of this node have been put.
    Run(String),
    /// It has nothing of what the script is about.
    Nothing,
}

fn damaged(what: String) -> Error {
    Error::Script { what }
}

fn names(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

impl Attributes {
    /// Reads the head of a script.
    ///
    /// # Errors
    /// [`Error::Script`] for a key that does not exist.
    pub fn of_script(sql: &str) -> Result<Attributes> {
        let mut attributes = Attributes::default();
        let head = sql.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("--"));
        for line in head.filter_map(|line| line.strip_prefix(MARK)) {
            match line.split_once(':') {
                Some((key, value)) => attributes.add(key.trim(), names(value).collect())?,
                None => match attributes.pairs.last_mut() {
                    Some((_, values)) => values.extend(names(line)),
                    None if line.trim().is_empty() => {}
                    None => {
                        return Err(damaged(format!("\"{}\" is not of the form Key: names", line.trim())));
                    }
                },
            }
        }
        Ok(attributes)
    }

    /// Takes over what an event tells, decoded from its `ev_extra2`.
    ///
    /// # Errors
    /// [`Error::Script`] for a key that does not exist.
    pub fn of_event(pairs: &[(String, Option<String>)]) -> Result<Attributes> {
        let mut attributes = Attributes::default();
        for (key, value) in pairs {
            attributes.add(key, names(value.as_deref().unwrap_or_default()).collect())?;
        }
        Ok(attributes)
    }

    fn add(&mut self, key: &str, names: Vec<String>) -> Result<()> {
        let key = key.to_lowercase();
        if !KEYS.contains(&key.as_str()) {
            return Err(damaged(format!("there is no attribute \"{key}\"; there are {}", KEYS.join(", "))));
        }
        match self.pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => known.extend(names),
            None => self.pairs.push((key, names)),
        }
        Ok(())
    }

    /// As the API stores them and events carry them: urlencoded; `None` when there are none.
    pub fn encoded(&self) -> Option<String> {
        let pair = |(key, names): &(String, Vec<String>)| format!("{key}={}", encode(&names.join(",")));
        let pairs: Vec<String> = self.pairs.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("&"))
    }

    /// What the connected node does with the script.
    ///
    /// # Errors
    /// [`Error::Script`] when some of its objects are here and some are not.
    pub async fn need<C: GenericClient>(&self, client: &C, queue: &str, sql: &str) -> Result<Need> {
        let (mut text, mut here, mut missing) = (sql.to_owned(), Vec::new(), Vec::new());
        for (key, names) in &self.pairs {
            for name in names {
                let call = "select londiste_rs.script_match($1, $2, $3)";
                let row = row(client, "londiste_rs.script_match", call, &[&queue, key, name]).await?;
                match row.get::<_, Option<String>>(0) {
                    Some(local) if local.is_empty() => here.push(name.as_str()),
                    Some(local) => {
                        text = text.replace(&format!("@{name}@"), &local);
                        here.push(name.as_str());
                    }
                    None => missing.push(name.as_str()),
                }
            }
        }
        match (here.is_empty(), missing.is_empty()) {
            (_, true) => Ok(Need::Run(text)),
            (true, false) => Ok(Need::Nothing),
            (false, false) => Err(damaged(format!(
                "of what its attributes name, this node has {} but not {}: it must have all or nothing",
                here.join(", "),
                missing.join(", ")
            ))),
        }
    }
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// Begins a script on the connected node, which is the root if `root`; false when it has been done here before.
pub async fn start<C: GenericClient>(
    client: &C,
    queue: &str,
    script: &str,
    sql: &str,
    root: bool,
    attributes: &Attributes,
) -> Result<bool> {
    let call = "select * from londiste.execute_start($1, $2, $3, $4, $5)";
    let encoded = attributes.encoded();
    let row = coded(
        client,
        "londiste.execute_start",
        call,
        &[&queue, &script, &pg::raw::Raw(sql), &root, &encoded],
    )
    .await?;
    Ok(row.get::<_, i32>("ret_code") == 200)
}

/// Runs the text of a script in the caller's transaction, which it cannot end.
pub async fn run<C: GenericClient>(client: &C, script: &str, text: &str) -> Result<()> {
    let what = format!("script {script}");
    client.query("select londiste_rs.run_script($1)", &[&pg::raw::Raw(text)]).await.map_err(failed(&what))?;
    Ok(())
}

/// Ends a script that ran, or was not needed; a root sends it on.
pub async fn finish<C: GenericClient>(client: &C, queue: &str, script: &str) -> Result<()> {
    let call = "select * from londiste.execute_finish($1, $2)";
    coded(client, "londiste.execute_finish", call, &[&queue, &script]).await?;
    Ok(())
}

/// Changes of replicated tables that the caller's transaction has captured so far.
pub async fn captured_changes<C: GenericClient>(client: &C, queue: &str) -> Result<i64> {
    let call = "select londiste_rs.captured_changes($1)";
    Ok(row(client, "londiste_rs.captured_changes", call, &[&queue]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_in_the_head_and_are_written_as_the_stock_tool_does() {
        let sql = "-- words\n\n  --*--\n--*-- local-table:  t , public.Odd T\n--*-- Need-Function: now(0),\n\
                   --*--   lower(1)\nselect 1;\n--*-- Need-Table: x\n";
        let attributes = Attributes::of_script(sql).unwrap();
        let encoded = attributes.encoded().unwrap();
        assert_eq!(encoded, "local-table=t%2cpublic.Odd+T&need-function=now%280%29%2clower%281%29");
        assert_eq!(Attributes::of_script("select 1").unwrap().encoded(), None);
        assert!(Attributes::of_script("--*-- Bogus: yes\n").is_err());
        assert!(Attributes::of_script("--*-- yes\n").is_err());
        let pairs = [("need-table".to_owned(), Some("a,b".to_owned()))];
        assert_eq!(Attributes::of_event(&pairs).unwrap().encoded().unwrap(), "need-table=a%2cb");
    }
}
