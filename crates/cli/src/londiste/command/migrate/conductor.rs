//! The way from a step to the file that does it, and what is said and recorded of it.

use anyhow::Result;
use migration::steps::{Conductor, Ending, Entry, Standing, State, Step};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::{
    comparison, copies, daemon, fkeys, install, members, nodes, preflight, schema, vacuum,
};
use crate::londiste::support::kind::Kind;
use crate::londiste::view::migration as view;
use crate::terminal::describe;

impl Conductor for Course<'_> {
    type Error = anyhow::Error;

    async fn claim(&mut self) -> Result<()> {
        if let Some(record) = &mut self.record {
            record.hold().await?;
        }
        Ok(())
    }

    async fn look(&mut self, step: Step) -> Result<Standing> {
        match step {
            Step::Preflight => preflight::look(self).await,
            Step::Schema => schema::look(self).await,
            Step::Install => install::look(self).await,
            Step::Nodes => nodes::look(self).await,
            Step::Daemon => daemon::look(self).await,
            Step::DropFkeys => fkeys::look_before(self).await,
            Step::Sequences => members::look(self, Kind::Sequence).await,
            Step::Tables => members::look(self, Kind::Table).await,
            Step::Copies => copies::look(self).await,
            Step::RestoreFkeys => fkeys::look_after(self).await,
            Step::Vacuum => vacuum::look(self).await,
            Step::Compare => comparison::look(self).await,
        }
    }

    async fn act(&mut self, step: Step) -> Result<Ending> {
        match step {
            Step::Preflight => preflight::act(self).await,
            Step::Schema => schema::act(self).await,
            Step::Install => install::act(self).await,
            Step::Nodes => nodes::act(self).await,
            Step::Daemon => daemon::act(self).await,
            Step::DropFkeys => fkeys::drop(self).await,
            Step::Sequences => members::act(self, Kind::Sequence).await,
            Step::Tables => members::act(self, Kind::Table).await,
            Step::Copies => copies::act(self).await,
            Step::RestoreFkeys => fkeys::restore(self).await,
            Step::Vacuum => vacuum::act(self).await,
            Step::Compare => comparison::act(self).await,
        }
    }

    async fn begins(&mut self, step: Step, what: &str) {
        self.target.terminal.say(&view::begins(step, what));
        // the servers tell where the migration stands: a record that cannot be written now is none the worse
        if let Some(record) = &mut self.record {
            _ = record.begin(step.name()).await;
        }
    }

    async fn ended(&mut self, entry: &Entry) {
        let line = view::ended(entry, self.arguments.dry_run);
        match entry.state {
            State::Failed | State::Partly | State::Unverified => self.target.terminal.complain(&line),
            _ => self.target.terminal.say(&line),
        }
        self.entries.push(entry.clone());
        if let Some(record) = &mut self.record {
            _ = record.end(entry).await;
        }
    }

    fn describe(&self, error: &anyhow::Error) -> String {
        describe(error)
    }
}
