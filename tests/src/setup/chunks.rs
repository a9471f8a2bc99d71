//! Copies in chunks small enough to be interrupted.
use crate::{Pair, Setup, Shutdown};

impl Setup {
    /// Nodes whose leaf copies two tables at a time, in chunks of so many pages, no faster than `rate`; a chunk that is
    /// held keeps its locks for three seconds.
    pub fn in_chunks(pair: &Pair, pages: u32, rate: &str) -> Setup {
        let setup = Setup::new(pair);
        setup.set("target.ini", "parallel_copies", "2");
        setup.set("target.ini", "copy_chunk_pages", &pages.to_string());
        setup.set("target.ini", "copy_chunk_seconds", "3");
        setup.set("target.ini", "copy_rate_limit", rate);
        setup.start_nodes();
        setup
    }

    /// One of five ways to break off whatever the leaf's worker is at; it is running again afterwards.
    pub fn interrupt(&self, pair: &Pair, way: usize) {
        match way % 5 {
            0 => {
                self.target_worker().kill();
                self.start_daemon("target");
            }
            1 => pair.target.cluster.restart(Shutdown::Immediate),
            2 => drop(pair.source.cluster.terminate_sessions()),
            3 => pair.source.cluster.restart(Shutdown::Immediate),
            _ => drop(pair.target.cluster.terminate_sessions()),
        }
    }

    /// From now on copies are as fast as they can.
    pub fn copy_unlimited(&self) {
        self.set("target.ini", "copy_rate_limit", "0");
        self.londiste(&["-r", "target.ini"]).expect_success();
    }
}

impl Pair {
    /// Ranges of pages can be read since PostgreSQL 14.
    pub fn has_chunks(&self) -> bool {
        let has = self.source.cluster.major() >= 14;
        if !has {
            eprintln!("the source copies under one snapshot: nothing to test");
        }
        has
    }
}
