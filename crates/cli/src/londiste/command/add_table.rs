//! `add-table TABLE…`: tables enter replication on this node. On the root their changes are captured from now on; on
//! other nodes they are copied, and then follow the provider.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};
use clap::Args;
use parts::fail_point;
use pg::{QualifiedName, Table};
use pgq::skipped;
use pgq::table::{self, AddOptions, Capture};
use tokio_postgres::Transaction;

use crate::londiste::command::create_table::{Extent, Plan};
use crate::londiste::command::{create_table, wait_sync};
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::kind::Kind;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::{retry_on_lock, selection, skip_columns};

const CREATE_IT: &str =
    "create it, or add --create or --create-full; --skip-non-existing leaves such tables out";

/// Words of `add-table`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Names or globs: public.orders, public.*, a?c; without a schema: public
    #[arg(value_name = "TABLE", required_unless_present = "all")]
    pub(crate) tables: Vec<String>,

    /// Every table: on the root, of the database; on other nodes, of the provider
    #[arg(long)]
    pub(crate) all: bool,

    /// Wait until the tables are in sync
    #[arg(long)]
    pub(crate) wait_sync: bool,

    /// Name of the table on this node, where it is another
    #[arg(long, value_name = "TABLE", conflicts_with = "all")]
    pub(crate) dest_table: Option<String>,

    /// The rows are here already: do not copy
    #[arg(long)]
    pub(crate) expect_sync: bool,

    /// Keep the rows that are here: do not empty the table before the copy
    #[arg(long)]
    pub(crate) skip_truncate: bool,

    /// Columns of the provider that the table lacks here on purpose; again for a table that is there already. None:
    /// --skip-columns=
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', conflicts_with = "all")]
    pub(crate) skip_columns: Option<Vec<String>>,

    /// Create a table that is missing on this node: columns, defaults, primary key
    #[arg(long)]
    pub(crate) create: bool,

    /// The same with all indexes, constraints but foreign keys, and comments
    #[arg(long)]
    pub(crate) create_full: bool,

    /// Do not guard a leaf's table against local changes
    #[arg(long)]
    pub(crate) no_triggers: bool,

    /// Root: stock triggers for these tables. B before, A after; I, U, D which changes; L logutriga, Q sqltriga, J
    /// jsontriga; S swallow the changes
    #[arg(long, value_name = "BAIUDLQJS", value_parser = flags)]
    pub(crate) trigger_flags: Option<String>,

    /// Root: stock triggers for these tables, with this argument (repeatable): backup, ignore=COLUMNS, when=EXPR, …
    #[arg(long, value_name = "ARG")]
    pub(crate) trigger_arg: Vec<String>,

    /// Leave out tables that do not exist on this node
    #[arg(long)]
    pub(crate) skip_non_existing: bool,

    /// Add a table though it lacks columns of the provider's; names that the provider does not replicate are no failure
    #[arg(long)]
    pub(crate) force: bool,
}

fn flags(text: &str) -> std::result::Result<String, String> {
    match text.chars().find(|letter| !"BAIUDLQJS".contains(letter.to_ascii_uppercase())) {
        Some(letter) => Err(format!("{letter} is none of B A I U D L Q J S")),
        None => Ok(text.to_ascii_uppercase()),
    }
}

impl Arguments {
    fn options(&self, capture: Capture) -> Result<AddOptions> {
        let dest = self.dest_table.as_deref().map(QualifiedName::parse).transpose()?;
        Ok(AddOptions {
            dest_table: dest.map(|name| name.plain()),
            expect_sync: self.expect_sync,
            skip_truncate: self.skip_truncate,
            no_triggers: self.no_triggers,
            capture: if self.chooses_triggers() { Capture::Stock } else { capture },
            trigger_flags: self.trigger_flags.clone(),
            trigger_args: self.trigger_arg.clone(),
        })
    }

    fn skipped(&self) -> Option<Vec<String>> {
        let names = self.skip_columns.as_ref()?;
        Some(names.iter().filter(|name| !name.is_empty()).cloned().collect())
    }

    fn chooses_triggers(&self) -> bool {
        self.trigger_flags.is_some() || !self.trigger_arg.is_empty()
    }

