//! The same work with plain system calls: where no ring can be made, for what fits
//! into one block, and for pipes and devices, whose length nobody knows.

#![allow(unsafe_code)]

use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::chunks::{Chunk, Chunks, Next};
use super::errno::{Errno, Result, check, retry};
use super::memory::Pages;
use super::pipeline::{pattern, phase};
use super::transfer::{Mover, Origin, Pause, Route, Slice, Tally};

/// What one system call moves: between two of them the job can be cancelled.
const PIECE: usize = 16 << 20;

/// Moves one chunk at a time with `pread(2)` and `pwrite(2)`.
pub struct Plain {
    route: Route,
    pages: Arc<Pages>,
}

impl Plain {
    /// Works through one buffer of `block` bytes.
    pub fn new(route: Route, block: usize) -> Result<Self> {
        let pages = match route.origin {
            Origin::File(_) => Arc::new(Pages::new(block)?),
            Origin::Pattern => pattern(block)?,
        };
        Ok(Self { route, pages })
    }

    /// Moves a chunk; returns what there was to move, less than its length at the end of the file.
    fn move_chunk(&mut self, chunk: Chunk, slice: &Slice<'_>) -> Result<usize> {
        match &self.route.origin {
            Origin::Pattern => {
                if self.pages.len() < chunk.len + phase(chunk.offset) {
                    self.pages = pattern(chunk.len)?;
                }
                self.write(chunk, phase(chunk.offset), slice)?;
                Ok(chunk.len)
            }
            Origin::File(source) => {
                if self.pages.len() < chunk.len {
                    self.pages = Arc::new(Pages::new(chunk.len)?);
                }
                let mut len = 0;
                while len < chunk.len {
                    slice.check()?;
                    let left = (chunk.len - len).min(PIECE);
                    match read_at(source, &self.pages, len, left, chunk.offset + len as u64)? {
                        0 => break,
                        count => len += count,
                    }
                }
                self.write(Chunk { len, ..chunk }, 0, slice)?;
                Ok(len)
            }
        }
    }

    fn write(&self, chunk: Chunk, from: usize, slice: &Slice<'_>) -> Result<()> {
        let mut done = 0;
        while done < chunk.len {
            slice.check()?;
            let (at, left) = (from + done, (chunk.len - done).min(PIECE));
            let offset = chunk.offset + done as u64;
            let flags = self.route.write_flags;
            match write_at(&self.route.target, &self.pages, at, left, offset, flags)? {
                0 => return Err(Errno(libc::EIO)),
                count => done += count,
            }
        }
        Ok(())
    }
}

impl Mover for Plain {
    fn run(&mut self, chunks: &mut Chunks, tally: &mut Tally, slice: &Slice<'_>) -> Result<Pause> {
        loop {
            slice.check()?;
            let chunk = match chunks.take()? {
                Next::Chunk(chunk) => chunk,
                Next::Ask => return Ok(Pause::Ask(1)),
                Next::End => return Ok(Pause::End),
            };
            let moved = self.move_chunk(chunk, slice)?;
            if moved < chunk.len {
                chunks.cut(chunk.offset + moved as u64);
            }
            if moved > 0 {
                tally.add(moved, chunks);
            }
            if slice.is_over(tally) {
                return Ok(Pause::Breath);
            }
        }
    }
}

/// Moves what comes, in order, from or to something without offsets. Each chunk is what
/// one read brought, or as much as the caller asked for.
pub struct Stream {
    source: Arc<OwnedFd>,
    target: Arc<OwnedFd>,
    target_has_offsets: bool,
    block: usize,
    pages: Pages,
    /// What is read and not yet written, as a range of `pages`.
    held: Range<usize>,
    /// The chunk that is being written: where in `pages` it ends, and its length.
    chunk: Option<(usize, usize)>,
    has_ended: bool,
    at: u64,
}

impl Stream {
    /// `source` and `target` are read and written at their own positions; a regular
    /// `target` is written from its beginning.
    pub fn new(
        (source, target): (Arc<OwnedFd>, Arc<OwnedFd>),
        target_has_offsets: bool,
        block: usize,
    ) -> Result<Self> {
        let pages = Pages::new(block)?;
        let (held, chunk, has_ended, at) = (0..0, None, false, 0);
        Ok(Self { source, target, target_has_offsets, block, pages, held, chunk, has_ended, at })
    }

    /// Reads up to `most` bytes more; false when none came in time.
    fn read(&mut self, most: usize, wait: Duration) -> Result<bool> {
        if !ready(self.source.as_raw_fd(), libc::POLLIN, wait)? {
            return Ok(false);
        }
        self.make_room(most)?;
        let (fd, end) = (self.source.as_raw_fd(), self.held.end);
        // SAFETY: `most` bytes at `end` lie within the buffer, which is ours alone.
        match retry(|| unsafe { libc::read(fd, self.pages.at(end).cast(), most) }) {
            Err(Errno(libc::EAGAIN)) => return Ok(false),
            count => self.held.end += count?,
        }
        self.has_ended = self.held.end == end;
        Ok(true)
    }

