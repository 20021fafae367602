//! Kernel error numbers as values. Names and texts are JavaScript's business.

use std::io;

/// A positive kernel errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

/// The result of anything the kernel can refuse.
pub type Result<T> = std::result::Result<T, Errno>;

impl Errno {
    /// The calling thread's `errno`.
    pub fn last() -> Self {
        Self::from(io::Error::last_os_error())
    }
}

impl From<io::Error> for Errno {
    /// An `io::Error` that never came from the kernel counts as `EIO`.
    fn from(error: io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", io::Error::from_raw_os_error(self.0))
    }
}

/// What a system call returned, with `-1` turned into its errno.
pub fn check(returned: isize) -> Result<usize> {
    usize::try_from(returned).map_err(|_| Errno::last())
}

/// Repeats a system call for as long as a signal interrupts it.
pub fn retry(mut call: impl FnMut() -> isize) -> Result<usize> {
    loop {
        match check(call()) {
            Err(Errno(libc::EINTR)) => {}
            done => return done,
        }
    }
}
