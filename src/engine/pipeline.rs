//! The read -> write pipeline on a ring: a few lanes, each with a buffer of its own
//! that is read into and then written from, all of them in flight at once.
//!
//! Reads are forced onto the kernel's workers (`IOSQE_ASYNC`), so that copying out of
//! the page cache overlaps with copying into it; writes are left to the kernel, which
//! does them inline where the filesystem can and on a worker where it can't (ext4).
//! Of the arrangements tried, it was the fastest that keeps one thread.

#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use io_uring::{opcode, squeue, types};

use super::chunks::{Chunk, Chunks, Next};
use super::errno::{Errno, Result};
use super::inflight::{Completion, Operation, Ring, pipeline_ring};
use super::memory::Pages;
use super::transfer::{Mover, Origin, Pause, Route, Slice, Tally};

/// The kernel moves at most this much in one operation.
const MOST: usize = 0x7fff_f000;

/// `IORING_FEAT_EXT_ARG`: waiting with a time-out (Linux 5.11).
const FEAT_EXT_ARG: u32 = 1 << 8;

/// The pattern repeats after this many bytes.
const PERIOD: usize = 256;

/// One read or write, with shares in the file and the buffer that it uses.
struct Move {
    lane: usize,
    kind: Kind,
    fd: Arc<OwnedFd>,
    pages: Arc<Pages>,
    from: usize,
    len: usize,
    offset: u64,
    write_flags: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

// SAFETY: the buffer is `pages`, a mapping in whose ownership `self` shares; `Pages::at` checks the end.
unsafe impl Operation for Move {
    fn entry(&mut self) -> squeue::Entry {
        let fd = types::Fd(self.fd.as_raw_fd());
        let len = self.len.min(MOST);
        let end = self.pages.at(self.from + len);
        let start = end.wrapping_sub(len);
        match self.kind {
            Kind::Read => opcode::Read::new(fd, start, len as u32)
                .offset(self.offset)
                .build()
                .flags(squeue::Flags::ASYNC),
            Kind::Write => opcode::Write::new(fd, start, len as u32)
                .offset(self.offset)
                .rw_flags(self.write_flags)
                .build(),
        }
    }
}

/// A buffer and the chunk that is passing through it.
struct Lane {
    pages: Arc<Pages>,
    chunk: Option<Chunk>,
    kind: Kind,
    at: usize,
}

/// The pipeline of one job.
pub struct Pipeline {
    ring: Ring<Move>,
    route: Route,
    lanes: Vec<Lane>,
    busy: usize,
}

impl Pipeline {
    /// `depth` lanes with buffers of `block` bytes. Refused where no ring can be made and used.
    pub fn new(route: Route, depth: usize, block: usize) -> Result<Self> {
        let mut ring = pipeline_ring(depth as u32)?;
        if ring.features() & FEAT_EXT_ARG == 0 {
            return Err(Errno(libc::ENOSYS));
        }
        // A seccomp filter may let a ring be made and not entered.
        ring.enter(0, None)?;
        // Where memory was short the ring is smaller than asked for.
        let depth = depth.min(ring.uring().params().cq_entries() as usize);
        let pattern = match route.origin {
            Origin::File(_) => None,
            Origin::Pattern => Some(pattern(block)?),
        };
        let mut lanes = Vec::new();
        for _ in 0..depth {
            let pages = match &pattern {
                Some(shared) => shared.clone(),
                None => Arc::new(Pages::new(block)?),
            };
            lanes.push(Lane { pages, chunk: None, kind: Kind::Write, at: 0 });
        }
        Ok(Self { ring, route, lanes, busy: 0 })
    }

    /// Starts a chunk on every idle lane; says what stopped it, if anything did.
    fn start(&mut self, chunks: &mut Chunks) -> Result<Option<Next>> {
        for index in 0..self.lanes.len() {
            if self.lanes[index].chunk.is_some() {
                continue;
            }
            let chunk = match chunks.take()? {
                Next::Chunk(chunk) => chunk,
                stop => return Ok(Some(stop)),
            };
            let lane = &mut self.lanes[index];
            lane.kind = match self.route.origin {
                Origin::File(_) => Kind::Read,
                Origin::Pattern => Kind::Write,
            };
            if lane.pages.len() < room(&self.route.origin, chunk.len) {
                lane.pages = match self.route.origin {
                    Origin::File(_) => Arc::new(Pages::new(chunk.len)?),
                    Origin::Pattern => pattern(chunk.len)?,
                };
            }
            lane.chunk = Some(chunk);
            lane.at = 0;
            self.busy += 1;
            self.push(index)?;
        }
        Ok(None)
    }