    /// Makes `most` bytes after what is held free.
    fn make_room(&mut self, most: usize) -> Result<()> {
        let len = self.held.len();
        let held = &mut self.pages.bytes_mut()[..self.held.end];
        held.copy_within(self.held.start.., 0);
        if self.pages.len() < len + most {
            let mut larger = Pages::new(len + most)?;
            larger.bytes_mut()[..len].copy_from_slice(&self.pages.bytes_mut()[..len]);
            self.pages = larger;
        }
        self.held = 0..len;
        Ok(())
    }

    /// Writes the rest of the chunk, up to `end`; false when the other end takes no more for now.
    fn write(&mut self, end: usize, wait: Duration) -> Result<bool> {
        while self.held.start < end {
            let (from, left) = (self.held.start, end - self.held.start);
            let written = if self.target_has_offsets {
                write_at(&self.target, &self.pages, from, left, self.at, 0)
            } else if ready(self.target.as_raw_fd(), libc::POLLOUT, wait)? {
                // SAFETY: bytes `from..end` were read into the buffer, which is ours alone.
                retry(|| unsafe {
                    libc::write(self.target.as_raw_fd(), self.pages.at(from).cast(), left)
                })
            } else {
                return Ok(false);
            };
            match written {
                Err(Errno(libc::EAGAIN)) => return Ok(false),
                Ok(0) => return Err(Errno(libc::EIO)),
                count => {
                    self.held.start += count?;
                    self.at += (self.held.start - from) as u64;
                }
            }
        }
        Ok(true)
    }
}

impl Mover for Stream {
    fn run(&mut self, chunks: &mut Chunks, tally: &mut Tally, slice: &Slice<'_>) -> Result<Pause> {
        loop {
            slice.check()?;
            if let Some((end, len)) = self.chunk {
                if !self.write(end, slice.left(tally))? {
                    return Ok(Pause::Breath);
                }
                self.chunk = None;
                tally.add(len, chunks);
            }
            if slice.is_over(tally) {
                return Ok(Pause::Breath);
            }
            // Something is read before its size is asked for, lest the caller hear of a chunk that never comes.
            if self.held.is_empty() && !self.read(self.block, slice.left(tally))? {
                return Ok(Pause::Breath);
            }
            if self.held.is_empty() {
                chunks.cut(self.at);
                return Ok(Pause::End);
            }
            let len = match chunks.peek()? {
                Next::Chunk(chunk) => chunk.len,
                Next::Ask => return Ok(Pause::Ask(1)),
                Next::End => return Ok(Pause::End),
            };
            while chunks.asks() && self.held.len() < len && !self.has_ended {
                if !self.read(len - self.held.len(), slice.left(tally))? {
                    return Ok(Pause::Breath);
                }
            }
            let len = len.min(self.held.len());
            chunks.skip(len);
            self.chunk = Some((self.held.start + len, len));
        }
    }
}

/// Waits until `fd` can be read or written; true also when it has failed or ended.
pub fn ready(fd: RawFd, events: i16, wait: Duration) -> Result<bool> {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    let timeout = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: one pollfd, on this frame.
    match check(unsafe { libc::poll(&raw mut poll, 1, timeout) } as isize) {
        Err(Errno(libc::EINTR)) => Ok(false),
        polled => Ok(polled? > 0),
    }
}

fn read_at(fd: &OwnedFd, pages: &Pages, at: usize, len: usize, offset: u64) -> Result<usize> {
    let end = pages.at(at + len);
    // SAFETY: `at + len` lies within the pages (just checked), and nobody else uses them during the call.
    retry(|| unsafe {
        libc::pread64(fd.as_raw_fd(), end.wrapping_sub(len).cast(), len, offset.cast_signed())
    })
}

fn write_at(
    fd: &OwnedFd,
    pages: &Pages,
    at: usize,
    len: usize,
    offset: u64,
    flags: i32,
) -> Result<usize> {
    let start = pages.at(at + len).wrapping_sub(len);
    let (fd, offset) = (fd.as_raw_fd(), offset.cast_signed());
    if flags == 0 {
        // SAFETY: the bytes lie within the pages, and nobody writes them during the call.
        return retry(|| unsafe { libc::pwrite64(fd, start.cast(), len, offset) });
    }
    let bytes = libc::iovec { iov_base: start.cast(), iov_len: len };
    // SAFETY: as above; the one iovec is on this frame. The raw call, since musl has no wrapper of it;
    // the offset goes in two halves, the second of which 64-bit kernels ignore.
    retry(|| unsafe {
        let halves = (offset as libc::c_long, (offset >> 32) as libc::c_long);
        libc::syscall(libc::SYS_pwritev2, fd, &raw const bytes, 1, halves.0, halves.1, flags)
            as isize
    })
}
