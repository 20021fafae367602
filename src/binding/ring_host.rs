//! What all rings of one JavaScript environment share: the completion thread, the
//! thread-safe function that it wakes the event loop with, and the end of it all.

#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use napi::sys;

use crate::engine::errno::{Errno, Result as KernelResult};
use crate::engine::watcher::Watcher;

use super::raw::{Result, check};
use super::ring;

/// Rings that are ready, on their way from the completion thread to JavaScript.
#[derive(Default)]
struct Ready(Mutex<Vec<u64>>);

impl Ready {
    /// True when the event loop has to be woken for it.
    fn add(&self, names: &[u64]) -> bool {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = ready.is_empty();
        ready.extend_from_slice(names);
        first
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread-safe function as the completion thread holds it.
struct Waker(sys::napi_threadsafe_function);

// SAFETY: Node-API allows a thread-safe function to be called from any thread; the thread ends
// before the function is released.
unsafe impl Send for Waker {}

impl Waker {
    fn wake(&self) {
        let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
        // SAFETY: the function is not released before this thread was joined.
        unsafe { sys::napi_call_threadsafe_function(self.0, ptr::null_mut(), mode) };
    }
}

/// One JavaScript environment.
pub struct Host {
    env: sys::napi_env,
    callback: sys::napi_ref,
    function: sys::napi_threadsafe_function,
    ready: Arc<Ready>,
    watcher: RefCell<Option<Watcher>>,
    keeping: Cell<u32>,
}

thread_local! {
    static HOSTS: RefCell<Vec<Rc<Host>>> = const { RefCell::new(Vec::new()) };
}

impl Host {
    /// The host of `env`, made with the first ring's `callback(id)`.
    pub fn of(env: sys::napi_env, callback: sys::napi_value) -> Result<Rc<Self>> {
        // One for each loaded instance of the package, told apart by its callback: a test runner, or
        // two versions side by side, have several in one environment.
        let known = HOSTS.with_borrow(|hosts| {
            hosts.iter().find(|host| host.env == env && host.calls(callback)).cloned()
        });
        if let Some(host) = known {
            return Ok(host);
        }
        let is_first = HOSTS.with_borrow(|hosts| hosts.iter().all(|host| host.env != env));
        let ready = Arc::new(Ready::default());
        let function = make_function(env, callback, &ready)?;
        let mut kept = ptr::null_mut();
        // SAFETY: values of the running callback.
        let status = unsafe { sys::napi_create_reference(env, callback, 1, &raw mut kept) };
        check(status, "a reference")?;
        let (watcher, keeping) = (RefCell::default(), Cell::new(0));
        let host = Rc::new(Self { env, callback: kept, function, ready, watcher, keeping });
        HOSTS.with_borrow_mut(|hosts| hosts.push(host.clone()));
        if is_first {
            // Registered after the function was made, and so run before Node ends that.
            // SAFETY: `env` is only compared.
            check(unsafe { sys::napi_add_env_cleanup_hook(env, Some(end), env.cast()) }, "a hook")?;
        }
        Ok(host)
    }

    fn calls(&self, callback: sys::napi_value) -> bool {
        let (mut own, mut is_same) = (ptr::null_mut(), false);
        // SAFETY: called from a running callback of this environment, with values of it.
        unsafe {
            sys::napi_get_reference_value(self.env, self.callback, &raw mut own);
            sys::napi_strict_equals(self.env, own, callback, &raw mut is_same);
        }
        is_same
    }

    /// Runs `body` with the completion thread, which is started if need be.
    pub fn watch<T>(&self, body: impl FnOnce(&Watcher) -> KernelResult<T>) -> KernelResult<T> {
        let mut watcher = self.watcher.borrow_mut();
        if watcher.is_none() {
            let (ready, waker) = (self.ready.clone(), Waker(self.function));
            *watcher = Some(Watcher::start(move |names| {
                let waker = &waker;
                if ready.add(names) {
                    waker.wake();
                }
            })?);
        }
        watcher.as_ref().map_or(Err(Errno(libc::ECANCELED)), body)
    }

    /// One ring more, or less, that keeps the process alive.
    pub fn keep(&self, more: bool) {
        let count = if more { self.keeping.get() + 1 } else { self.keeping.get() - 1 };
        self.keeping.set(count);
        // SAFETY: on the JavaScript thread, with a function that is not released before `end`.
        unsafe {
            if more && count == 1 {
                sys::napi_ref_threadsafe_function(self.env, self.function);
            } else if !more && count == 0 {
                sys::napi_unref_threadsafe_function(self.env, self.function);
            }
        }
    }
}

fn make_function(
    env: sys::napi_env,
    callback: sys::napi_value,
    ready: &Arc<Ready>,
) -> Result<sys::napi_threadsafe_function> {
    let (mut name, mut function) = (ptr::null_mut(), ptr::null_mut());
    let context = Arc::into_raw(ready.clone()).cast_mut().cast::<c_void>();
    // SAFETY: `context` is a count of `ready` that `drop_context` gives back.
    unsafe {
        let text = c"uring";
        check(sys::napi_create_string_utf8(env, text.as_ptr(), 5, &raw mut name), "a name")?;
        let status = sys::napi_create_threadsafe_function(
            env,
            callback,
            ptr::null_mut(),
            name,
            0,
            1,
            context,
            Some(drop_context),
            context,
            Some(dispatch),
            &raw mut function,
        );
        check(status, "a thread-safe function")?;
        check(sys::napi_unref_threadsafe_function(env, function), "unref")?;
    }
    Ok(function)
}

unsafe extern "C" fn drop_context(_: sys::napi_env, context: *mut c_void, _: *mut c_void) {
    // SAFETY: the count that `make_function` gave away.
    drop(unsafe { Arc::from_raw(context.cast::<Ready>()) });
}

/// On the JavaScript thread: tells JavaScript each ring that is ready. The callback catches its own.
unsafe extern "C" fn dispatch(
    env: sys::napi_env,
    callback: sys::napi_value,
    context: *mut c_void,
    _: *mut c_void,
) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the context lives until `drop_context`.
        let ready = unsafe { &*context.cast::<Ready>() }.take();
        if env.is_null() || callback.is_null() {
            return;
        }
        for name in ready {
            ring::woken(name);
            // SAFETY: values made in this callback, which runs in a handle scope.
            unsafe {
                let (mut id, mut this) = (ptr::null_mut(), ptr::null_mut());
                sys::napi_create_int32(env, name as i32, &raw mut id);
                sys::napi_get_undefined(env, &raw mut this);
                sys::napi_call_function(env, this, callback, 1, &raw const id, ptr::null_mut());
            }
        }
    }));
}

/// The environment ends: the thread first, then what the kernel holds, then the function.
unsafe extern "C" fn end(env: *mut c_void) {
    let _ = catch_unwind(|| {
        let (ended, others) =
            HOSTS.take().into_iter().partition::<Vec<_>, _>(|host| host.env.cast() == env);
        HOSTS.set(others);
        for host in ended {
            drop(host.watcher.take());
            ring::end_all(&host);
            let mode = sys::ThreadsafeFunctionReleaseMode::abort;
            // SAFETY: on the JavaScript thread; the only other user was joined above.
            unsafe { sys::napi_release_threadsafe_function(host.function, mode) };
        }
    });
}
