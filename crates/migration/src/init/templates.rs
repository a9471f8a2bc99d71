//! Texts of the ini files.

pub(super) const PGQD: &str = "\
# The ticker: cuts the queue's events into batches and keeps its tables small.
#
#   pgqd -d pgqd.ini            runs it in the background, once its checks have passed
#   londisted -d pgqd.ini source.ini target.ini
#                               runs everything in one process instead
#
# File names without a leading slash count from the directory in which a command is given.

[pgqd]
logfile = run/pgqd.log
pidfile = run/pgqd.pid

# How to reach the source's server, without its database. The password is in the passfile.
base_connstr = {base}

# The databases with queues.
database_list = {databases}
";

pub(super) const SOURCE: &str = "\
# The root: the database that is being moved away from.
#
#   londiste source.ini create-root
#   londiste -d source.ini worker

[londiste]
job_name = source
logfile = run/%(job_name)s.log
pidfile = run/%(job_name)s.pid

# The same in all ini files of one migration.
queue_name = {queue}

# This database.
db = {source}

# The node's name, and how the other nodes reach it from the machine that their workers run on.
node_name = primary
public_node_location = {source}
";

pub(super) const TARGET: &str = "\
# The leaf: the database that is being moved to.
#
#   londiste target.ini preflight
#   londiste target.ini schema --apply
#   londiste target.ini create-leaf
#   londiste -d target.ini worker

[londiste]
job_name = target
logfile = run/%(job_name)s.log
pidfile = run/%(job_name)s.pid

# The same in all ini files of one migration.
queue_name = {queue}

# This database.
db = {target}

# The node's name, and how the other nodes reach it from the machine that their workers run on.
node_name = subscriber
public_node_location = {target}

# How to reach the source, as long as there is no node that knows it.
initial_provider_location = {source}

# How many tables are copied at the same time; each takes a connection to either side.
parallel_copies = 4
";
