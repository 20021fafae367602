//! Making a ring: `io_uring_setup(2)` with exactly the flags asked for, and what a refusal means.

#![allow(unsafe_code)]

use std::os::fd::RawFd;

use io_uring::{IoUring, Parameters};

use super::errno::{Errno, Result, retry};

/// The flags of `io_uring_setup(2)` that are named in the code; any other may be passed as a number.
pub mod flags {
    /// Completions are found by polling the device.
    pub const IOPOLL: u32 = 1 << 0;
    /// A kernel thread polls the submission queue.
    pub const SQPOLL: u32 = 1 << 1;
    /// `sq_thread_cpu` is meant.
    pub const SQ_AFF: u32 = 1 << 2;
    /// `cq_entries` is meant.
    pub const CQSIZE: u32 = 1 << 3;
    /// A count above the kernel's limit is lowered rather than refused.
    pub const CLAMP: u32 = 1 << 4;
    /// One bad entry does not keep the rest of its batch from being submitted (5.18).
    pub const SUBMIT_ALL: u32 = 1 << 7;
    /// Completions wait for the next system call instead of interrupting (5.19).
    pub const COOP_TASKRUN: u32 = 1 << 8;
    /// The kernel says in the ring when it has completions to run (5.19).
    pub const TASKRUN_FLAG: u32 = 1 << 9;
    /// Entries of 128 bytes (5.19).
    pub const SQE128: u32 = 1 << 10;
    /// Completions of 32 bytes (5.19).
    pub const CQE32: u32 = 1 << 11;
    /// One thread submits (6.0).
    pub const SINGLE_ISSUER: u32 = 1 << 12;
    /// Completions run only when the submitter asks for them (6.1).
    pub const DEFER_TASKRUN: u32 = 1 << 13;
    /// The ring's memory is the caller's (6.5).
    pub const NO_MMAP: u32 = 1 << 14;
    /// The ring has no file descriptor (6.5).
    pub const REGISTERED_FD_ONLY: u32 = 1 << 15;
    /// The kernel reads entries without a table of their order (6.6).
    pub const NO_SQARRAY: u32 = 1 << 16;
    /// Completions of either size (6.18).
    pub const CQE_MIXED: u32 = 1 << 18;
    /// Entries of either size (6.19).
    pub const SQE_MIXED: u32 = 1 << 19;
    /// The layouts of ring memory that this package does not speak.
    pub const FOREIGN_LAYOUT: u32 =
        SQE128 | CQE32 | NO_MMAP | REGISTERED_FD_ONLY | CQE_MIXED | SQE_MIXED;
}

/// What to ask of `io_uring_setup(2)`.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Entries of the submission queue; the kernel rounds up to a power of two.
    pub entries: u32,
    /// Entries of the completion queue; 0 leaves the kernel's twice `entries`.
    pub cq_entries: u32,
    /// `IORING_SETUP_*`, used as they are.
    pub flags: u32,
    /// The processor that an SQPOLL thread is bound to.
    pub sq_thread_cpu: Option<u32>,
    /// Milliseconds until an idle SQPOLL thread sleeps; 0 leaves the kernel's one second.
    pub sq_thread_idle: u32,
    /// The ring whose worker threads are to be shared (`IORING_SETUP_ATTACH_WQ`).
    pub wq_fd: Option<RawFd>,
}

/// `struct io_uring_params` of the kernel's interface.
#[repr(C)]
#[derive(Clone, Default)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    resv: [u32; 3],
    offsets: [u64; 10],
}

/// A ring, and what the kernel said of it.
pub struct Made {
    /// The mapped queues.
    pub uring: IoUring,
    /// `IORING_SETUP_*` in force.
    pub flags: u32,
    /// `IORING_FEAT_*` of this kernel.
    pub features: u32,
}

impl Setup {
    /// Makes the ring. Refused with the kernel's errno; `EINVAL` also for the flags
    /// that change the layout of the ring's memory.
    pub fn make(&self) -> Result<Made> {
        if self.flags & flags::FOREIGN_LAYOUT != 0 {
            return Err(Errno(libc::EINVAL));
        }
        let mut params = Params {
            flags: self.flags,
            cq_entries: self.cq_entries,
            sq_thread_idle: self.sq_thread_idle,
            ..Params::default()
        };
        if self.cq_entries > 0 {
            params.flags |= flags::CQSIZE;
        }
        if let Some(cpu) = self.sq_thread_cpu {
            params.flags |= flags::SQ_AFF;
            params.sq_thread_cpu = cpu;
        }
        if let Some(fd) = self.wq_fd {
            params.flags |= 1 << 5;
            params.wq_fd = fd.cast_unsigned();
        }
        // SAFETY: the kernel fills `params`, whose layout is the one of its interface.
        let fd = retry(|| unsafe {
            let fd = libc::syscall(libc::SYS_io_uring_setup, self.entries, &raw mut params);
            fd as isize
        })?;
        let (flags, features) = (params.flags, params.features);
        const { assert!(size_of::<Params>() == size_of::<Parameters>()) };
        // SAFETY: `Parameters` is a transparent wrapper of the same kernel structure.
        let params = unsafe { std::mem::transmute_copy::<Params, Parameters>(&params) };
        // SAFETY: the descriptor is fresh, ours, and `params` is what the kernel answered for it.
        let uring = unsafe { IoUring::from_fd(fd as RawFd, params) }?;
        Ok(Made { uring, flags, features })
    }

    /// As [`Setup::make`], but takes half the entries again and again where the
    /// memory-lock limit or the memory at hand allows no more.
    pub fn make_smaller(&self) -> Result<Made> {
        let mut setup = self.clone();
        loop {
            match setup.make() {
                Err(Errno(libc::ENOMEM)) if setup.entries > 1 => {
                    setup.entries /= 2;
                    setup.cq_entries /= 2;
                }
                made => return made,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_kernel_refuses() {
        let none = Setup { entries: 0, ..Setup::default() };
        assert_eq!(none.make().err(), Some(Errno(libc::EINVAL)));
        let foreign = Setup { entries: 8, flags: flags::SQE128, ..Setup::default() };
        assert_eq!(foreign.make().err(), Some(Errno(libc::EINVAL)));
    }
}