    fn extent(&self) -> Option<Extent> {
        match (self.create_full, self.create) {
            (true, _) => Some(Extent::Full),
            (false, true) => Some(Extent::Minimal),
            (false, false) => None,
        }
    }
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let options = arguments.options(job.settings.capture)?;
    if !local.is_root() && arguments.chooses_triggers() {
        bail!(
            "--trigger-flags and --trigger-arg choose the root's capture: node {} is not the root",
            local.info.name
        );
    }
    if !local.is_root() && options.capture == Capture::Stock {
        job.terminal
            .warn("capture = stock says how the root captures changes: on this node it has no effect");
    }
    if local.is_root() && arguments.extent().is_some() {
        bail!(
            "node {} is the root: --create and --create-full take a table from the provider",
            local.info.name
        );
    }
    if local.is_root() && arguments.skip_columns.is_some() {
        bail!("node {} is the root: --skip-columns is for nodes whose table lacks columns", local.info.name);
    }
    let skipped = arguments.skipped();
    let provider = if local.is_root() { None } else { Some(job.provider_of(&local.info).await?) };
    let words = (arguments.all, arguments.tables.as_slice());
    let chosen = selection::choose(job, &local, provider.as_ref(), Kind::Table, words, &mut apart).await?;
    if options.dest_table.is_some() && chosen.len() > 1 {
        bail!("--dest-table goes with one table, and {} are named: {}", chosen.len(), chosen.join(", "));
    }
    if skipped.is_some() && chosen.len() > 1 {
        bail!("--skip-columns goes with one table, and {} are named: {}", chosen.len(), chosen.join(", "));
    }
    let found = Found::of(job, &local, provider.as_ref(), &chosen, &options).await?;
    let mut added = Vec::new();
    for name in chosen {
        let dest = options.dest_table.as_deref().unwrap_or(&name);
        let is_here = match arguments.extent() {
            // it may have been created with another one
            Some(_) if !found.here.contains_key(&name) => {
                pg::find_table(&local.session, dest).await?.is_some()
            }
            _ => found.here.contains_key(&name),
        };
        if !is_here && arguments.skip_non_existing && arguments.extent().is_none() {
            job.terminal.say(&format!("table {name} left out: {dest} does not exist here"));
            continue;
        }
        if !is_here && !local.is_root() && arguments.extent().is_none() {
            apart.failed(
                &name,
                &format!("table {dest} does not exist on node {}: {CREATE_IT}", local.info.name),
            );
            continue;
        }
        let plan = match (&provider, arguments.extent()) {
            (Some(provider), Some(extent)) if !is_here => {
                let source = found.above.get(&name).map(|table| table.name.clone());
                let source = source.unwrap_or_else(|| QualifiedName::from_plain(&name));
                let dest =
                    options.dest_table.as_deref().map_or_else(|| source.clone(), QualifiedName::from_plain);
                let here = local.session.server_version();
                create_table::plan(&provider.session, &source, &dest, extent, here).await
            }
            _ => Ok(Plan::default()),
        };
        let checked = match found.above.get(&name) {
            Some(source) if is_here => {
                let named = skipped.as_ref().or_else(|| found.skipped.get(&name));
                let checked = match found.target(&local, &name, dest).await? {
                    Some((dest, target)) => {
                        skip_columns::check(job, &name, (source, &dest, &target), named.map(Vec::as_slice))
                    }
                    None => Ok(()),
                };
                match checked {
                    Err(difference) if arguments.force && skipped.is_none() => {
                        job.terminal.warn(&format!("{difference:#}; added all the same (--force)"));
                        Ok(())
                    }
                    checked => checked,
                }
            }
            _ => Ok(()),
        };
        let result = match (checked, plan) {
            (Ok(()), Ok(plan)) => add(job, &mut local, &name, &options, (&plan, skipped.as_deref())).await,
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        if result.is_ok() {
            added.push(name.clone());
        }
        apart.take(&name, result);
        fail_point::reached("table-added");
    }
    if arguments.wait_sync
        && !added.is_empty()
        && wait_sync::until_ok(job, &local.session, &added).await? == Outcome::Partly
    {
        return Ok(Outcome::Partly);
    }
    Ok(apart.outcome())
}

/// What both nodes know of the chosen tables, asked once for all of them.
struct Found {
    /// The tables on this node by the queue's names, under the names that the options give them.
    here: HashMap<String, Table>,
    /// The provider's tables; none on the root.
    above: HashMap<String, Table>,
    /// Names on this node of tables that it replicates already: they go on as they are.
    replicated_as: HashMap<String, String>,
    /// Skipped columns of those.
    skipped: BTreeMap<String, Vec<String>>,
}

impl Found {
    async fn of(
        job: &Job,
        local: &Node,
        provider: Option<&Node>,
        chosen: &[String],
        options: &AddOptions,
    ) -> Result<Found> {
        let names: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let dests: Vec<&str> =
            names.iter().map(|name| options.dest_table.as_deref().unwrap_or(name)).collect();
        let by_name = |tables: Vec<Option<Table>>| {
            chosen.iter().cloned().zip(tables).filter_map(|(name, table)| Some((name, table?))).collect()
        };
        let here = by_name(pg::find_tables(&local.session, &dests).await?);
        let Some(provider) = provider else {
            let (above, replicated_as, skipped) = (HashMap::new(), HashMap::new(), BTreeMap::new());
            return Ok(Found { here, above, replicated_as, skipped });
        };
        let infos = table::several(&*local.session, job.queue(), &names).await?;
        let infos = infos.into_iter().filter(|info| info.local);
        Ok(Found {
            here,
            above: by_name(pg::find_tables(&provider.session, &names).await?),
            replicated_as: infos.map(|info| (info.name.clone(), info.dest().to_owned())).collect(),
            skipped: skipped::list(&*local.session, job.queue()).await?,
        })
    }

    /// The table here into which the rows of `name` go, and its name; `dest` where the node does not replicate it yet.
    async fn target(&self, local: &Node, name: &str, dest: &str) -> Result<Option<(String, Table)>> {
        let dest = self.replicated_as.get(name).map_or(dest, String::as_str);
        let known = self.here.get(name).filter(|table| table.name.plain() == dest).cloned();
        let table = match known {
            Some(table) => Some(table),
            None => pg::find_table(&local.session, dest).await?,
        };
        Ok(table.map(|table| (dest.to_owned(), table)))
    }
}

async fn add(
    job: &Job,
    local: &mut Node,
    name: &str,
    options: &AddOptions,
    (plan, skipped): (&Plan, Option<&[String]>),
) -> Result<String> {
    let queue = job.queue();
    let work = async |transaction: &Transaction<'_>| {
        let notes = plan.carry_out(transaction).await?;
        let mut note = table::add(transaction, queue, name, options).await?;
        if let Some(skipped) = skipped {
            skipped::set(transaction, queue, name, skipped).await?;
            let columns = if skipped.is_empty() { "none".to_owned() } else { skipped.join(", ") };
            note.push_str(&format!("; columns skipped: {columns}"));
        }
        Ok((notes, note))
    };
    let (notes, note) =
        retry_on_lock::in_transaction_on(job, local.info.node_type, &mut local.session, name, work).await?;
    notes.iter().for_each(|note| job.terminal.say(note));
    Ok(note)
}
