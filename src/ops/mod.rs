//! The operations of a ring.
//!
//! [`table`] has one row for each, from which the calls, the JavaScript methods, the
//! types and the documentation follow. [`operation`] is one on its way, with the
//! memory it needs; [`pump`] is a ring that carries many.

pub mod operation;
pub mod pump;
pub mod sqe;
pub mod table;
