//! Applications that write to the source while it is replicated.
pub mod pgbench;
pub mod shop;

/// What a writer did until it was stopped.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Committed transactions.
    pub transactions: u64,
    /// Errors that the application saw; a replicated application sees none.
    pub errors: Vec<String>,
    /// How often the server was away and the application had to come back.
    pub reconnects: u64,
}

impl Report {
    /// Panics if the application saw an error, or did nothing at all.
    #[track_caller]
    pub fn expect_clean(&self) -> &Report {
        assert!(self.errors.is_empty(), "the application saw errors: {:#?}", self.errors);
        assert!(self.transactions > 0, "the application wrote nothing");
        self
    }
}
