//! Extended attributes, carried from one open file to another (xattr(7)).

#![allow(unsafe_code)]

use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

use super::errno::{Errno, Result, check};

/// Copies every attribute. One outside of the `user.` namespace that may not be set
/// here is left out, as `cp --preserve=xattr` does.
pub fn copy(from: &OwnedFd, to: &OwnedFd) -> Result<()> {
    let names = match list(from) {
        Err(Errno(libc::EOPNOTSUPP)) => return Ok(()),
        names => names?,
    };
    for name in names.split_inclusive(|&byte| byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let value = match get(from, name) {
            Err(Errno(libc::ENODATA)) => continue,
            value => value,
        };
        match value.and_then(|value| set(to, name, &value)) {
            Err(Errno(libc::EPERM | libc::EACCES | libc::EOPNOTSUPP))
                if !name.to_bytes().starts_with(b"user.") => {}
            done => done?,
        }
    }
    Ok(())
}

/// Calls with a buffer of the size that a first call asks for, until it fits.
fn sized(mut call: impl FnMut(&mut [u8]) -> isize) -> Result<Vec<u8>> {
    loop {
        let mut bytes = vec![0; check(call(&mut []))?];
        match check(call(&mut bytes)) {
            Err(Errno(libc::ERANGE)) => {}
            len => {
                bytes.truncate(len?);
                return Ok(bytes);
            }
        }
    }
}

fn list(fd: &OwnedFd) -> Result<Vec<u8>> {
    // SAFETY: the kernel writes at most the buffer's length; a length of 0 only asks for the size.
    sized(|into| unsafe { libc::flistxattr(fd.as_raw_fd(), into.as_mut_ptr().cast(), into.len()) })
}

fn get(fd: &OwnedFd, name: &CStr) -> Result<Vec<u8>> {
    // SAFETY: as above; the name is terminated.
    sized(|into| unsafe {
        libc::fgetxattr(fd.as_raw_fd(), name.as_ptr(), into.as_mut_ptr().cast(), into.len())
    })
}

fn set(fd: &OwnedFd, name: &CStr, value: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads the terminated name and `value.len()` bytes of the value.
    let done = unsafe {
        libc::fsetxattr(fd.as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0)
    };
    check(done as isize).map(drop)
}
