//! One round: a history in each world, several sessions taking turns, ticks and batches between.
use std::fmt::Write as _;

use tokio_postgres::{Client, Statement};

use crate::Stage;
use crate::dice::Dice;
use crate::follower::Follower;
use crate::world::{World, statement};

/// Transactions of a history, in the mean.
const TRANSACTIONS: usize = 6;

pub(crate) struct Round<'a> {
    stage: &'a Stage,
    seed: u64,
    dice: Dice,
    /// In which world each session has a transaction open.
    open: Vec<Option<usize>>,
    /// Which of them may have emptied a table.
    emptying: Vec<bool>,
    /// What was done, by world.
    logs: Vec<String>,
    /// Worlds of this round in which keys stay as they are, or nothing would ever be folded.
    calm: Vec<bool>,
}

impl<'a> Round<'a> {
    /// Plays the round of that seed from empty tables, and panics where source and target differ after a tick.
    pub(crate) async fn play(stage: &'a Stage, follower: &mut Follower, seed: u64) {
        let mut dice = Dice::new(seed);
        let worlds = stage.worlds.len();
        let calm = (0..worlds).map(|_| dice.roll(2) == 0).collect();
        let chunk = [1, 5, 20_000][dice.roll(3) as usize];
        follower.cut(chunk);
        let mut round = Round {
            stage,
            seed,
            dice,
            open: vec![None; stage.sessions.len()],
            emptying: vec![false; stage.sessions.len()],
            logs: vec![format!("chunks of {chunk}\n"); worlds],
            calm,
        };
        for world in &stage.worlds {
            stage.sessions[0].batch_execute(&world.emptying()).await.expect("a world can be emptied");
        }
        let mut pending = 0;
        for _ in 0..worlds * TRANSACTIONS {
            round.step().await;
            if round.dice.roll(40) == 0 {
                round.end_emptying().await;
                let tick = "select londiste_rs.tick_now('model')";
                stage.source.query(tick, &[]).await.expect("a tick");
                round.logs.iter_mut().for_each(|log| log.push_str("-- tick\n"));
                pending += 1;
                // several ticks may wait for one look
                if round.dice.roll(3) > 0 || pending > 3 {
                    round.follow(follower).await;
                    pending = 0;
                }
            }
        }
        for session in 0..round.open.len() {
            round.end(session, "commit").await;
        }
        stage.source.query("select londiste_rs.tick_now('model')", &[]).await.expect("a tick");
        round.follow(follower).await;
    }

    /// One session does something.
    async fn step(&mut self) {
        let session = self.dice.roll(self.open.len() as u64) as usize;
        match self.open[session] {
            Some(_) if self.dice.roll(2) == 0 => {
                let verb = if self.dice.roll(4) == 0 { "rollback" } else { "commit" };
                self.end(session, verb).await;
            }
            Some(world) => {
                let sql = self.statements(world);
                self.run(session, world, &sql).await;
            }
            None => {
                let world = self.dice.roll(self.stage.worlds.len() as u64) as usize;
                let sql = format!("begin; {}", self.statements(world));
                if self.dice.roll(10) < 3 {
                    self.open[session] = Some(world);
                    self.run(session, world, &sql).await;
                    return;
                }
                let verb = if self.dice.roll(8) == 0 { "rollback" } else { "commit" };
                let more = if self.dice.roll(2) == 0 { self.statements(world) } else { String::new() };
                self.open[session] = Some(world);
                if self.run(session, world, &format!("{sql}{more}{verb}")).await {
                    self.open[session] = None;
                }
            }
        }
    }

    /// Statements of a world, some of them within a savepoint that is given up or kept.
    fn statements(&mut self, world: usize) -> String {
        let sql = statement(&mut self.dice, &self.stage.worlds[world], self.calm[world]);
        match self.dice.roll(8) {
            0 => format!("savepoint s; {sql}; rollback to savepoint s; "),
            1 => format!("savepoint s; {sql}; release savepoint s; "),
            2 => format!("{sql}; {sql}; "),
            _ => format!("{sql}; "),
        }
    }

    /// True where it succeeded; a transaction that failed is over.
    async fn run(&mut self, session: usize, world: usize, sql: &str) -> bool {
        let client = &self.stage.sessions[session];
        let done = client.batch_execute(sql).await;
        if done.is_err() {
            client.batch_execute("rollback").await.expect("a rollback");
            self.open[session] = None;
        }
        let begun = self.emptying[session] && !sql.starts_with("begin");
        self.emptying[session] = done.is_ok() && (begun || sql.contains("truncate"));
        let outcome = if done.is_ok() { "ok" } else { "failed" };
        writeln!(self.logs[world], "session {session}: {sql} -- {outcome}").expect("a log takes a line");
        done.is_ok()
    }

    /// Nobody can look at a table that a transaction has emptied until that is over: the comparison would wait for it
    /// forever.
    async fn end_emptying(&mut self) {
        for session in 0..self.open.len() {
            if self.emptying[session] {
                self.end(session, "commit").await;
            }
        }
    }

    async fn end(&mut self, session: usize, verb: &str) {
        if let Some(world) = self.open[session]
            && self.run(session, world, verb).await
        {
            self.open[session] = None;
            self.emptying[session] = false;
        }
    }

    /// Brings the target to the newest tick and compares.
    async fn follow(&mut self, follower: &mut Follower) {
        let together = self.dice.roll(2) == 0;
        let followed = follower.catch_up(together).await;
        if let Err(error) = followed {
            panic!("seed {}: {error}\n{}", self.seed, self.logs.join("\n"));
        }
        let (source, target) =
            tokio::join!(digests(&self.stage.source, &self.stage.digest), follower.digests());
        for (world, (source, target)) in source.iter().zip(&target).enumerate() {
            if source != target {
                self.fail(follower, &self.stage.worlds[world], world).await;
            }
        }
    }

    async fn fail(&self, follower: &Follower, world: &World, at: usize) {
        let mut text = String::new();
        for table in world.tables() {
            let [source, target] = [&self.stage.source, &follower.target].map(|client| rows(client, &table));
            let (source, target) = (source.await, target.await);
            if source != target {
                writeln!(text, "{table}\n  source {source:?}\n  target {target:?}").expect("written");
            }
        }
        panic!("MODEL_SEED={} plays this again. World {at}:\n{}\n{text}", self.seed, self.logs[at]);
    }
}

/// One text for each world.
pub(crate) async fn digests(client: &Client, digest: &Statement) -> Vec<String> {
    let rows = client.query(digest, &[]).await.expect("a comparison");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn rows(client: &Client, table: &str) -> Vec<String> {
    let sql = format!("select t::text collate \"C\" from {table} t order by 1");
    client.query(&sql, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect()
}
