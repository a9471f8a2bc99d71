//! `repair [TABLE…]`: rows that the last comparison has found to differ become the root's.

use anyhow::Result;
use clap::Args;
use compare::Repair;
use pgq::comparison;

use crate::londiste::command::compare as comparing;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `repair`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs (default: every table that the last comparison has found to differ)
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,

    /// Write the rows; without it the statements are shown that would do it
    #[arg(long)]
    apply: bool,

    /// Only rows for which this SQL condition is true on either side; columns are those of table t
    #[arg(long, value_name = "SQL")]
    repair_where: Option<String>,

    /// Names that are not replicated here are no failure
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    comparing::refuse_root(job, &local)?;
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let mut chosen = comparing::chosen(job, &local.session, &arguments.tables, &mut apart).await?;
    let sides = comparing::sides(job, &local).await?;
    // a comparison that begins now would begin with rows that are being repaired, and forget those that are not yet
    if !comparison::take_turn(&*sides.record, job.queue()).await? {
        return Err(compare::Error::Busy { queue: job.queue().to_owned() }.into());
    }
    comparing::never_compared(job, (&local, &sides), &chosen).await?;
    let known = comparison::list(&*local.session, job.queue()).await?;
    let differs = |name: &str| known.iter().any(|c| c.table == name && c.differing > 0);
    for info in chosen.iter().filter(|info| !arguments.tables.is_empty() && !differs(&info.name)) {
        job.terminal.say(&format!("{}: its last comparison has found no row that differs", info.name));
    }
    chosen.retain(|info| differs(&info.name));
    if chosen.is_empty() {
        job.terminal.say("nothing to repair");
        return Ok(apart.outcome());
    }
    let config = comparing::config_of(job, &local);
    let asked = Repair { apply: arguments.apply, condition: arguments.repair_where.clone() };
    for info in &chosen {
        let repaired = compare::repair(&sides, &config, info, &asked).await?;
        for statement in &repaired.statements {
            job.terminal.print(statement);
        }
        for (row, why) in &repaired.left {
            apart.failed(&format!("{} {row}", info.name), why);
        }
        let name = &info.name;
        if arguments.apply {
            job.terminal.say(&format!(
                "{name}: {} rows are the root's; compare it again: londiste {} compare --again {name}",
                repaired.done,
                job.ini.display()
            ));
        } else {
            job.terminal
                .say(&format!("-- {name}: {} rows; to write them: repair --apply {name}", repaired.done));
        }
    }
    Ok(apart.outcome())
}
