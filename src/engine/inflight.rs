//! A ring and the operations that the kernel holds: the one place where an entry is
//! pushed, and so the one place where memory is lent to the kernel.
//!
//! # The contract
//!
//! Every pointer in a submitted entry leads to memory owned by the operation in the
//! slot that the entry's `user_data` names. An operation leaves its slot at its last
//! completion and not before: not when its promise is dropped, not when it is
//! cancelled, not when the ring is closed. A ring that is dropped with operations in
//! flight cancels them and waits; what the kernel will not give back in time is
//! leaked, since a leak is harmless and a freed buffer is not.
//!
//! An implementation of [`Operation`] vouches for its own pointers; [`Ring`] vouches
//! for the rest. Each `SAFETY` line here cites this contract.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use io_uring::{IoUring, cqueue, squeue, types};

use super::errno::{Errno, Result};
use super::setup::{Made, Setup, flags};

/// How long a dropped ring waits for the kernel to return its operations.
const DROP_DEADLINE: Duration = Duration::from_secs(10);

/// What the kernel is asked to do, with all the memory it needs for it.
///
/// # Safety
///
/// Every pointer in the entry that [`Operation::entry`] returns leads to memory that
/// `self` owns, that stays where it is when `self` is moved, and that lives until
/// `self` is dropped.
pub unsafe trait Operation: 'static {
    /// The entry to submit; its `user_data` is overwritten.
    fn entry(&mut self) -> squeue::Entry;

    /// Whether it may go ahead when the completion queue is spoken for: a cancellation has
    /// to, or what fills the queue could never be cancelled. The kernel keeps the surplus.
    fn is_urgent(&self) -> bool {
        false
    }
}

/// Names a slot: index and generation, with the top bit set to tell our completions
/// from the messages of other rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    const OURS: u64 = 1 << 63;

    fn new(index: u32, generation: u32) -> Self {
        Self(Self::OURS | u64::from(generation & 0x7fff_ffff) << 32 | u64::from(index))
    }

    /// The slot's index, free for reuse once the operation is complete.
    pub fn index(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }

    /// The `user_data` by which the kernel knows the operation.
    pub fn user_data(self) -> u64 {
        self.0
    }
}

struct Slot<O> {
    generation: u32,
    operation: Option<O>,
}

/// One completion queue entry.
pub enum Completion<'a, O> {
    /// The operation is over and its memory back with us.
    Last { key: Key, operation: O, result: i32, flags: u32 },
    /// The kernel still holds the operation and will say more.
    More { key: Key, operation: &'a mut O, result: i32, flags: u32 },
    /// A message from another ring (`IORING_OP_MSG_RING`).
    Foreign { user_data: u64, result: i32, flags: u32 },
}

/// A ring and the operations that the kernel holds.
pub struct Ring<O: Operation> {
    uring: ManuallyDrop<IoUring>,
    slots: Vec<Slot<O>>,
    free: Vec<u32>,
    in_flight: usize,
    capacity: usize,
    limit: usize,
    flags: u32,
    features: u32,
}

impl<O: Operation> Ring<O> {
    /// Wraps a ring that [`Setup`] made.
    pub fn new(made: Made) -> Self {
        let capacity = made.uring.params().cq_entries() as usize;
        Self {
            uring: ManuallyDrop::new(made.uring),
            slots: Vec::new(),
            free: Vec::new(),
            in_flight: 0,
            capacity,
            limit: capacity,
            flags: made.flags,
            features: made.features,
        }
    }

    /// `IORING_SETUP_*` in force.
    pub fn setup_flags(&self) -> u32 {
        self.flags
    }

    /// `IORING_FEAT_*` of this kernel.
    pub fn features(&self) -> u32 {
        self.features
    }

    /// Operations queued or held by the kernel.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The underlying ring, for registration.
    pub fn uring(&self) -> &IoUring {
        &self.uring
    }

