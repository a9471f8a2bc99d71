//! Schemas of both sides: what differs, with the statement that makes the target as the source is, and what takes the
//! source's schema over.
//!
//! A kind of object (`kind::Kind`, a file each in `kinds`) is one query to the catalogs. Its rows hold names,
//! statements, and the values of the properties that are compared. What is ours, or of an extension, is no object here.

mod apply;
mod compare;
mod difference;
mod kind;
mod kinds;
mod options;
mod own_form;
pub(crate) mod pg_dump;
mod plan;
mod scan;
pub(crate) mod scope;
mod sides;
mod spelling;

use pg::{ConnectString, Limits, Session};

pub use apply::{Applied, Failed};
pub use difference::{Comparison, Difference, How, Unread};
pub use kind::Weight;
pub use options::{NameMap, Options};
pub use plan::Statement;

pub(crate) use compare::compare;
pub(crate) use kinds::OF_ROWS;

/// Connections to both sides for what is done with their schemas.
#[derive(Debug)]
pub struct Schemas {
    source: Session,
    target: Session,
    ways: [ConnectString; 2],
    application: String,
}

impl Schemas {
    /// # Errors
    /// A side that cannot be reached, in words.
    pub async fn open(
        source: &ConnectString,
        target: &ConnectString,
        application: &str,
    ) -> Result<Schemas, String> {
        let side = |name: &'static str| move |why: String| format!("the {name}: {why}");
        Ok(Schemas {
            source: crate::session::connect(source, application).await.map_err(side("source"))?,
            target: crate::session::connect(target, application).await.map_err(side("target"))?,
            ways: [source.clone(), target.clone()],
            application: application.to_owned(),
        })
    }

    /// Compares both schemas.
    ///
    /// # Errors
    /// A side cannot be asked at all, in words; kinds that cannot be read are in the answer.
    pub async fn compare(&self, options: &Options) -> Result<Comparison, String> {
        compare(&self.source, &self.target, options, &scope::EVERYTHING)
            .await
            .map_err(|error| error.to_string())
    }

    /// The statements that take the source's schema over, in order.
    ///
    /// # Errors
    /// `pg_dump` is too old or fails, or a side cannot be read; in words.
    pub async fn plan(&self, options: &Options) -> Result<Vec<Statement>, String> {
        let in_words = |error: crate::error::Error| error.to_string();
        let sides = sides::Sides::new(&self.source, &self.target, options, &scope::EVERYTHING)
            .await
            .map_err(in_words)?;
        let source = compare::recorded(&self.source, crate::Place::Source).await;
        let target = compare::recorded(&self.target, crate::Place::Target).await;
        let known = plan::Known {
            sides: &sides,
            source: source.map_err(in_words)?,
            target: target.map_err(in_words)?,
        };
        plan::plan(&self.ways[0], &known).await
    }

    /// Runs statements on the target, each in a transaction of its own.
    ///
    /// # Errors
    /// The connection breaks; in words. Given again, it does what is left.
    pub async fn apply(&self, plan: &[Statement]) -> Result<Applied, String> {
        // A view that is to be filled, or an index, takes as long as it takes.
        let at = self.ways[1].within(Limits::default().unhurried());
        let target = Session::connect(&at, &self.application).await.map_err(|error| error.to_string())?;
        apply::apply(&target, plan).await
    }
}
