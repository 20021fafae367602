//! One ring as JavaScript drives it: operations wait here while the ring is full, and
//! results lie here, in memory that both sides see, until JavaScript has settled them.
//!
//! JavaScript numbers its operations itself (tickets) and gets the number back with
//! the result, so that settling needs no call between the two languages.

#![allow(unsafe_code)]

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::operation::Op;
use crate::engine::errno::{Errno, Result};
use crate::engine::inflight::{Completion, Key, Operation, Ring};
use crate::engine::regions::{self, Region};
use crate::engine::setup::{Made, flags};

/// How long one flush may go on filling and emptying the ring: JavaScript's timers wait meanwhile.
const FLUSH_BUDGET: Duration = Duration::from_millis(1);

/// Where JavaScript reads results: a header (operations pending; entries just submitted, or the
/// awaited result; its flags; whether it is there), then triples of ticket, result and flags.
pub struct Results {
    region: Rc<Region>,
    count: usize,
}

impl Results {
    const HEADER: usize = 4;
    /// Triples that fit.
    pub const CAPACITY: usize = 1024;

    fn new() -> Result<Self> {
        let words = Self::HEADER + 3 * Self::CAPACITY;
        Ok(Self { region: regions::zeroed(words * size_of::<i32>())?, count: 0 })
    }

    /// The memory, to be shared with JavaScript.
    pub fn region(&self) -> Rc<Region> {
        self.region.clone()
    }

    fn set(&self, word: usize, value: i32) {
        assert!(word < Self::HEADER + 3 * Self::CAPACITY);
        // SAFETY: inside the region; JavaScript reads it on this very thread.
        unsafe { (self.region.start() as *mut i32).add(word).write(value) };
    }

    fn push(&mut self, [ticket, result, flags]: [i32; 3]) {
        let at = Self::HEADER + 3 * self.count;
        self.set(at, ticket);
        self.set(at + 1, result);
        self.set(at + 2, flags);
        self.count += 1;
    }

    fn is_full(&self) -> bool {
        self.count == Self::CAPACITY
    }
}

/// Counters for those who watch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Entries handed to the kernel.
    pub submitted: u64,
    /// Operations that came back.
    pub completed: u64,
    /// Those of them that were done when the batch was submitted.
    pub inline: u64,
    /// Batches submitted.
    pub batches: u64,
    /// Entries in the largest of them.
    pub largest_batch: u64,
    /// Wakes by the completion thread.
    pub wakes: u64,
    /// Times that the completion queue had no room.
    pub overflow: u64,
    /// Submissions that the kernel asked to repeat.
    pub retries: u64,
}

/// What a flush leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    /// Triples in the results.
    pub count: usize,
    /// There is more to do at once: call again, after the event loop had its turn.
    pub more: bool,
}

/// What a wait found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Triples of other operations in the results.
    pub count: usize,
    /// The awaited operation is done; its result is in the header.
    pub done: bool,
}

/// A ring, its backlog, and its results.
pub struct Pump {
    ring: Ring<Op>,
    backlog: VecDeque<Op>,
    results: Results,
    spilled: VecDeque<[i32; 3]>,
    messages: VecDeque<(u64, i32, u32)>,
    keys: Vec<Option<Key>>,
    fixed: HashMap<usize, u16>,
    linked: bool,
    chain: Option<Vec<Op>>,
    files_in_use: usize,
    buffers_in_use: usize,
    taken: i32,
    /// Counters.
    pub stats: Stats,
}

impl Pump {
    /// Takes over a ring.
    pub fn new(made: Made) -> Result<Self> {
        Ok(Self {
            ring: Ring::new(made),
            backlog: VecDeque::new(),
            results: Results::new()?,
            spilled: VecDeque::new(),
            messages: VecDeque::new(),
            keys: Vec::new(),
            fixed: HashMap::new(),
            linked: false,
            chain: None,
            files_in_use: 0,
            buffers_in_use: 0,
            taken: 0,
            stats: Stats::default(),
        })
    }

    /// The ring.
    pub fn ring(&self) -> &Ring<Op> {
        &self.ring
    }

    /// The shared results.
    pub fn results(&self) -> &Results {
        &self.results
    }

    /// Messages of other rings, oldest first: user data, result, flags.
    pub fn take_message(&mut self) -> Option<(u64, i32, u32)> {
        self.messages.pop_front()
    }

    /// Operations that have not come back, those in the backlog included.
    pub fn pending(&self) -> usize {
        self.ring.in_flight() + self.backlog.len() + self.chain.as_ref().map_or(0, Vec::len)
    }

