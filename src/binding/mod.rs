//! What crosses into JavaScript: arguments, results, errors, tasks. No I/O happens here.

// `cargo test` has no JavaScript that would call them.
#![cfg_attr(test, allow(dead_code))]

mod constants;
mod guard;
mod jobs;
mod kernel;
mod raw;
mod ring;
mod ring_groups;
mod ring_host;
mod ring_memory;
mod ring_queue;
mod ring_table;
