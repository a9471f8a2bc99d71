//! Holds tables in a state: whoever wants to move one on has to pass a gate, which the test can shut.
use postgres::Client;
use tests::Side;

const GATE: &str = "
    create schema gate;
    create function gate.pass() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock_shared(77,
            hashtext(new.table_name || ' ' || split_part(coalesce(new.merge_state, 'new'), ':', 1)));
        return new;
    end $$;
    create trigger gate before update on londiste.table_info for each row
        when (old.merge_state is distinct from new.merge_state) execute function gate.pass();
    grant usage on schema gate to public;
";

/// Gates before every state of every table of a node, all open at first.
pub(crate) struct Gate {
    client: Client,
}

impl Gate {
    pub(crate) fn install(side: &Side) -> Gate {
        let mut client = side.admin().connect();
        client.batch_execute(GATE).unwrap();
        Gate { client }
    }

    /// From now on `table` does not enter `state`.
    pub(crate) fn shut(&mut self, table: &str, state: &str) {
        self.client
            .execute("select pg_advisory_lock(77, hashtext($1))", &[&format!("{table} {state}")])
            .unwrap();
    }

    pub(crate) fn open(&mut self, table: &str, state: &str) {
        let sql = "select pg_advisory_unlock(77, hashtext($1))";
        let held: bool = self.client.query_one(sql, &[&format!("{table} {state}")]).unwrap().get(0);
        assert!(held, "the gate of {table} before {state} was not shut");
    }

    pub(crate) fn open_all(&mut self) {
        self.client.batch_execute("select pg_advisory_unlock_all()").unwrap();
    }

    /// Ends the sessions that wait at a gate: those of processes that were killed would still carry out their
    /// statement.
    pub(crate) fn dismiss(&mut self) {
        let sql = "select pg_terminate_backend(pid) from pg_locks \
                    where locktype = 'advisory' and classid = 77 and not granted";
        self.client.query(sql, &[]).unwrap();
    }
}
