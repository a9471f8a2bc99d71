//! The process: background, run directory, signals, supervision, logs, configuration.
