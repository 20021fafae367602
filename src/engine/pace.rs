//! Keeping the disk busy on both sides of a transfer: reading ahead of it, and
//! starting to write behind it when an fsync(2) is to follow.

#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

/// How far ahead of the reader the disk is kept busy.
const AHEAD: u64 = 32 << 20;
/// What is asked of the disk at once.
const WINDOW: u64 = 4 << 20;
/// Dirty bytes that are handed to the disk at once.
const BEHIND: u64 = 16 << 20;

/// Asks for windows of a file that are not in the page cache yet.
pub struct ReadAhead {
    fd: Arc<OwnedFd>,
    at: u64,
    end: u64,
}

impl ReadAhead {
    /// For reading `fd` in order up to `end`.
    pub fn new(fd: Arc<OwnedFd>, end: u64) -> Self {
        Self { fd, at: 0, end }
    }

    /// The reader has come to `offset`.
    pub fn reached(&mut self, offset: u64) {
        self.at = self.at.max(offset);
        while self.at < self.end.min(offset.saturating_add(AHEAD)) {
            if !is_cached(&self.fd, self.at) {
                let (from, len) = (self.at.cast_signed(), WINDOW.cast_signed());
                let fd = self.fd.as_raw_fd();
                // SAFETY: no memory is involved. It is advice: a refusal changes nothing but the time it takes.
                unsafe { libc::posix_fadvise64(fd, from, len, libc::POSIX_FADV_WILLNEED) };
            }
            self.at += WINDOW;
        }
    }
}

/// Whether the byte at `offset` can be read without waiting for the disk.
fn is_cached(fd: &OwnedFd, offset: u64) -> bool {
    let mut byte = 0u8;
    let into = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let (low, high) = (offset as libc::c_long, (offset >> 32) as libc::c_long);
    // SAFETY: one byte, on this frame. The raw call, since musl has no wrapper of it.
    let read = unsafe {
        let into = &raw const into;
        libc::syscall(libc::SYS_preadv2, fd.as_raw_fd(), into, 1, low, high, libc::RWF_NOWAIT)
    };
    read >= 0
}

/// Starts the writing of what was written, a window at a time.
pub struct WriteBehind {
    fd: Arc<OwnedFd>,
    started: u64,
}

impl WriteBehind {
    /// For filling `fd` in order.
    pub fn new(fd: Arc<OwnedFd>) -> Self {
        Self { fd, started: 0 }
    }

    /// About `offset` bytes are written.
    pub fn reached(&mut self, offset: u64) {
        if offset < self.started + BEHIND {
            return;
        }
        let (from, len) = (self.started.cast_signed(), (offset - self.started).cast_signed());
        // SAFETY: no memory is involved. A failure to write is reported by the fsync that follows.
        unsafe {
            let fd = self.fd.as_raw_fd();
            libc::sync_file_range(fd, from, len, libc::SYNC_FILE_RANGE_WRITE)
        };
        self.started = offset;
    }
}
