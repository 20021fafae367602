//! Node-API without the conveniences, for the calls that are made once per operation.
//!
//! Every callback goes through [`guard`], so no panic crosses into C++. An argument
//! of an unexpected type is a mistake of this package's own JavaScript, which checks
//! what users pass: it becomes an internal error, not an undefined value.

#![allow(unsafe_code)]

use std::ffi::{CString, c_void};
use std::ptr;

use napi::sys;

use super::guard::guard as catching;

/// What went wrong in native code itself: `Error` with code `ERR_URING_INTERNAL`.
#[derive(Debug)]
pub struct Internal(pub String);

impl From<&str> for Internal {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

pub type Result<T> = std::result::Result<T, Internal>;

/// Most arguments that a callback takes.
pub const MAX_ARGS: usize = 12;

/// One call from JavaScript.
pub struct Call {
    pub env: sys::napi_env,
    args: [sys::napi_value; MAX_ARGS],
    count: usize,
    pub data: *mut c_void,
}

/// Turns a status into a result.
pub fn check(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Internal(format!("{what}: status {status}")))
    }
}

impl Call {
    /// # Safety
    ///
    /// `env` and `info` are those of the callback that is running.
    pub unsafe fn new(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Self> {
        let mut args = [ptr::null_mut(); MAX_ARGS];
        let (mut count, mut data) = (MAX_ARGS, ptr::null_mut());
        // SAFETY: by the contract; the kernel of Node fills at most `count` values.
        let status = unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                args.as_mut_ptr(),
                ptr::null_mut(),
                &raw mut data,
            )
        };
        check(status, "arguments")?;
        Ok(Self { env, args, count: count.min(MAX_ARGS), data })
    }

    pub fn arg(&self, index: usize) -> Result<sys::napi_value> {
        if index < self.count { Ok(self.args[index]) } else { Err("an argument is missing".into()) }
    }

    pub fn i32(&self, index: usize) -> Result<i32> {
        let mut value = 0;
        check(
            // SAFETY: a value of the running callback.
            unsafe { sys::napi_get_value_int32(self.env, self.arg(index)?, &raw mut value) },
            "an int32",
        )?;
        Ok(value)
    }

    /// A number or a bigint.
    pub fn i64(&self, index: usize) -> Result<i64> {
        let (mut value, arg) = (0, self.arg(index)?);
        // SAFETY: a value of the running callback.
        if unsafe { sys::napi_get_value_int64(self.env, arg, &raw mut value) }
            == sys::Status::napi_ok
        {
            return Ok(value);
        }
        let (mut value, mut lossless) = (0_u64, true);
        // SAFETY: as above.
        let status = unsafe {
            sys::napi_get_value_bigint_uint64(self.env, arg, &raw mut value, &raw mut lossless)
        };
        check(status, "a number or a bigint")?;
        Ok(value.cast_signed())
    }

    pub fn f64(&self, index: usize) -> Result<f64> {
        let mut value = 0.0;
        check(
            // SAFETY: a value of the running callback.
            unsafe { sys::napi_get_value_double(self.env, self.arg(index)?, &raw mut value) },
            "a number",
        )?;
        Ok(value)
    }

    pub fn bool(&self, index: usize) -> Result<bool> {
        let mut value = false;
        check(
            // SAFETY: a value of the running callback.
            unsafe { sys::napi_get_value_bool(self.env, self.arg(index)?, &raw mut value) },
            "a boolean",
        )?;
        Ok(value)
    }

    /// Address and length of a view. Null and 0 once it is detached.
    pub fn view(&self, index: usize) -> Result<(usize, usize)> {
        view_of(self.env, self.arg(index)?)
    }

    /// The elements of an array.
    pub fn list(&self, index: usize) -> Result<Vec<sys::napi_value>> {
        let array = self.arg(index)?;
        let mut length = 0;
        // SAFETY: a value of the running callback.
        check(unsafe { sys::napi_get_array_length(self.env, array, &raw mut length) }, "an array")?;
        (0..length)
            .map(|at| {
                let mut value = ptr::null_mut();
                // SAFETY: as above.
                let status = unsafe { sys::napi_get_element(self.env, array, at, &raw mut value) };
                check(status, "an element").map(|()| value)
            })
            .collect()
    }

    /// A string, or bytes, up to the first NUL.
    pub fn c_string(&self, index: usize) -> Result<CString> {
        let value = self.arg(index)?;
        let mut length = 0;
        // SAFETY: a value of the running callback; without a buffer only the length is told.
        let status = unsafe {
            sys::napi_get_value_string_utf8(self.env, value, ptr::null_mut(), 0, &raw mut length)
        };
        let mut bytes;
        if status == sys::Status::napi_ok {
            bytes = vec![0_u8; length + 1];
            // SAFETY: as above, and the buffer is as long as said.
            let status = unsafe {
                let buffer = bytes.as_mut_ptr().cast();
                sys::napi_get_value_string_utf8(
                    self.env,
                    value,
                    buffer,
                    length + 1,
                    &raw mut length,
                )
            };
            check(status, "a string")?;
            bytes.truncate(length);
        } else {
            bytes = bytes_of(view_of(self.env, value)?).to_vec();
        }
        CString::new(bytes).map_err(|_| "a path with a NUL byte".into())
    }
}

