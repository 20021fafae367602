//! Page-aligned native memory, the only kind that is lent to the kernel as a data buffer.

#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::errno::{Errno, Result};

/// An anonymous private mapping: zeroed, page-aligned, and left out of forked
/// children, so that a copy-on-write page never comes between the kernel and us.
#[derive(Debug)]
pub struct Pages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; `Pages` hands out raw
// pointers and, through `&mut self` only, slices.
unsafe impl Send for Pages {}
// SAFETY: as above; `&Pages` gives no access to the bytes, only their address.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps at least `len` bytes (one page for 0). `ENOMEM` when the process may have no more.
    pub fn new(len: usize) -> Result<Self> {
        let page = page_size();
        let len = len.max(1).checked_next_multiple_of(page).ok_or(Errno(libc::ENOMEM))?;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: the range is the mapping just made. A kernel that refuses the advice loses nothing but speed.
        unsafe { libc::madvise(start, len, libc::MADV_DONTFORK) };
        let start = NonNull::new(start.cast()).ok_or(Errno(libc::ENOMEM))?;
        Ok(Self { start, len })
    }

    /// The length in bytes, a multiple of the page size.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never true: there is always a page.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address of byte `offset`, which must lie inside.
    pub fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len, "offset {offset} lies outside of {} bytes", self.len);
        // SAFETY: the sum stays within the mapping, or one past its end.
        unsafe { self.start.as_ptr().add(offset) }
    }

    /// The bytes, for who holds them alone (so not while the kernel does).
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: `start` and `len` are the mapping's, which lives as long as `self`.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and whole, and `inflight` keeps an owner for as long as an entry names it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// The system's page size in bytes.
pub fn page_size() -> usize {
    // SAFETY: sysconf reads a constant of the process.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_zeroed_aligned_and_rounded_up() {
        let mut pages = Pages::new(5000).unwrap();
        assert_eq!(pages.at(0) as usize % page_size(), 0);
        assert_eq!(pages.len() % page_size(), 0);
        assert!(pages.len() >= 5000);
        assert!(pages.bytes_mut().iter().all(|&byte| byte == 0));
    }

    #[test]
    fn says_enomem_rather_than_overflow() {
        assert_eq!(Pages::new(usize::MAX).unwrap_err(), Errno(libc::ENOMEM));
        assert_eq!(Pages::new(1 << 60).unwrap_err(), Errno(libc::ENOMEM));
    }
}
