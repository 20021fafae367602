//! A panic of ours becomes an `Error` with code `ERR_URING_INTERNAL`: unwinding into C would
//! abort the process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic said.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_words_of_a_panic() {
        assert_eq!(guard(|| 1), Ok(1));
        assert_eq!(guard(|| panic!("out of {}", "slots")), Err::<(), _>("out of slots".into()));
    }
}
