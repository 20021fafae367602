//! The completion thread: one for all rings of a JavaScript thread. It sleeps until a
//! ring has something to reap, then says which, and never touches a ring itself.

#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::errno::{Errno, Result, retry};

/// The epoll user data that means: stop.
const STOP: u64 = u64::MAX;

/// Rings that are reported at once.
const BATCH: usize = 64;

/// The thread and its epoll instance.
pub struct Watcher {
    epoll: Arc<OwnedFd>,
    stop: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts the thread. `wake` gets the names of rings that are ready, on that thread.
    pub fn start(wake: impl Fn(&[u64]) + Send + 'static) -> Result<Self> {
        // SAFETY: makes a descriptor, and owns it.
        let epoll = unsafe { owned(libc::epoll_create1(libc::EPOLL_CLOEXEC))? };
        let stop = eventfd()?;
        let epoll = Arc::new(epoll);
        control(&epoll, libc::EPOLL_CTL_ADD, stop.as_raw_fd(), libc::EPOLLIN, STOP)?;
        let watched = epoll.clone();
        let thread = std::thread::Builder::new()
            .name("uring".into())
            .stack_size(128 << 10)
            .spawn(move || run(&watched, &wake))?;
        Ok(Self { epoll, stop, thread: Some(thread) })
    }

    /// Adds a descriptor, unarmed.
    pub fn add(&self, fd: RawFd, name: u64) -> Result<()> {
        control(&self.epoll, libc::EPOLL_CTL_ADD, fd, libc::EPOLLONESHOT, name)
    }

    /// Reports `fd` once, as soon as it is readable; at once if it already is.
    pub fn arm(&self, fd: RawFd, name: u64) -> Result<()> {
        control(&self.epoll, libc::EPOLL_CTL_MOD, fd, libc::EPOLLIN | libc::EPOLLONESHOT, name)
    }

    /// Removes a descriptor.
    pub fn remove(&self, fd: RawFd) {
        let _ = control(&self.epoll, libc::EPOLL_CTL_DEL, fd, 0, 0);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        signal(&self.stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(epoll: &OwnedFd, wake: &impl Fn(&[u64])) {
    block_signals();
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
    loop {
        // SAFETY: the kernel fills at most BATCH events.
        let ready = retry(|| unsafe {
            libc::epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), BATCH as i32, -1) as isize
        });
        let Ok(ready) = ready else { return };
        let mut names = [0; BATCH];
        for (name, event) in names.iter_mut().zip(&events[..ready]) {
            *name = event.u64;
        }
        if names[..ready].contains(&STOP) {
            return;
        }
        wake(&names[..ready]);
    }
}

/// Signals are the main thread's: a handler must not find itself here.
fn block_signals() {
    // SAFETY: a full set, for this thread only.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

fn control(epoll: &OwnedFd, operation: i32, fd: RawFd, events: i32, name: u64) -> Result<()> {
    let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: name };
    // SAFETY: the kernel reads `event` during the call.
    retry(|| unsafe { libc::epoll_ctl(epoll.as_raw_fd(), operation, fd, &raw mut event) as isize })
        .map(drop)
}

/// A counter that becomes readable when it is raised.
pub fn eventfd() -> Result<OwnedFd> {
    // SAFETY: makes a descriptor, and owns it.
    unsafe { owned(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)) }
}

/// Raises an eventfd.
pub fn signal(fd: &OwnedFd) {
    let one = 1_u64;
    // SAFETY: writes the eight bytes of `one`. A counter at its limit is readable all the same.
    unsafe { libc::write(fd.as_raw_fd(), (&raw const one).cast(), 8) };
}

/// Takes an eventfd back to zero.
pub fn clear(fd: &OwnedFd) {
    let mut count = 0_u64;
    // SAFETY: reads into the eight bytes of `count`. Nothing to read is no failure.
    unsafe { libc::read(fd.as_raw_fd(), (&raw mut count).cast(), 8) };
}

/// # Safety
///
/// `fd` is a fresh descriptor, or -1 with errno set.
unsafe fn owned(fd: RawFd) -> Result<OwnedFd> {
    if fd < 0 {
        return Err(Errno::last());
    }
    // SAFETY: by this function's contract.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn reports_each_arming_once() {
        let (sender, receiver) = mpsc::channel();
        let watcher = Watcher::start(move |names| sender.send(names.to_vec()).unwrap()).unwrap();
        let fd = eventfd().unwrap();
        watcher.add(fd.as_raw_fd(), 7).unwrap();
        signal(&fd);
        assert!(receiver.recv_timeout(Duration::from_millis(20)).is_err(), "it is not armed");
        for _ in 0..2 {
            watcher.arm(fd.as_raw_fd(), 7).unwrap();
            assert_eq!(receiver.recv_timeout(Duration::from_secs(5)).unwrap(), [7]);
            assert!(receiver.recv_timeout(Duration::from_millis(20)).is_err());
        }
    }
}