    /// Queues what is left of the lane's read or write.
    fn push(&mut self, index: usize) -> Result<()> {
        let lane = &self.lanes[index];
        let Some(chunk) = lane.chunk else { return Ok(()) };
        let offset = chunk.offset + lane.at as u64;
        let (fd, from) = match (lane.kind, &self.route.origin) {
            (Kind::Read, Origin::File(fd)) => (fd.clone(), lane.at),
            (_, Origin::File(_)) => (self.route.target.clone(), lane.at),
            (_, Origin::Pattern) => (self.route.target.clone(), phase(chunk.offset) + lane.at),
        };
        let operation = Move {
            lane: index,
            kind: lane.kind,
            fd,
            pages: lane.pages.clone(),
            from,
            len: chunk.len - lane.at,
            offset,
            write_flags: self.route.write_flags,
        };
        // The completion queue has two places for each lane.
        self.ring.push(operation).map(drop).map_err(|_| Errno(libc::EBUSY))
    }

    /// Takes a lane one completion further.
    fn advance(
        &mut self,
        (index, result): (usize, i32),
        chunks: &mut Chunks,
        tally: &mut Tally,
    ) -> Result<()> {
        let lane = &mut self.lanes[index];
        let Some(chunk) = &mut lane.chunk else { return Ok(()) };
        match (lane.kind, result) {
            (_, result) if result == -libc::EINTR || result == -libc::EAGAIN => {}
            (_, result) if result < 0 => return Err(Errno(-result)),
            (Kind::Write, 0) => return Err(Errno(libc::EIO)),
            (Kind::Read, 0) => {
                chunks.cut(chunk.offset + lane.at as u64);
                chunk.len = lane.at;
                lane.at = 0;
                lane.kind = Kind::Write;
                if chunk.len == 0 {
                    lane.chunk = None;
                    self.busy -= 1;
                    return Ok(());
                }
            }
            (kind, count) => {
                lane.at += count as usize;
                if lane.at == chunk.len && kind == Kind::Write {
                    tally.add(chunk.len, chunks);
                    lane.chunk = None;
                    self.busy -= 1;
                    return Ok(());
                }
                if lane.at == chunk.len {
                    lane.at = 0;
                    lane.kind = Kind::Write;
                }
            }
        }
        self.push(index)
    }
}

impl Mover for Pipeline {
    fn run(&mut self, chunks: &mut Chunks, tally: &mut Tally, slice: &Slice<'_>) -> Result<Pause> {
        let mut completed = Vec::with_capacity(self.lanes.len());
        loop {
            slice.check()?;
            let stop = self.start(chunks)?;
            if self.busy == 0 {
                match stop {
                    Some(Next::Ask) => return Ok(Pause::Ask(self.lanes.len())),
                    _ => return Ok(Pause::End),
                }
            }
            self.ring.enter(1, Some(slice.left(tally)))?;
            self.ring.reap(|completion| {
                if let Completion::Last { operation, result, .. } = completion {
                    completed.push((operation.lane, result));
                }
            });
            for completion in completed.drain(..) {
                self.advance(completion, chunks, tally)?;
            }
            if slice.is_over(tally) {
                return Ok(Pause::Breath);
            }
        }
    }
}

/// The buffer that a chunk of `len` bytes needs.
fn room(origin: &Origin, len: usize) -> usize {
    match origin {
        Origin::File(_) => len,
        Origin::Pattern => len.saturating_add(PERIOD),
    }
}

/// A buffer of the pattern, a period longer than `len` so that it can begin at any phase.
pub fn pattern(len: usize) -> Result<Arc<Pages>> {
    let mut pages = Pages::new(room(&Origin::Pattern, len))?;
    for (index, byte) in pages.bytes_mut().iter_mut().enumerate() {
        *byte = index as u8;
    }
    Ok(Arc::new(pages))
}

/// Where in a [`pattern`] buffer the byte of file offset `offset` stands.
pub fn phase(offset: u64) -> usize {
    (offset % PERIOD as u64) as usize
}
