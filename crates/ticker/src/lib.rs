//! Ticks, rotates, retries and maintains the queues of a server's databases.
