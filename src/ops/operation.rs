//! One operation on its way: its entry and everything that the entry points to.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::rc::Rc;

use io_uring::squeue;

use crate::engine::errno::Result;
use crate::engine::inflight::Operation;
use crate::engine::regions::{self, Lent, Region};

use super::sqe::{Field, Sqe};

/// What an entry points to.
#[derive(Debug)]
enum Held {
    Nothing,
    Lent { _region: Lent },
    Path { _path: CString },
    Bytes { _bytes: Box<[u8]> },
    Iovecs { _iovecs: Box<[libc::iovec]> },
    Many(Vec<Held>),
}

/// An entry and the memory it points to. Pointers get into the entry only by the
/// methods that take the memory too, which is what makes [`Operation`] true of it.
#[derive(Debug)]
pub struct Op {
    sqe: Sqe,
    held: Held,
    /// By which JavaScript knows it; [`Op::NOBODY`] if nobody waits for it.
    pub ticket: i32,
}

impl Op {
    /// The ticket of an operation whose result nobody wants.
    pub const NOBODY: i32 = -1;
    /// `IOSQE_IO_LINK` and `IOSQE_IO_HARDLINK`.
    pub const LINKS: u8 = 1 << 2 | 1 << 3;

    pub fn new(opcode: u8, ticket: i32) -> Self {
        Self { sqe: Sqe::new(opcode), held: Held::Nothing, ticket }
    }

    /// A cancellation of the operation that the kernel knows as `name`.
    pub fn cancel(ticket: i32, name: u64) -> Self {
        const ASYNC_CANCEL: u8 = 14;
        let mut op = Self::new(ASYNC_CANCEL, ticket);
        op.sqe.addr = name;
        op
    }

    /// The deadline of the operation queued before.
    pub fn link_timeout(ticket: i32, ms: f64) -> Self {
        const LINK_TIMEOUT: u8 = 15;
        let mut op = Self::new(LINK_TIMEOUT, ticket);
        op.time(Field::Addr, (ms / 1e3) as i64, ((ms % 1e3) * 1e6) as i64);
        op.sqe.len = 1;
        op
    }

