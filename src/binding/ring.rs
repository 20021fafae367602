//! The calls by which `lib/pump.js` drives rings. A ring is known by a small number,
//! so that a late call finds nothing rather than freed memory.
//!
//! A call that can fail in the kernel returns `-errno`; all else is an internal error.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use napi::sys;

use crate::engine::errno::Errno;
use crate::engine::regions::{self, Lent, Region};
use crate::engine::setup::{Setup, flags};
use crate::engine::watcher;
use crate::ops::groups::Groups;
use crate::ops::pump::{Flushed, Pump};

use super::raw::{self, Call, Result, Value, check, guard};
use super::ring_host::Host;
use super::{ring_groups, ring_memory, ring_queue};

/// What is to be different about the next operation; rare, so it has a call of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Modifiers {
    pub flags: u8,
    pub op_flags: u32,
    /// Milliseconds of a linked timeout.
    pub timeout: Option<f64>,
    /// Ask io-wq to do it, unless the file is open with `O_DIRECT`.
    pub off_thread: bool,
}

/// A ring of this thread.
pub struct Entry {
    pub pump: Pump,
    pub next: Option<Modifiers>,
    pub registered: Vec<Lent>,
    pub groups: Groups,
    host: Rc<Host>,
    eventfd: Option<OwnedFd>,
    watched: bool,
    armed: bool,
    keeping: bool,
    wants_keeping: bool,
}

