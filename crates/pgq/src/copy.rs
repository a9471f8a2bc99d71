//! Copies of tables: what the target records of them, and what they ask the source.

pub mod chunk;
pub mod index;
pub mod progress;
pub mod read_tick;
pub mod record;
pub mod source;

/// The name of the consumer with which the copy of `table` replays. `job`: the `job_name` of its worker.
pub fn consumer(job: &str, table: &str) -> String {
    format!("{}{table}", consumer_prefix(job))
}

/// What the names of all consumers of a worker's copies begin with.
pub fn consumer_prefix(job: &str) -> String {
    format!("{job}.copy.")
}

/// The table that a consumer is the copy's of, whatever its worker is called; `None` where it is no copy's.
pub fn table_of(consumer: &str) -> Option<&str> {
    consumer.split_once(".copy.").map(|(_, table)| table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_consumer_tells_its_table() {
        assert_eq!(consumer("mover", "public.t"), "mover.copy.public.t");
        assert!(consumer("mover", "public.t").starts_with(&consumer_prefix("mover")));
        assert_eq!(table_of("mover.copy.public.t"), Some("public.t"));
        assert_eq!(table_of("mover"), None);
    }
}
