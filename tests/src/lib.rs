//! Cluster harness for end-to-end tests, the demo and the benchmarks.