    /// Whether the kernel or the backlog holds anything.
    pub fn is_idle(&self) -> bool {
        self.pending() == 0 && self.spilled.is_empty()
    }

    /// Takes an operation; the next flush submits it, once [`Pump::end_chain`] let it go.
    pub fn queue(&mut self, op: Op) {
        self.files_in_use += usize::from(op.uses_registered_file());
        self.buffers_in_use += usize::from(op.uses_registered_buffer());
        match &mut self.chain {
            Some(chain) => chain.push(op),
            None => self.enqueue(op),
        }
    }

    fn enqueue(&mut self, op: Op) {
        // A link must not be torn by the end of the submission queue: the whole chain waits.
        let fits = self.backlog.is_empty() && self.ring.has_room();
        if (fits || op.is_urgent()) && !self.linked && !op.is_linked() {
            self.push(op);
        } else {
            self.linked = op.is_linked();
            self.backlog.push_back(op);
        }
    }

    /// The operations queued from here on wait, to be linked.
    pub fn begin_chain(&mut self) {
        self.chain = Some(Vec::new());
    }

    /// Links what was queued since [`Pump::begin_chain`] by `flag`. What the ring can't take at once
    /// would be torn: then nothing of it is queued, and it completes with `ECANCELED`.
    pub fn end_chain(&mut self, flag: u8) -> Result<()> {
        let mut chain = self.chain.take().unwrap_or_default();
        if chain.len() > self.ring.most_at_once() {
            self.withdraw(chain);
            return Err(Errno(libc::E2BIG));
        }
        let links = chain.len().saturating_sub(1);
        chain[..links].iter_mut().for_each(|op| op.add_flags(flag));
        for op in chain {
            self.enqueue(op);
        }
        Ok(())
    }

    /// Queues nothing of what came since [`Pump::begin_chain`]: it completes with `ECANCELED`.
    pub fn abandon_chain(&mut self) {
        let chain = self.chain.take().unwrap_or_default();
        self.withdraw(chain);
    }

    /// Ends operations that never got into the ring.
    fn withdraw(&mut self, ops: impl IntoIterator<Item = Op>) {
        for op in ops {
            self.files_in_use -= usize::from(op.uses_registered_file());
            self.buffers_in_use -= usize::from(op.uses_registered_buffer());
            if op.ticket != Op::NOBODY {
                self.spilled.push_back([op.ticket, -libc::ECANCELED, 0]);
            }
        }
    }

    /// Cancels an operation; it completes for itself. Nothing to do if it is over.
    pub fn cancel(&mut self, ticket: i32) {
        if let Some(name) = self.find_or_withdraw(ticket)
            && self.ring.cancel(name).is_err()
        {
            self.push(Op::cancel(Op::NOBODY, name));
        }
    }

    fn push(&mut self, op: Op) {
        let ticket = op.ticket;
        match self.ring.push(op) {
            Ok(key) => {
                if let Ok(index) = usize::try_from(ticket) {
                    if index >= self.keys.len() {
                        self.keys.resize(index + 1, None);
                    }
                    self.keys[index] = Some(key);
                }
            }
            Err(op) => self.backlog.push_front(op),
        }
    }

    /// Moves as much of the backlog into the ring as fits. A chain goes in whole or not at all,
    /// unless it is longer than the ring.
    fn refill(&mut self) {
        while self.ring.has_room() {
            let chain = self.backlog.iter().take_while(|op| op.is_linked()).count() + 1;
            let chain = chain.min(self.backlog.len());
            if chain == 0 || (chain > self.ring.room() && chain <= self.ring.most_at_once()) {
                return;
            }
            for _ in 0..chain {
                let Some(op) = self.backlog.pop_front() else { return };
                self.push(op);
            }
        }
    }

    /// Submits, without waiting, and collects what is complete.
    pub fn flush(&mut self) -> Result<Flushed> {
        self.begin();
        let start = Instant::now();
        loop {
            self.refill();
            let queued = self.ring.unsubmitted();
            self.enter_once(queued)?;
            let reaped = self.reap(None);
            if queued > 0 {
                self.stats.inline += reaped.min(queued) as u64;
            }
            let unfinished = !self.backlog.is_empty() || self.ring.unsubmitted() > 0;
            let stuck = reaped == 0 && !self.backlog.is_empty();
            let beyond = stuck && self.ring.go_beyond();
            let progress = beyond || reaped > 0 || queued > self.ring.unsubmitted();
            if self.results.is_full() || (unfinished && start.elapsed() > FLUSH_BUDGET) {
                return Ok(self.flushed(true));
            }
            if !unfinished || !progress {
                // Entries that the kernel refused for now have nothing to wake us: ask again.
                let refused = self.ring.unsubmitted() > 0 && !self.is_polled();
                return Ok(self.flushed(refused));
            }
        }
    }

