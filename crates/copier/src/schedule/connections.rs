//! Connections that all copies of a node share: one to each side for each copy that may run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pg::{ConnectString, Limits, Pool, PooledClient, Session};
use pgq::{Purpose, SessionName, node};

use crate::error::During;
use crate::schedule::permits::Permit;
use crate::throttle::gate::Gate;
use crate::{Config, Result};

/// Pools to the node and to its provider.
#[derive(Clone)]
pub(crate) struct Connections {
    config: Arc<Config>,
    target: Side,
    provider: Side,
    builders: Side,
    reports: Side,
    limits: Gate,
}

/// The pool of one side, with the connect string it was made for.
type Side = Arc<Mutex<Option<(ConnectString, Pool)>>>;

/// The connections of a running copy, and the node that it reads from.
pub(crate) struct Sides {
    pub(crate) provider: PooledClient,
    pub(crate) target: PooledClient,
    pub(crate) provider_node: String,
    /// Given back last: who gets it finds both of them free.
    pub(crate) permit: Permit,
}

impl Connections {
    pub(crate) fn new(config: Arc<Config>, limits: Gate) -> Connections {
        let side = Side::default;
        Connections { config, target: side(), provider: side(), builders: side(), reports: side(), limits }
    }

    fn session_name(&self, purpose: Purpose<'_>) -> String {
        SessionName { job: &self.config.job_name, purpose }.to_string()
    }

    /// A statement of a copy lasts as long as its table takes.
    fn copying(&self) -> Limits {
        self.config.limits.without_statement()
    }

    /// A connection to the node that builds indexes; waits until one is free.
    pub(crate) async fn builder(&self) -> Result<PooledClient> {
        let limits = self.config.limits.unhurried();
        let builder = self.node(&self.builders, self.config.parallel_index_builds, limits).await?;
        apply::pin_session(&builder).await?;
        let sql =
            "select set_config('application_name', $1, false), set_config('maintenance_work_mem', $2, false)";
        let application = self.session_name(Purpose::CopyIndex);
        let memory = &self.config.copy_maintenance_work_mem;
        builder.query_one(sql, &[&application, memory]).await.during("setting up a connection")?;
        Ok(builder)
    }

    /// The connection to the node over which copies say how far they are.
    pub(crate) async fn report(&self) -> Result<PooledClient> {
        self.node(&self.reports, 1, self.config.limits).await
    }

    async fn node(&self, side: &Side, size: usize, limits: Limits) -> Result<PooledClient> {
        self.pool(side, parse(&self.config.db)?.within(limits), size)?.get().await.during("this node (db)")
    }

    /// Connections to both sides, set up for a table's copy.
    pub(crate) async fn open(&self, table: &str, permit: Permit) -> Result<Sides> {
        let copies = self.limits.copies();
        // one more for a copy that is over, and whose table is being analyzed
        let target = self.node(&self.target, copies + 1, self.copying()).await?;
        let (location, provider_node) = self.location(&target).await?;
        let provider = self.pool(&self.provider, location.within(self.copying()), copies)?;
        let provider = provider.get().await.during("the provider")?;
        self.set_up(Sides { provider, target, provider_node, permit }, table).await
    }

    /// A connection of its own to the provider, to see how that fares.
    pub(crate) async fn probe(&self) -> Result<Session> {
        let (location, _) = self.location(&*self.report().await?).await?;
        let application = self.session_name(Purpose::CopyProbe);
        Session::connect(&location.within(self.config.limits), &application).await.during("the provider")
    }

    /// How the provider is reached, and which node it is, by the node's word.
    async fn location(&self, target: &pg::Client) -> Result<(ConnectString, String)> {
        let queue = self.config.queue_name.as_str();
        let state = node::consumer_state(target, queue, self.config.worker()).await?;
        let state = state.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?;
        let location = parse(state.provider_location.as_deref().unwrap_or_default())?;
        let location = match &self.config.remote_extra_connstr {
            Some(extra) => location.merged(&parse(extra)?),
            None => location,
        };
        Ok((location, state.provider))
    }

    async fn set_up(&self, sides: Sides, table: &str) -> Result<Sides> {
        let application = self.session_name(Purpose::CopyOf(table));
        for side in [&sides.provider, &sides.target] {
            apply::pin_session(side).await?;
            let sql = "select set_config('application_name', $1, false)";
            side.query_one(sql, &[&application]).await.during("setting up a connection")?;
        }
        Ok(sides)
    }

    /// The side's pool; a new one when its connect string is another now.
    fn pool(&self, side: &Side, connect_string: ConnectString, size: usize) -> Result<Pool> {
        let mut known = side.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) =
            known.as_ref().filter(|(of, _)| of.to_conninfo() == connect_string.to_conninfo())
        {
            pool.resize(size.max(1));
            return Ok(pool.clone());
        }
        let application = self.session_name(Purpose::Copy);
        let size = size.max(1);
        // 0: never
        let lifetime = Some(self.config.connection_lifetime).filter(|time| !time.is_zero());
        let lifetime = lifetime.map(|time| time.max(Duration::from_secs(1)));
        let pool = Pool::new(&connect_string, &application, size, lifetime).during("connect string")?;
        if let Some((_, former)) = known.replace((connect_string, pool.clone())) {
            former.close();
        }
        Ok(pool)
    }
}

fn parse(text: &str) -> Result<ConnectString> {
    text.parse::<ConnectString>().during("connect string")
}