    /// Queues an operation. It comes back as `Err` when as many are in flight as the
    /// completion queue holds: then reap first, or [`Ring::go_beyond`].
    pub fn push(&mut self, operation: O) -> std::result::Result<Key, O> {
        if self.in_flight >= self.limit && !operation.is_urgent() {
            return Err(operation);
        }
        if self.uring.submission().is_full() && (self.enter(0, None).is_err() || self.is_full()) {
            return Err(operation);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, operation: None });
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        let key = Key::new(index, slot.generation);
        let entry = slot.operation.insert(operation).entry().user_data(key.0);
        // SAFETY: by the contract, the pointers in `entry` are the operation's, which stays in its slot
        // until its last completion.
        let pushed = unsafe { self.uring.submission().push(&entry) };
        assert!(pushed.is_ok(), "the submission queue has room: it was just looked at");
        self.in_flight += 1;
        Ok(key)
    }

    fn is_full(&mut self) -> bool {
        self.uring.submission().is_full()
    }

    /// Whether [`Ring::push`] would take an operation without entering the kernel.
    pub fn has_room(&mut self) -> bool {
        self.in_flight < self.limit && !self.is_full()
    }

    /// How many operations [`Ring::push`] would take without entering the kernel.
    pub fn room(&mut self) -> usize {
        let queue = self.uring.submission();
        let free = queue.capacity() - queue.len();
        drop(queue);
        free.min(self.limit.saturating_sub(self.in_flight))
    }

    /// How many operations an empty ring takes in one submission.
    pub fn most_at_once(&self) -> usize {
        self.capacity.min(self.uring.params().sq_entries() as usize)
    }

    /// Lets one more batch in than the completion queue has room for, where the kernel keeps the
    /// surplus (`IORING_FEAT_NODROP`): what is in flight may all be waiting for what is not.
    pub fn go_beyond(&mut self) -> bool {
        const NODROP: u32 = 1 << 1;
        if self.features & NODROP == 0 || self.in_flight < self.capacity {
            return false;
        }
        self.limit = self.in_flight + self.uring.params().sq_entries() as usize;
        true
    }

    /// Entries that the kernel has not taken yet.
    pub fn unsubmitted(&mut self) -> usize {
        self.uring.submission().len()
    }

    /// Whether the kernel keeps completions back for which the queue had no room.
    pub fn overflown(&mut self) -> bool {
        self.uring.submission().cq_overflow()
    }

    /// Submits what is queued and runs what the kernel has deferred, without waiting.
    pub fn submit_and_run(&mut self) -> Result<()> {
        let queued = self.uring.submission().len() as u32;
        self.enter_with_events(queued)
    }

    /// Runs what the kernel has deferred, and submits nothing.
    pub fn run(&mut self) -> Result<()> {
        self.enter_with_events(0)
    }

    fn enter_with_events(&mut self, submit: u32) -> Result<()> {
        const GETEVENTS: u32 = 1;
        const SQ_WAKEUP: u32 = 2;
        let is_polled = self.flags & flags::SQPOLL != 0;
        let wake = submit > 0 && is_polled && self.uring.submission().need_wakeup();
        let enter = GETEVENTS | if wake { SQ_WAKEUP } else { 0 };
        // SAFETY: what is queued was pushed under the contract; there is no argument.
        let entered =
            unsafe { self.uring.submitter().enter::<libc::sigset_t>(submit, 0, enter, None) };
        match entered.map_err(Errno::from) {
            Ok(_) | Err(Errno(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Submits what is queued and waits for `want` completions, at most for `timeout`.
    ///
    /// A timeout and a signal are no errors: look at what [`Ring::reap`] finds.
    pub fn enter(&mut self, want: usize, timeout: Option<Duration>) -> Result<()> {
        let submitter = self.uring.submitter();
        let entered = match timeout {
            None => submitter.submit_and_wait(want),
            Some(timeout) => {
                let limit = types::Timespec::from(timeout);
                submitter.submit_with_args(want, &types::SubmitArgs::new().timespec(&limit))
            }
        };
        match entered.map_err(Errno::from) {
            Ok(_) | Err(Errno(libc::EINTR | libc::ETIME | libc::EAGAIN | libc::EBUSY)) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Hands every completion that has arrived to `each`, and says how many there were.
    pub fn reap(&mut self, mut each: impl FnMut(Completion<'_, O>)) -> usize {
        self.limit = self.capacity;
        let (slots, free) = (&mut self.slots, &mut self.free);
        let mut count = 0;
        for entry in self.uring.completion() {
            count += 1;
            let (user_data, result, flags) = (entry.user_data(), entry.result(), entry.flags());
            if user_data & Key::OURS == 0 {
                each(Completion::Foreign { user_data, result, flags });
                continue;
            }
            let key = Key(user_data);
            let Some(slot) = slots.get_mut(key.index()) else { continue };
            if Key::new(key.index() as u32, slot.generation) != key {
                continue;
            }
            if cqueue::more(flags) {
                if let Some(operation) = slot.operation.as_mut() {
                    each(Completion::More { key, operation, result, flags });
                }
            } else if let Some(operation) = slot.operation.take() {
                free.push(key.index() as u32);
                self.in_flight -= 1;
                each(Completion::Last { key, operation, result, flags });
            }
        }
        count
    }

    /// The underlying ring, for its queues' state.
    pub fn uring_mut(&mut self) -> &mut IoUring {
        &mut self.uring
    }

    /// Asks the kernel to cancel all that is in flight. Each operation still completes for itself.
    pub fn cancel_all(&mut self) -> Result<()> {
        self.cancel_matching(types::CancelBuilder::any())
    }

    /// The same for one. It goes past what waits in the ring, where a cancellation that is an
    /// operation itself would wait too, behind `IOSQE_IO_DRAIN` say. `EINVAL` before Linux 6.0.
    pub fn cancel(&mut self, user_data: u64) -> Result<()> {
        self.cancel_matching(types::CancelBuilder::user_data(user_data))
    }

    fn cancel_matching(&mut self, which: types::CancelBuilder) -> Result<()> {
        self.enter(0, None)?;
        match self.uring.submitter().register_sync_cancel(Some(types::Timespec::new()), which) {
            Ok(()) => Ok(()),
            Err(error) => match Errno::from(error) {
                Errno(libc::ENOENT | libc::ETIME | libc::EALREADY) => Ok(()),
                errno => Err(errno),
            },
        }
    }

    /// Cancels what is in flight and waits for it until `deadline`. True when nothing is left.
    pub fn drain(&mut self, deadline: Duration) -> bool {
        let start = Instant::now();
        while self.in_flight > 0 && start.elapsed() < deadline {
            let cancelled = self.cancel_all();
            let waited = self.enter(1, Some(Duration::from_millis(20)));
            self.reap(|_| ());
            if cancelled.is_err() && waited.is_err() {
                break;
            }
        }
        self.in_flight == 0
    }
}

impl<O: Operation> AsRawFd for Ring<O> {
    fn as_raw_fd(&self) -> RawFd {
        self.uring.as_raw_fd()
    }
}

impl<O: Operation> Drop for Ring<O> {
    fn drop(&mut self) {
        if !self.drain(DROP_DEADLINE) {
            std::mem::forget(std::mem::take(&mut self.slots));
        }
        // SAFETY: dropped once, here, and not used after.
        unsafe { ManuallyDrop::drop(&mut self.uring) };
    }
}

/// Makes a ring for one pipeline; smaller than asked where memory is short.
pub fn pipeline_ring<O: Operation>(entries: u32) -> Result<Ring<O>> {
    let setup = Setup { entries, flags: flags::CLAMP, ..Setup::default() };
    Ok(Ring::new(setup.make_smaller()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::Pages;
    use io_uring::opcode;
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::sync::Arc;

    struct Read {
        fd: Arc<OwnedFd>,
        into: Arc<Pages>,
    }

    // SAFETY: the buffer is `into`'s, a mapping that `self` shares in owning.
    unsafe impl Operation for Read {
        fn entry(&mut self) -> squeue::Entry {
            opcode::Read::new(types::Fd(self.fd.as_raw_fd()), self.into.at(0), 16).build()
        }
    }

    fn pipe() -> (OwnedFd, OwnedFd) {
        let mut fds = [0; 2];
        // SAFETY: the kernel fills two descriptors, which are then ours.
        unsafe {
            assert_eq!(libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC), 0);
            (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1]))
        }
    }

    #[test]
    fn drop_takes_back_what_the_kernel_holds() {
        let (read, _write) = pipe();
        let (fd, into) = (Arc::new(read), Arc::new(Pages::new(16).unwrap()));
        let mut ring = pipeline_ring(4).unwrap();
        for _ in 0..4 {
            assert!(ring.push(Read { fd: fd.clone(), into: into.clone() }).is_ok());
        }
        ring.enter(0, None).unwrap();
        assert_eq!((ring.in_flight(), ring.reap(|_| ())), (4, 0));
        assert_eq!(Arc::strong_count(&into), 5);
        drop(ring);
        assert_eq!(Arc::strong_count(&into), 1);
    }

    #[test]
    fn gives_back_what_the_completion_queue_has_no_room_for() {
        let (read, _write) = pipe();
        let (fd, into) = (Arc::new(read), Arc::new(Pages::new(16).unwrap()));
        let mut ring = pipeline_ring(1).unwrap();
        let mut pushed = 0;
        while ring.push(Read { fd: fd.clone(), into: into.clone() }).is_ok() {
            pushed += 1;
        }
        assert_eq!(pushed, 2, "an entry of one submission makes room for two completions");
    }
}
