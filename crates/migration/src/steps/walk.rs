//! Walk through the steps: each is asked for first, then done where it is not.

use std::time::Instant;

use parts::fail_point;

use super::Step;

/// Answer to "is it done?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, and what is there.
    Done(String),
    /// It is not, and what is to be done.
    Open(String),
}

/// How a step's action came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it, and what was done.
    Done(String),
    /// Some of it failed, and what.
    Partly(String),
    /// Something could not be verified, and what.
    Unverified(String),
}

/// Where a step stands when the walk is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was done before.
    Earlier,
    /// It was done now.
    Done,
    /// Some of it failed.
    Partly,
    /// Something of it could not be verified.
    Unverified,
    /// It failed.
    Failed,
    /// The walk has not come to it, or would do it.
    Open,
}

/// A step, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The step.
    pub step: Step,
    /// Where it stands.
    pub state: State,
    /// What there is, what was done, or why it failed.
    pub note: String,
    /// Time at work.
    pub seconds: f64,
}

/// Who asks, acts and tells.
#[allow(async_fn_in_trait, reason = "one program implements it, and runs it on one thread")]
pub trait Conductor {
    /// Why a step cannot be asked for, or done.
    type Error;

    /// Makes sure that nobody else works on the same migration.
    async fn claim(&mut self) -> Result<(), Self::Error>;
    /// Is the step done? Changes nothing.
    async fn look(&mut self, step: Step) -> Result<Standing, Self::Error>;
    /// Does the step; what is there of it already stays.
    async fn act(&mut self, step: Step) -> Result<Ending, Self::Error>;
    /// A step begins, and what is to be done.
    async fn begins(&mut self, step: Step, what: &str);
    /// A step has come to its end, or was found done.
    async fn ended(&mut self, entry: &Entry);
    /// An error for people.
    fn describe(&self, error: &Self::Error) -> String;
}

/// Does what is not done, up to `until`. A step that fails ends the walk; what is behind it stays open.
pub async fn walk<C: Conductor>(conductor: &mut C, until: Step) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut goes_on = true;
    for step in Step::ALL.into_iter().filter(|step| *step <= until) {
        if !goes_on {
            entries.push(Entry { step, state: State::Open, note: String::new(), seconds: 0.0 });
            continue;
        }
        fail_point::reached(&format!("migrate-{step}-before"));
        let began = Instant::now();
        let (state, note) = match done(conductor, step).await {
            Ok(found) => found,
            Err(error) => (State::Failed, conductor.describe(&error)),
        };
        let entry = Entry { step, state, note, seconds: began.elapsed().as_secs_f64() };
        conductor.ended(&entry).await;
        fail_point::reached(&format!("migrate-{step}-after"));
        goes_on = match state {
            State::Failed => false,
            State::Partly => !step.is_needed_whole(),
            _ => true,
        };
        entries.push(entry);
    }
    entries
}

async fn done<C: Conductor>(conductor: &mut C, step: Step) -> Result<(State, String), C::Error> {
    conductor.claim().await?;
    let what = match conductor.look(step).await? {
        Standing::Done(what) => return Ok((State::Earlier, what)),
        Standing::Open(what) => what,
    };
    conductor.begins(step, &what).await;
    Ok(match conductor.act(step).await? {
        Ending::Partly(note) => (State::Partly, note),
        Ending::Unverified(note) => (State::Unverified, note),
        // the servers have the last word
        Ending::Done(note) => match conductor.look(step).await? {
            Standing::Done(_) => (State::Done, note),
            Standing::Open(left) => (State::Partly, format!("{note}; still to be done: {left}")),
        },
    })
}

/// What a walk up to `until` would do. A step that cannot be asked for ends it.
pub async fn plan<C: Conductor>(conductor: &mut C, until: Step) -> Vec<Entry> {
    let mut entries = Vec::new();
    for step in Step::ALL.into_iter().filter(|step| *step <= until) {
        let (state, note) = match conductor.look(step).await {
            Ok(Standing::Done(what)) => (State::Earlier, what),
            Ok(Standing::Open(what)) => (State::Open, what),
            Err(error) => (State::Failed, conductor.describe(&error)),
        };
        let entry = Entry { step, state, note, seconds: 0.0 };
        conductor.ended(&entry).await;
        entries.push(entry);
        if state == State::Failed {
            break;
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step is done by its action, but those that fail.
    struct Fake {
        done: Vec<Step>,
        acted: Vec<Step>,
        fails: Option<Step>,
        partly: Option<Step>,
        idle: Option<Step>,
    }

    impl Conductor for Fake {
        type Error = String;

        async fn claim(&mut self) -> Result<(), String> {
            Ok(())
        }

        async fn look(&mut self, step: Step) -> Result<Standing, String> {
            let done = self.done.contains(&step);
            Ok(if done { Standing::Done("is there".into()) } else { Standing::Open("to do".into()) })
        }

        async fn act(&mut self, step: Step) -> Result<Ending, String> {
            self.acted.push(step);
            if self.fails == Some(step) {
                return Err("no luck".into());
            }
            if self.partly == Some(step) {
                return Ok(Ending::Partly("one table".into()));
            }
            if self.idle != Some(step) {
                self.done.push(step);
            }
            Ok(Ending::Done("made".into()))
        }

        async fn begins(&mut self, _: Step, _: &str) {}

        async fn ended(&mut self, _: &Entry) {}

        fn describe(&self, error: &String) -> String {
            error.clone()
        }
    }

    fn fake() -> Fake {
        Fake { done: Vec::new(), acted: Vec::new(), fails: None, partly: None, idle: None }
    }

    fn states(entries: &[Entry]) -> Vec<State> {
        entries.iter().map(|entry| entry.state).collect()
    }

    #[tokio::test]
    async fn what_is_done_is_left_and_a_failure_ends_the_walk() {
        let mut fake = Fake { done: vec![Step::Preflight], fails: Some(Step::Nodes), ..fake() };
        let entries = walk(&mut fake, Step::Daemon).await;
        assert_eq!(states(&entries), [State::Earlier, State::Done, State::Done, State::Failed, State::Open]);
        assert_eq!(fake.acted, [Step::Schema, Step::Install, Step::Nodes]);
        fake.fails = None;
        let entries = walk(&mut fake, Step::Daemon).await;
        assert_eq!(states(&entries)[2..], [State::Earlier, State::Done, State::Done]);
    }

    #[tokio::test]
    async fn a_part_that_fails_stops_only_what_needs_the_whole() {
        let entries = walk(&mut Fake { partly: Some(Step::Tables), ..fake() }, Step::Compare).await;
        assert_eq!(
            states(&entries)[7..],
            [State::Partly, State::Done, State::Done, State::Done, State::Done]
        );
        let entries = walk(&mut Fake { partly: Some(Step::Schema), ..fake() }, Step::Install).await;
        assert_eq!(states(&entries), [State::Done, State::Partly, State::Open]);
    }

    #[tokio::test]
    async fn the_servers_have_the_last_word_and_a_plan_does_nothing() {
        let mut idle = Fake { idle: Some(Step::Tables), ..fake() };
        let entries = walk(&mut idle, Step::Tables).await;
        assert_eq!(entries[7].state, State::Partly);
        assert!(entries[7].note.contains("still to be done: to do"));
        let mut fake = fake();
        assert!(states(&plan(&mut fake, Step::Compare).await).iter().all(|state| *state == State::Open));
        assert!(fake.acted.is_empty());
    }
}
