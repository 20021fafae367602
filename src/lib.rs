//! The native half of the npm package `uring`.
//!
//! [`engine`] does the work and knows nothing of JavaScript; `binding` carries
//! arguments, results and errors across Node-API and does no I/O of its own.

mod binding;
pub mod engine;
pub mod ops;