    /// Collects what is complete, and submits nothing.
    pub fn collect(&mut self) -> Result<Flushed> {
        self.begin();
        self.ring.run()?;
        self.reap(None);
        Ok(self.flushed(false))
    }

    fn begin(&mut self) {
        self.results.count = 0;
        while !self.results.is_full() {
            let Some(triple) = self.spilled.pop_front() else { break };
            self.results.push(triple);
        }
    }

    fn flushed(&mut self, more: bool) -> Flushed {
        let more = more || !self.spilled.is_empty();
        self.results.set(0, self.pending() as i32);
        self.results.set(1, std::mem::take(&mut self.taken));
        Flushed { count: self.results.count, more }
    }

    fn is_polled(&self) -> bool {
        self.ring.setup_flags() & flags::SQPOLL != 0
    }

    fn enter_once(&mut self, queued: usize) -> Result<()> {
        if self.ring.overflown() {
            self.stats.overflow += 1;
        }
        self.ring.submit_and_run()?;
        self.count_batch(queued);
        Ok(())
    }

    fn count_batch(&mut self, queued: usize) {
        let left = if self.is_polled() { 0 } else { self.ring.unsubmitted() };
        let taken = queued.saturating_sub(left) as u64;
        self.taken += taken as i32;
        if taken > 0 {
            self.stats.submitted += taken;
            self.stats.batches += 1;
            self.stats.largest_batch = self.stats.largest_batch.max(taken);
        }
        if left > 0 {
            self.stats.retries += 1;
        }
    }

    /// Collects completions; true in the header's second word is the awaited one's result.
    fn reap(&mut self, awaited: Option<i32>) -> usize {
        let (results, spilled, messages) =
            (&mut self.results, &mut self.spilled, &mut self.messages);
        let mut completed = 0;
        let mut give = |ticket: i32, result: i32, flags: u32| {
            if ticket == Op::NOBODY {
                return;
            }
            // Of a zero-copy send that is awaited, the second completion is for later.
            if awaited == Some(ticket) && !results.is_done() {
                results.set(1, result);
                results.set(2, flags.cast_signed());
                results.set(3, 1);
            } else if results.is_full() {
                spilled.push_back([ticket, result, flags.cast_signed()]);
            } else {
                results.push([ticket, result, flags.cast_signed()]);
            }
        };
        let keys = &mut self.keys;
        let (files, buffers) = (&mut self.files_in_use, &mut self.buffers_in_use);
        let reaped = self.ring.reap(|completion| match completion {
            Completion::Last { operation, result, flags, .. } => {
                completed += 1;
                *files -= usize::from(operation.uses_registered_file());
                *buffers -= usize::from(operation.uses_registered_buffer());
                if let Ok(index) = usize::try_from(operation.ticket) {
                    keys[index] = None;
                }
                give(operation.ticket, operation.outcome(result), flags);
            }
            Completion::More { operation, result, flags, .. } => {
                give(operation.ticket, result, flags);
            }
            Completion::Foreign { user_data, result, flags } => {
                messages.push_back((user_data, result, flags));
            }
        });
        self.stats.completed += completed;
        reaped
    }

    /// Submits and waits until the operation of `awaited` is done (`None`: until anything is),
    /// at most for `limit`.
    pub fn wait(&mut self, awaited: Option<i32>, limit: Duration) -> Result<Waited> {
        self.begin();
        self.results.set(3, 0);
        // What is done by the time it is submitted needs no clock and no wait.
        self.submit_and_reap(awaited)?;
        if !self.is_over(awaited) {
            self.wait_until(awaited, Instant::now() + limit)?;
        }
        self.results.set(0, self.pending() as i32);
        self.taken = 0;
        Ok(Waited { count: self.results.count, done: self.results.is_done() })
    }

    fn submit_and_reap(&mut self, awaited: Option<i32>) -> Result<()> {
        self.refill();
        let queued = self.ring.unsubmitted();
        self.enter_once(queued)?;
        self.reap(awaited);
        Ok(())
    }

    fn is_over(&self, awaited: Option<i32>) -> bool {
        let anything = awaited.is_none() && (self.results.count > 0 || self.has_messages());
        anything || self.results.is_done() || self.results.is_full()
    }

