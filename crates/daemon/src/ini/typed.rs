//! Typed settings from a section, with every wrong value reported at once.

use std::collections::BTreeMap;

use config::{Config, ConfigError, Map, Source, Value};
use serde::de::DeserializeOwned;

/// A key whose value is wrong or missing (`key` is `Some`), or something wrong with the section.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) key: Option<String>,
    pub(super) text: String,
}

#[derive(Debug, Clone)]
struct Pairs(BTreeMap<String, String>);

impl Source for Pairs {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect())
    }
}

/// Reads `values` as `T`. After a wrong value the rest is read without it, so that the answer
/// names all of them.
pub(super) fn read<T: DeserializeOwned>(values: &BTreeMap<String, String>) -> Result<T, Vec<Problem>> {
    let mut pairs = Pairs(values.clone());
    let mut problems: Vec<Problem> = Vec::new();
    loop {
        let built = Config::builder().add_source(pairs.clone()).build();
        match built.and_then(Config::try_deserialize::<T>) {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => return Err(problems),
            Err(error) => {
                let (key, text) = describe(error);
                let refused = |key: &str| problems.iter().any(|problem| problem.key.as_deref() == Some(key));
                match key {
                    Some(key) => {
                        let (known, stood) = (refused(&key), pairs.0.remove(&key));
                        // it is needed: anything in its place, for the sake of the others
                        let in_its_place = match stood.as_deref() {
                            None => Some(""),
                            Some("") if known => Some("0"),
                            Some(_) if known => return Err(problems),
                            Some(_) => None,
                        };
                        if let Some(anything) = in_its_place {
                            pairs.0.insert(key.clone(), anything.to_owned());
                        }
                        if !known {
                            problems.push(Problem { key: Some(key), text });
                        }
                    }
                    None => {
                        problems.push(Problem { key: None, text });
                        return Err(problems);
                    }
                }
            }
        }
    }
}

fn describe(error: ConfigError) -> (Option<String>, String) {
    match error {
        ConfigError::NotFound(key) => (Some(key), "missing, it is needed".to_owned()),
        ConfigError::Type { expected, key, .. } => (key, format!("expected {expected}")),
        ConfigError::At { error, key, .. } => {
            let (inner, text) = describe(*error);
            (key.or(inner), text)
        }
        other => (None, other.to_string()),
    }
}
