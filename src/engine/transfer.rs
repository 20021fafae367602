//! What every job and both movers share: where the bytes come from and go to, how
//! far the work has come, and when it must pause.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::chunks::Chunks;
use super::errno::{Errno, Result};
use super::pace::WriteBehind;

/// The longest that a job runs or waits before it comes back to its caller: a thread
/// that is lent to a job is back within this time, so that a process can exit.
pub const SLICE: Duration = Duration::from_millis(50);

/// How late a progress report may be while the kernel is still at work.
const REPORT_DELAY: Duration = Duration::from_millis(10);

/// Where the bytes come from.
#[derive(Clone)]
pub enum Origin {
    /// The same offsets of another file.
    File(Arc<OwnedFd>),
    /// A fixed pattern: the byte at offset `n` is `n % 256`.
    Pattern,
}

/// The two ends of a transfer.
#[derive(Clone)]
pub struct Route {
    /// Where the bytes come from.
    pub origin: Origin,
    /// Where they go.
    pub target: Arc<OwnedFd>,
    /// `RWF_*` of each write.
    pub write_flags: i32,
}

/// Why a mover came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Everything is moved.
    End,
    /// Chunk sizes are needed; as many as this can be used at once.
    Ask(usize),
    /// Time for a report, or for the caller's thread to be given back.
    Breath,
}

/// Moves chunks until something makes it pause. An error leaves nothing in flight
/// once the mover is dropped.
pub trait Mover: Send {
    /// Runs until done, or until `slice` is over, or until an answer is needed.
    fn run(&mut self, chunks: &mut Chunks, tally: &mut Tally, slice: &Slice<'_>) -> Result<Pause>;
}

/// One stretch of work on a borrowed thread.
pub struct Slice<'a> {
    cancel: &'a AtomicBool,
    until: Instant,
}

impl<'a> Slice<'a> {
    /// Begins now; ends after [`SLICE`], or early when `cancel` is set.
    pub fn new(cancel: &'a AtomicBool) -> Self {
        Self { cancel, until: Instant::now() + SLICE }
    }

    /// `ECANCELED` when the caller wants no more.
    pub fn check(&self) -> Result<()> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Errno(libc::ECANCELED)),
            false => Ok(()),
        }
    }

    /// Whether its time is up.
    pub fn has_expired(&self) -> bool {
        Instant::now() >= self.until
    }

    /// How long a wait may last.
    pub fn left(&self, tally: &Tally) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        if tally.reports.is_empty() { left } else { left.min(REPORT_DELAY) }
    }

    /// Whether the slice is over.
    pub fn is_over(&self, tally: &Tally) -> bool {
        self.left(tally).is_zero() || tally.is_full()
    }
}

/// How far a job has come.
pub struct Tally {
    moved: u64,
    watched: bool,
    at_once: usize,
    reports: Vec<u64>,
    behind: Option<WriteBehind>,
}

impl Tally {
    /// Collects at most `at_once` reports before a pause, or none at all when nobody watches.
    pub fn new(watched: bool, at_once: usize) -> Self {
        Self { moved: 0, watched, at_once, reports: Vec::new(), behind: None }
    }

    /// Starts the writing to disk of what is counted.
    pub fn writing_behind(self, behind: WriteBehind) -> Self {
        Self { behind: Some(behind), ..self }
    }

    /// Counts a completed write.
    pub fn add(&mut self, len: usize, chunks: &Chunks) {
        self.moved += len as u64;
        if let Some(behind) = &mut self.behind {
            behind.reached(self.moved + chunks.holes());
        }
        if self.watched {
            self.reports.push(self.moved + chunks.holes());
        }
    }

    fn is_full(&self) -> bool {
        self.reports.len() >= self.at_once
    }

    /// The reports since the last time: bytes done after each write, rising.
    pub fn take(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.reports)
    }
}
