//! What this kernel offers: whether it makes rings, and which operations it has.

use std::time::Duration;

use napi::bindgen_prelude::{AsyncTask, Buffer};
use napi::{Env, Result, Task};
use napi_derive::napi;

use super::guard::guard;
use crate::engine::availability;
use crate::engine::{plain, probe};

/// Why no ring can be made.
#[napi(object)]
pub struct Refusal {
    pub errno: i32,
    pub reason: String,
    pub hint: String,
}

/// Asks the kernel for a ring; `null` when it makes one.
#[napi]
pub fn refusal() -> Option<Refusal> {
    guard(availability::refusal).ok().flatten().map(|found| Refusal {
        errno: found.errno.0,
        reason: found.reason,
        hint: found.hint,
    })
}

/// The likely cause of an errno that `io_uring_setup(2)` answered.
#[napi]
pub fn explain_refusal(errno: i32) -> Refusal {
    let found = availability::explain(crate::engine::errno::Errno(errno));
    Refusal { errno, reason: found.reason, hint: found.hint }
}

/// The answer of `IORING_REGISTER_PROBE`, or the errno that kept it from being asked.
#[napi(object)]
pub struct Probe {
    pub errno: i32,
    pub last_op: u32,
    pub opcode_mask: Buffer,
}

/// Asks a ring made for the purpose.
#[napi]
pub fn probe_kernel() -> Probe {
    match probe::of_kernel() {
        Ok(found) => {
            Probe { errno: 0, last_op: found.last_op.into(), opcode_mask: found.mask.into() }
        }
        Err(errno) => Probe { errno: errno.0, last_op: 0, opcode_mask: Vec::new().into() },
    }
}

/// Waits on the thread pool until a descriptor can be read, at most `ms` milliseconds.
#[napi(ts_return_type = "Promise<void>")]
pub fn wait_readable(fd: i32, ms: i32) -> AsyncTask<ReadableTask> {
    AsyncTask::new(ReadableTask { fd, ms })
}

/// A wait on the thread pool. It looks at the descriptor only.
pub struct ReadableTask {
    fd: i32,
    ms: i32,
}

impl Task for ReadableTask {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        // Whatever ended the wait: the caller looks for itself.
        let _ = plain::ready(
            self.fd,
            libc::POLLIN,
            Duration::from_millis(self.ms.unsigned_abs().into()),
        );
        Ok(())
    }

    fn resolve(&mut self, _: Env, (): ()) -> Result<()> {
        Ok(())
    }
}