thread_local! {
    static RINGS: RefCell<Vec<Option<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` with a ring, or not at all if it was freed.
pub fn with<T>(id: i32, body: impl FnOnce(&mut Entry) -> T) -> Result<T> {
    RINGS.with_borrow_mut(|rings| {
        let entry = usize::try_from(id).ok().and_then(|id| rings.get_mut(id)?.as_mut());
        entry.map(body).ok_or_else(|| "a ring that was freed".into())
    })
}

impl Entry {
    /// The descriptor that tells of completions. Under DEFER_TASKRUN the ring's own wakes nobody.
    fn watched_fd(&self) -> RawFd {
        self.eventfd.as_ref().map_or_else(|| self.pump.raw_fd(), AsRawFd::as_raw_fd)
    }

    /// Has the event loop woken when something completes.
    fn arm(&mut self, id: i32) -> std::result::Result<(), Errno> {
        if self.armed || self.pump.must_be_asked() {
            return Ok(());
        }
        if let Some(eventfd) = &self.eventfd {
            watcher::clear(eventfd);
            self.pump.notify(true);
        }
        let (fd, name, watched) = (self.watched_fd(), id as u64, self.watched);
        self.host.clone().watch(|watcher| {
            if !watched {
                watcher.add(fd, name)?;
            }
            watcher.arm(fd, name)
        })?;
        self.watched = true;
        self.armed = true;
        Ok(())
    }

    fn keep(&mut self, id_is_busy: bool) {
        let keeping = id_is_busy && self.wants_keeping;
        if keeping != self.keeping {
            self.keeping = keeping;
            self.host.keep(keeping);
        }
    }

    fn leave(&mut self) {
        self.keep(false);
        if self.watched {
            let fd = self.watched_fd();
            let _ = self.host.watch(|watcher| {
                watcher.remove(fd);
                Ok(())
            });
        }
    }
}

/// The completion thread said that a ring is ready.
pub fn woken(name: u64) {
    let _ = with(name as i32, |entry| {
        entry.armed = false;
        entry.pump.stats.wakes += 1;
        if entry.eventfd.is_some() {
            entry.pump.notify(false);
        }
    });
}

/// How long the end of a thread waits for the kernel to give memory back, before it is leaked.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// The environment ends: no JavaScript will run again, but what the kernel holds must come back.
pub fn end_all(host: &Rc<Host>) {
    let ended: Vec<Entry> = RINGS.with_borrow_mut(|rings| {
        let of_host = |entry: &mut Option<Entry>| {
            if entry.as_ref().is_some_and(|entry| Rc::ptr_eq(&entry.host, host)) {
                entry.take()
            } else {
                None
            }
        };
        rings.iter_mut().filter_map(of_host).collect()
    });
    for mut entry in ended {
        if !entry.pump.drain(END_DEADLINE) {
            // As the operations themselves: a leak is harmless, freed memory is not.
            std::mem::forget(std::mem::take(&mut entry.groups));
            std::mem::forget(std::mem::take(&mut entry.registered));
        }
    }
}

fn errno(errno: Errno) -> Value {
    Value::Int(-errno.0)
}

/// `open(callback, entries, cqEntries, flags, cpu, idle, maxWorkers)`: the ring's number, or `-errno`.
unsafe extern "C" fn open(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, open_ring) }
}

fn open_ring(call: &Call) -> Result<Value> {
    let setup = Setup {
        entries: call.i64(1)? as u32,
        cq_entries: call.i64(2)? as u32,
        flags: call.i64(3)? as u32,
        sq_thread_cpu: u32::try_from(call.i32(4)?).ok(),
        sq_thread_idle: call.i64(5)? as u32,
        wq_fd: None,
    };
    let host = Host::of(call.env, call.arg(0)?)?;
    let made = match setup.make() {
        Ok(made) => made,
        Err(refusal) => return Ok(errno(refusal)),
    };
    let mut eventfd = None;
    if made.flags & flags::DEFER_TASKRUN != 0 {
        let registered = watcher::eventfd().and_then(|fd| {
            made.uring.submitter().register_eventfd(fd.as_raw_fd())?;
            Ok(fd)
        });
        match registered {
            Ok(fd) => eventfd = Some(fd),
            Err(refusal) => return Ok(errno(refusal)),
        }
    }
    let workers = call.i64(6)? as u32;
    if workers > 0
        && let Err(refusal) =
            made.uring.submitter().register_iowq_max_workers(&mut [workers, workers])
    {
        return Ok(errno(refusal.into()));
    }
    let mut pump = match Pump::new(made) {
        Ok(pump) => pump,
        Err(refusal) => return Ok(errno(refusal)),
    };
    pump.notify(false);
    let entry = Entry {
        pump,
        next: None,
        registered: Vec::new(),
        groups: Groups::default(),
        host,
        eventfd,
        watched: false,
        armed: false,
        keeping: false,
        wants_keeping: true,
    };
    RINGS.with_borrow_mut(|rings| {
        let id = rings.iter().position(Option::is_none).unwrap_or(rings.len());
        if id == rings.len() {
            rings.push(None);
        }
        rings[id] = Some(entry);
        Ok(Value::Int(id as i32))
    })
}

/// `results(id)`: the memory where results appear.
unsafe extern "C" fn results(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let region = with(call.i32(0)?, |entry| entry.pump.results().region())?;
        Ok(Value::Raw(ring_memory::array_buffer(call.env, region)?))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// In a count that `flush` and `wait` return: call again after a turn of the event loop.
const MORE: i32 = 1 << 20;
/// In a count that `wait` returns: the awaited operation is done.
const DONE: i32 = 1 << 21;
/// In a count that either returns: other rings have sent messages.
const MESSAGES: i32 = 1 << 22;

/// `flush(id)`: submits and reaps; how many results there are, and whether there is [`MORE`] to do.
unsafe extern "C" fn flush(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, |call| flushed(call, Pump::flush)) }
}

/// `collect(id)`: the same, without submitting.
unsafe extern "C" fn collect(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, |call| flushed(call, Pump::collect)) }
}

fn flushed(
    call: &Call,
    work: impl FnOnce(&mut Pump) -> std::result::Result<Flushed, Errno>,
) -> Result<Value> {
    with(call.i32(0)?, |entry| match work(&mut entry.pump) {
        Ok(flushed) => {
            let more = flushed.more || (entry.pump.must_be_asked() && !entry.pump.is_idle());
            let messages = if entry.pump.has_messages() { MESSAGES } else { 0 };
            Value::Int(flushed.count as i32 | if more { MORE } else { 0 } | messages)
        }
        Err(refusal) => errno(refusal),
    })
}

/// `arm(id, forced)`: has `callback(id)` called when something completes, and keeps the process
/// alive until nothing is pending. 0 if nothing is and so nothing was done, unless `forced`.
unsafe extern "C" fn arm(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let (id, forced) = (call.i32(0)?, call.bool(1)?);
        with(id, |entry| {
            let busy = !entry.pump.is_idle();
            entry.keep(busy);
            let watch = busy || forced;
            match if watch { entry.arm(id) } else { Ok(()) } {
                Ok(()) => Value::Int(i32::from(watch)),
                Err(refusal) => errno(refusal),
            }
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `wait(id, ticket, ms)`: blocks until that operation is done (-1: until any is), or time is up.
unsafe extern "C" fn wait(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let ticket = call.i32(1)?;
        let awaited = if ticket < 0 { None } else { Some(ticket) };
        let limit = Duration::from_millis(call.i64(2)?.max(0).cast_unsigned());
        with(call.i32(0)?, |entry| match entry.pump.wait(awaited, limit) {
            Ok(waited) => {
                let messages = if entry.pump.has_messages() { MESSAGES } else { 0 };
                Value::Int(waited.count as i32 | if waited.done { DONE } else { 0 } | messages)
            }
            Err(refusal) => errno(refusal),
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `cancel(id, ticket)`: cancels an operation, which completes for itself.
unsafe extern "C" fn cancel(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let target = call.i32(1)?;
        with(call.i32(0)?, |entry| {
            entry.pump.cancel(target);
            Value::Undefined
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `modify(id, sqeFlags, opFlags, timeoutMs, offThread)`: of the next operation; -1: no timeout.
unsafe extern "C" fn modify(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let timeout = Some(call.f64(3)?).filter(|&ms| ms >= 0.0);
        let next = Modifiers {
            flags: call.i32(1)? as u8,
            op_flags: call.i64(2)? as u32,
            timeout,
            off_thread: call.bool(4)?,
        };
        with(call.i32(0)?, |entry| {
            entry.next = Some(next);
            Value::Undefined
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `chain(id, flag)`: what is queued from now on waits (-1), is linked by `IOSQE_IO_LINK` or
/// `IOSQE_IO_HARDLINK`, or comes back as `ECANCELED` (0).
unsafe extern "C" fn chain(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let flag = call.i32(1)?;
        with(call.i32(0)?, |entry| match flag {
            -1 => {
                entry.pump.begin_chain();
                Value::Int(0)
            }
            0 => {
                entry.pump.abandon_chain();
                Value::Int(0)
            }
            _ => entry.pump.end_chain(flag as u8).map_or_else(errno, |()| Value::Int(0)),
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `close(id)`: cancels everything. What comes back comes as results.
unsafe extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        with(call.i32(0)?, |entry| match entry.pump.cancel_all() {
            Ok(()) => Value::Int(0),
            Err(refusal) => errno(refusal),
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `free(id)`: frees an idle ring.
unsafe extern "C" fn free(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let id = call.i32(0)?;
        let freed =
            RINGS.with_borrow_mut(|rings| rings.get_mut(id as usize).and_then(Option::take));
        if let Some(mut entry) = freed {
            entry.leave();
        }
        Ok(Value::Undefined)
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `setRef(id, on)`: whether pending operations keep the process alive.
unsafe extern "C" fn set_ref(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let on = call.bool(1)?;
        with(call.i32(0)?, |entry| {
            entry.wants_keeping = on;
            let busy = !entry.pump.is_idle();
            entry.keep(busy);
            Value::Undefined
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `info(id)`: fd, entries, cqEntries, flags, features.
unsafe extern "C" fn info_of(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let numbers = with(call.i32(0)?, |entry| {
            let ring = entry.pump.ring();
            let params = ring.uring().params();
            [
                f64::from(entry.pump.raw_fd()),
                f64::from(params.sq_entries()),
                f64::from(params.cq_entries()),
                f64::from(ring.setup_flags()),
                f64::from(ring.features()),
            ]
        })?;
        numbers_to_array(call.env, &numbers)
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `stats(id)`: the counters, in the order of `ops::pump::Stats`.
unsafe extern "C" fn stats(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let numbers = with(call.i32(0)?, |entry| {
            let stats = &entry.pump.stats;
            [
                stats.submitted,
                stats.completed,
                stats.inline,
                stats.batches,
                stats.largest_batch,
                stats.wakes,
                stats.overflow,
                stats.retries,
                entry.pump.pending() as u64,
            ]
            .map(|count| count as f64)
        })?;
        numbers_to_array(call.env, &numbers)
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

fn numbers_to_array(env: sys::napi_env, numbers: &[f64]) -> Result<Value> {
    let mut array = ptr::null_mut();
    // SAFETY: values of the running callback.
    unsafe {
        check(sys::napi_create_array_with_length(env, numbers.len(), &raw mut array), "an array")?;
        for (at, &number) in numbers.iter().enumerate() {
            let mut value = ptr::null_mut();
            check(sys::napi_create_double(env, number, &raw mut value), "a number")?;
            check(sys::napi_set_element(env, array, at as u32, value), "an element")?;
        }
    }
    Ok(Value::Raw(array))
}

/// `registerFiles(id, fds)`: an `Int32Array` of them, or `null` to give all back.
unsafe extern "C" fn register_files(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let bytes = raw::bytes_of(call.view(1)?);
        let (words, _) = bytes.as_chunks::<4>();
        let fds: Vec<RawFd> = words.iter().map(|word| RawFd::from_ne_bytes(*word)).collect();
        with(call.i32(0)?, |entry| {
            if entry.pump.uses_files() {
                return errno(Errno(libc::EBUSY));
            }
            let submitter = entry.pump.ring().uring().submitter();
            let done = if fds.is_empty() {
                submitter.unregister_files()
            } else {
                submitter.register_files(&fds)
            };
            done.map_or_else(|error| errno(error.into()), |()| Value::Int(0))
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `registerBuffers(id, views)`: views of regions; an empty list gives all back.
unsafe extern "C" fn register_buffers(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, register_regions) }
}

fn register_regions(call: &Call) -> Result<Value> {
    let (mut kept, mut iovecs, mut by_start) = (Vec::new(), Vec::new(), HashMap::new());
    for (index, view) in call.list(1)?.into_iter().enumerate() {
        let (start, len) = raw::view_of(call.env, view)?;
        let Some(region) = regions::find(start, len) else { return Ok(errno(Errno(libc::EFAULT))) };
        let whole = libc::iovec { iov_base: region.start() as *mut c_void, iov_len: region.len() };
        iovecs.push(whole);
        by_start.insert(region.start(), index as u16);
        kept.push(Lent::new(region));
    }
    with(call.i32(0)?, |entry| {
        if entry.pump.uses_buffers() {
            return errno(Errno(libc::EBUSY));
        }
        let submitter = entry.pump.ring().uring().submitter();
        // SAFETY: each range is a region that `registered` keeps until it is given back.
        let done = unsafe {
            if kept.is_empty() {
                submitter.unregister_buffers()
            } else {
                submitter.register_buffers(&iovecs)
            }
        };
        match done {
            Ok(()) => {
                entry.pump.set_fixed(by_start);
                entry.registered = kept;
                Value::Int(0)
            }
            Err(error) => errno(error.into()),
        }
    })
}

/// `takeMessage(id)`: the oldest message of another ring as `[userData, result, flags]`, or
/// `undefined`.
unsafe extern "C" fn take_message(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let Some((user_data, result, flags)) =
            with(call.i32(0)?, |entry| entry.pump.take_message())?
        else {
            return Ok(Value::Undefined);
        };
        let (mut array, mut data) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: values of the running callback.
        unsafe {
            check(sys::napi_create_array_with_length(call.env, 3, &raw mut array), "an array")?;
            check(sys::napi_create_bigint_uint64(call.env, user_data, &raw mut data), "a bigint")?;
            check(sys::napi_set_element(call.env, array, 0, data), "an element")?;
            for (at, number) in [(1, f64::from(result)), (2, f64::from(flags))] {
                let mut value = ptr::null_mut();
                check(sys::napi_create_double(call.env, number, &raw mut value), "a number")?;
                check(sys::napi_set_element(call.env, array, at, value), "an element")?;
            }
        }
        Ok(Value::Raw(array))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `probe(id)`: a `Buffer` whose byte i is 1 where opcode i is supported, or `-errno`.
unsafe extern "C" fn probe(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let support =
            with(call.i32(0)?, |entry| crate::engine::probe::of_ring(entry.pump.ring().uring()))?;
        let mask = match support {
            Ok(support) => support.mask,
            Err(refusal) => return Ok(errno(refusal)),
        };
        let (mut data, mut buffer) = (ptr::null_mut(), ptr::null_mut());
        let start = mask.as_ptr().cast();
        // SAFETY: the bytes are copied.
        let status = unsafe {
            sys::napi_create_buffer_copy(
                call.env,
                mask.len(),
                start,
                &raw mut data,
                &raw mut buffer,
            )
        };
        check(status, "a Buffer")?;
        Ok(Value::Raw(buffer))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// All calls of rings, as one object for `lib/pump.js`.
pub fn calls(env: sys::napi_env) -> Result<sys::napi_value> {
    let (exports, none) = (raw::object(env)?, ptr::null_mut());
    for (name, callback) in [
        ("open", open as unsafe extern "C" fn(_, _) -> _),
        ("results", results),
        ("flush", flush),
        ("collect", collect),
        ("arm", arm),
        ("wait", wait),
        ("cancel", cancel),
        ("modify", modify),
        ("chain", chain),
        ("close", close),
        ("free", free),
        ("setRef", set_ref),
        ("info", info_of),
        ("stats", stats),
        ("registerFiles", register_files),
        ("registerBuffers", register_buffers),
        ("takeMessage", take_message),
        ("probe", probe),
    ] {
        raw::set(env, exports, name, raw::function(env, name, callback, none)?)?;
    }
    ring_memory::export(env, exports)?;
    ring_groups::export(env, exports)?;
    ring_queue::export(env, exports)?;
    Ok(exports)
}

/// The registered buffer that a region is, if it is one.
pub fn fixed_index(entry: &Entry, region: &Region) -> Option<u16> {
    entry.pump.fixed_index(region)
}
