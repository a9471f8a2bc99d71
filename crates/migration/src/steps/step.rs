//! Steps of a migration.

use std::fmt;

/// A step of a migration, from nothing to "ready to switch".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Checks of both servers and of this machine.
    Preflight,
    /// The source's schema on the target.
    Schema,
    /// Schemas of the replication on both sides.
    Install,
    /// Root on the source, leaf on the target.
    Nodes,
    /// Ticker and workers.
    Daemon,
    /// The target's foreign keys go.
    DropFkeys,
    /// Sequences enter replication.
    Sequences,
    /// Tables enter replication.
    Tables,
    /// The wait until every table is copied and in sync.
    Copies,
    /// The target's foreign keys come back and are validated.
    RestoreFkeys,
    /// VACUUM (ANALYZE) of the target's tables.
    Vacuum,
    /// Every row of every table.
    Compare,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Step; 12] = [
        Step::Preflight,
        Step::Schema,
        Step::Install,
        Step::Nodes,
        Step::Daemon,
        Step::DropFkeys,
        Step::Sequences,
        Step::Tables,
        Step::Copies,
        Step::RestoreFkeys,
        Step::Vacuum,
        Step::Compare,
    ];

    /// Its name, for `--until` and the record.
    pub fn name(self) -> &'static str {
        match self {
            Step::Preflight => "preflight",
            Step::Schema => "schema",
            Step::Install => "install",
            Step::Nodes => "nodes",
            Step::Daemon => "daemon",
            Step::DropFkeys => "drop-fkeys",
            Step::Sequences => "sequences",
            Step::Tables => "tables",
            Step::Copies => "copies",
            Step::RestoreFkeys => "restore-fkeys",
            Step::Vacuum => "vacuum",
            Step::Compare => "compare",
        }
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Whether nothing may follow where a part of it failed. Behind the others the rest goes on: one table that fails
    /// stops no other.
    pub fn is_needed_whole(self) -> bool {
        self <= Step::Daemon
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_name_and_stands_in_its_order() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.name()), Some(step));
        }
        assert!(Step::ALL.is_sorted());
        assert_eq!(Step::named("switch"), None);
    }
}
