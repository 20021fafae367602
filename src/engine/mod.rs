//! Everything that touches the kernel, without a word of Node-API: `cargo test`
//! runs it, and `binding` is its only caller in the addon.
//!
//! [`inflight`] owns every submitted entry and is the one place where memory is
//! lent to the kernel. [`copy`] and [`fill`] are the jobs behind the root helpers;
//! both move their bytes through [`pipeline`] (a ring) or [`plain`] (system calls,
//! where a ring is refused).

pub mod availability;
pub mod chunks;
pub mod copy;
pub mod errno;
pub mod files;
pub mod fill;
pub mod inflight;
pub mod memory;
pub mod pace;
pub mod pipeline;
pub mod plain;
pub mod probe;
pub mod regions;
pub mod setup;
pub mod transfer;
pub mod watcher;
mod xattrs;