    fn wait_until(&mut self, awaited: Option<i32>, end: Instant) -> Result<()> {
        while !self.is_over(awaited) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.refill();
            if !self.backlog.is_empty() && self.ring.go_beyond() {
                self.refill();
            }
            let queued = self.ring.unsubmitted();
            self.ring.enter(1, Some(left))?;
            self.count_batch(queued);
            self.reap(awaited);
        }
        Ok(())
    }

    /// The `user_data` by which the kernel knows an operation that it holds. An operation that is
    /// still in the backlog is taken out of it instead, with what is linked to it, and completes with
    /// `ECANCELED`.
    fn find_or_withdraw(&mut self, ticket: i32) -> Option<u64> {
        if let Some(at) = self.backlog.iter().position(|op| op.ticket == ticket) {
            let linked = self.backlog.iter().skip(at).take_while(|op| op.is_linked()).count();
            let end = (at + linked + 1).min(self.backlog.len());
            let withdrawn: Vec<Op> = self.backlog.drain(at..end).collect();
            self.withdraw(withdrawn);
            if let Some(before) = at.checked_sub(1) {
                self.backlog[before].unlink();
            }
            self.linked = self.backlog.back().is_some_and(Op::is_linked);
            return None;
        }
        let index = usize::try_from(ticket).ok()?;
        self.keys.get(index).copied().flatten().map(Key::user_data)
    }

    /// The `user_data` by which the kernel knows an operation, which is brought to it if it waits.
    pub fn reach(&mut self, ticket: i32) -> Option<u64> {
        while self.backlog.iter().any(|op| op.ticket == ticket) {
            let before = self.backlog.len();
            self.refill();
            if self.backlog.len() == before && self.ring.go_beyond() {
                self.refill();
            }
            let queued = self.ring.unsubmitted();
            self.enter_once(queued).ok()?;
            if self.backlog.len() == before {
                return None;
            }
        }
        let index = usize::try_from(ticket).ok()?;
        self.keys.get(index).copied().flatten().map(Key::user_data)
    }

    /// Whether an operation uses a registered file.
    pub fn uses_files(&self) -> bool {
        self.files_in_use > 0
    }

    /// Whether an operation uses a registered buffer.
    pub fn uses_buffers(&self) -> bool {
        self.buffers_in_use > 0
    }

    /// Whether [`Pump::take_message`] has one.
    pub fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    /// Withdraws the backlog and asks the kernel to cancel the rest. What it returns comes as results.
    pub fn cancel_all(&mut self) -> Result<()> {
        let backlog = std::mem::take(&mut self.backlog);
        self.withdraw(backlog);
        match self.ring.cancel_all() {
            Err(Errno(libc::EINVAL)) => {
                let held: Vec<u64> =
                    self.keys.iter().flatten().map(|key| key.user_data()).collect();
                held.into_iter().for_each(|name| self.push(Op::cancel(Op::NOBODY, name)));
                Ok(())
            }
            cancelled => cancelled,
        }
    }

    /// Cancels and waits: for the end of the thread, when nobody is left to settle anything.
    pub fn drain(&mut self, deadline: Duration) -> bool {
        self.backlog.clear();
        self.ring.drain(deadline)
    }

    /// Remembers which registered buffer begins at which region; empty when there is none.
    pub fn set_fixed(&mut self, fixed: HashMap<usize, u16>) {
        self.fixed = fixed;
    }

    /// The registered buffer that is this region.
    pub fn fixed_index(&self, region: &Region) -> Option<u16> {
        if self.fixed.is_empty() { None } else { self.fixed.get(&region.start()).copied() }
    }

    /// The descriptor whose readiness tells of completions, where the ring's own does not.
    pub fn raw_fd(&self) -> RawFd {
        self.ring.as_raw_fd()
    }

    /// Whether completions raise the registered eventfd, if there is one.
    pub fn notify(&mut self, on: bool) {
        let queue = self.ring.uring_mut().completion();
        if on { queue.enable_eventfd() } else { queue.disable_eventfd() }
    }

    /// Whether completions are found by asking only (`IORING_SETUP_IOPOLL`).
    pub fn must_be_asked(&self) -> bool {
        self.ring.setup_flags() & flags::IOPOLL != 0
    }
}

impl Results {
    fn is_done(&self) -> bool {
        // SAFETY: the header is inside the region.
        unsafe { (self.region.start() as *const i32).add(3).read() == 1 }
    }
}

/// What a ring says when it is used after something in it broke.
pub const DEAD: Errno = Errno(libc::EIO);
