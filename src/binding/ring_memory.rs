//! Native memory as `ArrayBuffer`s: external ones that count the region they show, so
//! that it outlives both JavaScript's interest and the kernel's, whichever is longer.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr;
use std::rc::Rc;

use napi::sys;

use crate::engine::errno::Errno;
use crate::engine::regions::{self, Region};

use super::raw::{self, Call, Result, Value, check, guard};

/// An `ArrayBuffer` over a region, or `undefined` where the runtime allows none (Electron).
pub fn array_buffer(env: sys::napi_env, region: Rc<Region>) -> Result<sys::napi_value> {
    let (start, len) = (region.start() as *mut c_void, region.len());
    let counted = Rc::into_raw(region).cast_mut().cast::<c_void>();
    let mut made = ptr::null_mut();
    // SAFETY: the bytes live until `release` gives the count back that `counted` is.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env,
            start,
            len,
            Some(release),
            counted,
            &raw mut made,
        )
    };
    if status != sys::Status::napi_ok {
        // SAFETY: the finalizer will not run, so the count is still ours.
        drop(unsafe { Rc::from_raw(counted.cast::<Region>()) });
    }
    if status == sys::Status::napi_no_external_buffers_allowed {
        return Ok(ptr::null_mut());
    }
    check(status, "an external ArrayBuffer")?;
    Ok(made)
}

unsafe extern "C" fn release(_: sys::napi_env, _: *mut c_void, counted: *mut c_void) {
    let _ = catch_unwind(|| {
        // SAFETY: the count that `array_buffer` gave away, given back once, on the same thread.
        drop(unsafe { Rc::from_raw(counted.cast::<Region>()) });
    });
}

fn refused(errno: Errno) -> Value {
    Value::Int(-errno.0)
}

/// `allocate(length)`: an `ArrayBuffer` of whole pages of any content, or `-errno`.
pub unsafe extern "C" fn allocate(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| match regions::unzeroed(length(call, 0)?) {
        Ok(region) => Ok(Value::Raw(array_buffer(env, region)?)),
        Err(errno) => Ok(refused(errno)),
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `allocateZeroed(count, length)`: an array of such `ArrayBuffer`s, of zeros, or `-errno`.
pub unsafe extern "C" fn allocate_zeroed(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let made = match regions::zeroed_many(length(call, 0)?, length(call, 1)?) {
            Ok(made) => made,
            Err(errno) => return Ok(refused(errno)),
        };
        let mut array = ptr::null_mut();
        check(
            // SAFETY: called from the running callback.
            unsafe { sys::napi_create_array_with_length(env, made.len(), &raw mut array) },
            "an array",
        )?;
        for (at, region) in made.into_iter().enumerate() {
            let buffer = array_buffer(env, region)?;
            // SAFETY: as above.
            check(unsafe { sys::napi_set_element(env, array, at as u32, buffer) }, "an element")?;
        }
        Ok(Value::Raw(array))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

fn length(call: &Call, index: usize) -> Result<usize> {
    usize::try_from(call.i64(index)?).map_err(|_| "a negative length".into())
}

/// `isLent(view)`: 1 while an operation uses the region of these bytes, 0 if none does, -1 where
/// they are no region.
pub unsafe extern "C" fn is_lent(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let (start, len) = call.view(0)?;
        Ok(Value::Int(regions::find(start, len).map_or(-1, |region| i32::from(region.is_lent()))))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `addressOf(view)`: as a bigint.
pub unsafe extern "C" fn address_of(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let (start, _) = call.view(0)?;
        let mut made = ptr::null_mut();
        check(
            // SAFETY: called from the running callback.
            unsafe { sys::napi_create_bigint_uint64(env, start as u64, &raw mut made) },
            "a bigint",
        )?;
        Ok(Value::Raw(made))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `discard(arrayBuffer)`: invalidates the pointers into a region and detaches its `ArrayBuffer`.
pub unsafe extern "C" fn discard(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let body = |call: &Call| {
        let (mut start, mut len) = (ptr::null_mut(), 0);
        let buffer = call.arg(0)?;
        check(
            // SAFETY: a value of the running callback.
            unsafe { sys::napi_get_arraybuffer_info(env, buffer, &raw mut start, &raw mut len) },
            "an ArrayBuffer",
        )?;
        if let Some(region) = regions::find(start as usize, len) {
            regions::unlist(&region);
        }
        // SAFETY: as above. What is lent to the kernel stays: each operation counts its region.
        check(unsafe { sys::napi_detach_arraybuffer(env, buffer) }, "detaching")?;
        Ok(Value::Undefined)
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// The calls of this file.
pub fn export(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    let none = ptr::null_mut();
    for (name, callback) in [
        ("allocate", allocate as unsafe extern "C" fn(_, _) -> _),
        ("allocateZeroed", allocate_zeroed),
        ("isLent", is_lent),
        ("addressOf", address_of),
        ("discard", discard),
    ] {
        raw::set(env, exports, name, raw::function(env, name, callback, none)?)?;
    }
    Ok(())
}