/// Address and length of a view.
pub fn view_of(env: sys::napi_env, value: sys::napi_value) -> Result<(usize, usize)> {
    let (mut start, mut len) = (ptr::null_mut(), 0);
    check(
        // SAFETY: a value of the running callback.
        unsafe { sys::napi_get_buffer_info(env, value, &raw mut start, &raw mut len) },
        "a view",
    )?;
    Ok((start as usize, len))
}

/// The bytes of a view, for as long as the running callback does not return to JavaScript.
pub fn bytes_of<'a>((start, len): (usize, usize)) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: JavaScript's own memory, which it cannot free or detach while this callback runs.
    // Another thread may write to a SharedArrayBuffer meanwhile: then the bytes are any mix.
    unsafe { std::slice::from_raw_parts(start as *const u8, len) }
}

/// A JavaScript value that a callback returns.
pub enum Value {
    Undefined,
    Int(i32),
    Raw(sys::napi_value),
}

/// Runs the body of a callback: errors and panics are thrown as `ERR_URING_INTERNAL`.
///
/// # Safety
///
/// `env` and `info` are those of the callback that is running.
pub unsafe fn guard(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Call) -> Result<Value>,
) -> sys::napi_value {
    let outcome = catching(|| {
        // SAFETY: passed on.
        body(&unsafe { Call::new(env, info) }?)
    });
    match outcome.map_err(Internal).and_then(|result| result) {
        Ok(value) => return returned(env, value),
        Err(internal) => throw(env, &internal),
    }
    ptr::null_mut()
}

fn returned(env: sys::napi_env, value: Value) -> sys::napi_value {
    let mut made = ptr::null_mut();
    // SAFETY: called from the running callback. A failure leaves null, which is undefined.
    unsafe {
        match value {
            Value::Undefined => 0,
            Value::Int(value) => sys::napi_create_int32(env, value, &raw mut made),
            Value::Raw(value) => {
                made = value;
                0
            }
        }
    };
    made
}

fn throw(env: sys::napi_env, internal: &Internal) {
    let text = CString::new(internal.0.replace('\0', " ")).unwrap_or_default();
    // SAFETY: two C strings. With an exception pending already, that one stays.
    unsafe { sys::napi_throw_error(env, c"ERR_URING_INTERNAL".as_ptr(), text.as_ptr()) };
}

/// Makes a function of a callback.
pub fn function(
    env: sys::napi_env,
    name: &str,
    callback: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
    data: *mut c_void,
) -> Result<sys::napi_value> {
    let mut made = ptr::null_mut();
    // SAFETY: the name is copied; `data` is the caller's business.
    let status = unsafe {
        let (start, len) = (name.as_ptr().cast(), name.len() as isize);
        sys::napi_create_function(env, start, len, Some(callback), data, &raw mut made)
    };
    check(status, "a function")?;
    Ok(made)
}

/// Sets a property.
pub fn set(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &str,
    value: sys::napi_value,
) -> Result<()> {
    let name = CString::new(name).map_err(|_| Internal::from("a name with a NUL byte"))?;
    // SAFETY: values of the running callback.
    check(
        unsafe { sys::napi_set_named_property(env, object, name.as_ptr(), value) },
        name.to_str().unwrap_or(""),
    )
}

/// Makes an empty object.
pub fn object(env: sys::napi_env) -> Result<sys::napi_value> {
    let mut made = ptr::null_mut();
    // SAFETY: called from a running callback.
    check(unsafe { sys::napi_create_object(env, &raw mut made) }, "an object")?;
    Ok(made)
}
