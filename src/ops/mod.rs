//! The operations of a ring.
//!
//! [`table`] has one row for each, from which the calls, the JavaScript methods, the
//! types and the documentation follow. [`operation`] is one on its way, with the
//! memory it needs; [`groups`] are buffers that the kernel chooses among; [`pump`] is
//! a ring that carries many.

pub mod groups;
pub mod operation;
pub mod pump;
pub mod sqe;
pub mod table;
