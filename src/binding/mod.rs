//! What crosses into JavaScript: arguments, results, errors, tasks. No I/O happens here.

mod constants;

use napi_derive::napi;

/// The version of the package, as Cargo knows it.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