    /// Points at a timespec.
    pub fn time(&mut self, field: Field, seconds: i64, nanoseconds: i64) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seconds.to_ne_bytes());
        bytes[8..].copy_from_slice(&nanoseconds.to_ne_bytes());
        self.copy_small(field, &bytes);
    }

    /// Whether it goes to a file that was opened with `O_DIRECT`, and so copies nothing.
    pub fn is_direct(&self) -> bool {
        // SAFETY: asks for flags; a bad descriptor is refused.
        let flags = unsafe { libc::fcntl(self.sqe.fd, libc::F_GETFL) };
        flags >= 0 && flags & libc::O_DIRECT != 0
    }

    /// Sets a field to a plain number. An address is none: see the other methods.
    pub fn number(&mut self, field: Field, value: u64) {
        self.sqe.set(field, value);
    }

    /// `IOSQE_*`.
    pub fn add_flags(&mut self, flags: u8) {
        self.sqe.flags |= flags;
    }

    /// Whether the next operation depends on this one.
    pub fn is_linked(&self) -> bool {
        self.sqe.flags & Self::LINKS != 0
    }

    /// Lets the next operation stand for itself.
    pub fn unlink(&mut self) {
        self.sqe.flags &= !Self::LINKS;
    }

    pub fn opcode(&self) -> u8 {
        self.sqe.opcode
    }

    /// Whether its descriptor is an index into the registered files.
    pub fn uses_registered_file(&self) -> bool {
        self.sqe.flags & 1 != 0
    }

    /// Whether it reads, writes or sends a registered buffer.
    pub fn uses_registered_buffer(&self) -> bool {
        const SEND_ZC: u8 = 47;
        const SENDMSG_ZC: u8 = 48;
        const FIXED_BUF: u16 = 1 << 2;
        match self.sqe.opcode {
            4 | 5 | 60 | 61 => true,
            SEND_ZC | SENDMSG_ZC => self.sqe.ioprio & FIXED_BUF != 0,
            _ => false,
        }
    }

    /// Uses whichever buffer of a group the kernel chooses; keeps the memory of them all.
    pub fn use_group(&mut self, id: u16, memory: Vec<Rc<Region>>) {
        const BUFFER_SELECT: u8 = 1 << 5;
        self.sqe.flags |= BUFFER_SELECT;
        self.sqe.buf_index = id;
        for region in memory {
            self.hold(Held::Lent { _region: Lent::new(region) });
        }
    }

    /// Points at a word of memory that threads share. The kernel only compares it, by an access that
    /// may fail, and JavaScript keeps it until the last completion.
    pub fn watch_word(&mut self, address: usize) {
        self.sqe.addr = address as u64;
    }

    /// Points at a `struct futex_waitv` for each such word and its value.
    pub fn watch_words(&mut self, words: &[(usize, u32)]) {
        const PRIVATE_32_BITS: u32 = 2 | 128;
        let mut bytes = Vec::with_capacity(24 * words.len());
        for &(address, value) in words {
            bytes.extend_from_slice(&u64::from(value).to_ne_bytes());
            bytes.extend_from_slice(&(address as u64).to_ne_bytes());
            bytes.extend_from_slice(&PRIVATE_32_BITS.to_ne_bytes());
            bytes.extend_from_slice(&[0; 4]);
        }
        self.copy_small(Field::Addr, &bytes);
        self.sqe.len = words.len() as u32;
    }

    /// Uses the same operation on a registered buffer.
    pub fn use_fixed_buffer(&mut self, opcode: u8, index: u16) {
        self.sqe.opcode = opcode;
        self.sqe.buf_index = index;
    }

    /// Points at bytes of a region, which it keeps.
    pub fn lend(&mut self, field: Field, region: Rc<Region>, address: usize) {
        self.sqe.set(field, address as u64);
        self.hold(Held::Lent { _region: Lent::new(region) });
    }

    /// A copy of `bytes` in page-aligned memory.
    pub fn copy_of(bytes: &[u8]) -> Result<Rc<Region>> {
        let region = regions::unzeroed(bytes.len())?;
        // SAFETY: the region is at least as long, fresh, and of nobody else.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), region.start() as *mut u8, bytes.len());
        }
        Ok(region)
    }

    /// Points at a copy of `bytes`.
    pub fn copy_in(&mut self, field: Field, bytes: &[u8]) -> Result<()> {
        let region = Self::copy_of(bytes)?;
        let start = region.start();
        self.lend(field, region, start);
        Ok(())
    }

    /// Points at a small copy of `bytes`: a sockaddr, a timespec.
    pub fn copy_small(&mut self, field: Field, bytes: &[u8]) {
        let bytes: Box<[u8]> = bytes.into();
        self.sqe.set(field, bytes.as_ptr() as u64);
        self.hold(Held::Bytes { _bytes: bytes });
    }

    /// Points at a path.
    pub fn path(&mut self, field: Field, path: CString) {
        self.sqe.set(field, path.as_ptr() as u64);
        self.hold(Held::Path { _path: path });
    }

    /// Points at an array of ranges of regions, which it keeps.
    pub fn lend_vector(&mut self, ranges: Vec<(Rc<Region>, usize, usize)>) {
        let iovec = |range: &(Rc<Region>, usize, usize)| libc::iovec {
            iov_base: range.1 as *mut libc::c_void,
            iov_len: range.2,
        };
        let iovecs: Box<[libc::iovec]> = ranges.iter().map(iovec).collect();
        self.sqe.set(Field::Addr, iovecs.as_ptr() as u64);
        self.sqe.set(Field::Len, iovecs.len() as u64);
        self.hold(Held::Iovecs { _iovecs: iovecs });
        for (region, _, _) in ranges {
            self.hold(Held::Lent { _region: Lent::new(region) });
        }
    }

    /// Points at a sockaddr to fill, and at its length, which lies behind it.
    pub fn lend_address(&mut self, length: Field, region: Rc<Region>, address: usize) {
        const LENGTH_AT: usize = 112;
        self.sqe.set(length, (address + LENGTH_AT) as u64);
        self.lend(Field::Addr, region, address);
    }

    /// Makes a message of the buffers that it points at. In `region`, at `address`, lies a msghdr
    /// with no more than the length of the address, which follows it.
    pub fn lend_message(&mut self, region: Rc<Region>, address: usize) {
        const NAME_AT: usize = size_of::<libc::msghdr>();
        let header = address as *mut libc::msghdr;
        // SAFETY: inside the region, and aligned, as JavaScript allocates it.
        unsafe {
            if (*header).msg_namelen > 0 {
                (*header).msg_name = (address + NAME_AT) as *mut libc::c_void;
            }
            (*header).msg_iov = self.sqe.addr as *mut libc::iovec;
            (*header).msg_iovlen = self.sqe.len as usize;
        }
        self.sqe.len = 1;
        self.lend(Field::Addr, region, address);
    }

    /// Leaves what a poll waits for as it is.
    pub fn keep_poll_mask(&mut self) {
        const UPDATE_USER_DATA: u32 = 4;
        self.sqe.len = UPDATE_USER_DATA;
        self.sqe.off = self.sqe.addr;
    }

    /// The result as JavaScript has it: running out is what a timeout is for, and a cancellation
    /// says how many it found.
    pub fn outcome(&self, result: i32) -> i32 {
        const TIMEOUT: u8 = 11;
        const ASYNC_CANCEL: u8 = 14;
        const LINK_TIMEOUT: u8 = 15;
        const ALL_OR_ANY: u32 = 1 | 4;
        // ERESTARTSYS and its kin, of a kernel thread that was interrupted: never meant for us.
        const RESTARTS: std::ops::RangeInclusive<i32> = -516..=-512;
        match (self.sqe.opcode, result) {
            (_, result) if RESTARTS.contains(&result) => -libc::EINTR,
            (TIMEOUT, _) if result == -libc::ETIME => 0,
            // A deadline ran out, perhaps too late to stop anything, or it was not needed.
            (LINK_TIMEOUT, _) if result == -libc::ETIME || result == -libc::EALREADY => 1,
            (LINK_TIMEOUT, _) if result == -libc::ECANCELED || result == -libc::ENOENT => 0,
            (ASYNC_CANCEL, 0) if self.sqe.op_flags & ALL_OR_ANY != 0 => -libc::ENOENT,
            (ASYNC_CANCEL, 0) => 1,
            _ => result,
        }
    }

    fn hold(&mut self, more: Held) {
        self.held = match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => more,
            Held::Many(mut all) => {
                all.push(more);
                Held::Many(all)
            }
            one => Held::Many(vec![one, more]),
        };
    }
}

// SAFETY: an address enters `sqe` only together with its memory in `held`: a region that is counted,
// or a heap block that does not move with `self`. The word of a futex is the exception: the kernel
// never writes it, and reads it by accesses that fail harmlessly where it is gone.
unsafe impl Operation for Op {
    fn entry(&mut self) -> squeue::Entry {
        self.sqe.into()
    }

    fn is_urgent(&self) -> bool {
        // What ends another operation must not wait for it.
        const POLL_REMOVE: u8 = 7;
        const TIMEOUT_REMOVE: u8 = 12;
        const ASYNC_CANCEL: u8 = 14;
        // Torn from the operation before it, it would be refused.
        const LINK_TIMEOUT: u8 = 15;
        matches!(self.sqe.opcode, POLL_REMOVE | TIMEOUT_REMOVE | ASYNC_CANCEL | LINK_TIMEOUT)
    }
}
