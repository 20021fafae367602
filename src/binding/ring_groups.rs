//! The calls of `BufferRing`: `ops::groups` says what a group is.

#![allow(unsafe_code)]

use std::ptr;

use napi::sys;

use crate::engine::errno::Errno;

use super::raw::{self, Call, Result, Value, guard};
use super::{ring, ring_memory};

/// `addGroup(id, group, entries, size, flags)`: the memory of its buffers, or `-errno`.
unsafe extern "C" fn add(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let (group, flags) = (call.i32(1)? as u16, call.i32(4)? as u16);
        let size = (call.i32(2)? as u16, call.i64(3)? as usize);
        let made = ring::with(call.i32(0)?, |entry| {
            entry.groups.add(entry.pump.ring().uring(), group, size, flags)
        })?;
        match made {
            Ok(buffers) => Ok(Value::Raw(ring_memory::array_buffer(call.env, buffers)?)),
            Err(errno) => Ok(Value::Int(-errno.0)),
        }
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

fn done(outcome: std::result::Result<(), Errno>) -> Value {
    Value::Int(outcome.map_or_else(|errno| -errno.0, |()| 0))
}

/// `provide(id, group, index, length)`: a buffer is the kernel's to fill, or to send.
unsafe extern "C" fn provide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let (group, index) = (call.i32(1)? as u16, call.i32(2)? as u16);
        let len = call.i64(3)? as usize;
        ring::with(call.i32(0)?, |entry| done(entry.groups.provide(group, index, len)))
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `removeGroup(id, group)`: ends it; `-EBUSY` while an operation may use it.
unsafe extern "C" fn remove(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let group = call.i32(1)? as u16;
        ring::with(call.i32(0)?, |entry| {
            done(entry.groups.remove(entry.pump.ring().uring(), group))
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// `releaseGroup(id, group)`: the kernel has none of the buffers that were provided one by one.
unsafe extern "C" fn release(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let body = |call: &Call| {
        let group = call.i32(1)? as u16;
        ring::with(call.i32(0)?, |entry| {
            entry.groups.release(group);
            Value::Undefined
        })
    };
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, body) }
}

/// The calls of this file.
pub fn export(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    for (name, callback) in [
        ("addGroup", add as unsafe extern "C" fn(_, _) -> _),
        ("provide", provide),
        ("removeGroup", remove),
        ("releaseGroup", release),
    ] {
        raw::set(env, exports, name, raw::function(env, name, callback, ptr::null_mut())?)?;
    }
    Ok(())
}
