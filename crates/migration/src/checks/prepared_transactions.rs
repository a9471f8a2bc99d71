//! Prepared transactions: they hold locks and old rows until somebody ends them.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "prepared-transactions",
    Place::Both,
    "Are there no prepared transactions?",
    "select 'warning', 'prepared transaction ' || quote_literal(gid),
       format('of %s since %s: whoever needs a lock of its tables waits, and a queue gives no events behind it',
         owner,
              date_trunc('second', prepared)),
       format('rollback prepared %L', gid)
  from pg_prepared_xacts where database = current_database()",
);
