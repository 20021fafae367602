//! The jobs behind `copy`, `write` and their kin: JavaScript makes one, and then runs it
//! slice by slice on the libuv thread pool until it is done.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{AsyncTask, Buffer};
use napi::{Env, Result, Task};
use napi_derive::napi;

use super::guard::guard;
use crate::engine::copy::{CopyJob, CopyOptions, Job, Reflink, Step};
use crate::engine::errno::Errno;
use crate::engine::files::path_from_bytes;
use crate::engine::fill::{FillJob, FillOptions};

/// A copy, ready to run. The arguments are checked by then.
#[napi(object)]
pub struct CopyRequest {
    pub from: Buffer,
    pub to: Buffer,
    pub depth: u32,
    pub block: u32,
    pub fsync: bool,
    pub watched: bool,
    pub asks: bool,
    pub exclusive: bool,
    pub atomic: bool,
    #[napi(ts_type = "'auto' | 'always' | 'never'")]
    pub reflink: String,
    pub sparse: bool,
    pub timestamps: bool,
    pub xattrs: bool,
    pub plain: bool,
}

/// A file to be written, ready to run.
#[napi(object)]
pub struct FillRequest {
    pub path: Buffer,
    pub length: f64,
    pub depth: u32,
    pub block: u32,
    pub fsync: bool,
    pub dsync: bool,
    pub watched: bool,
    pub asks: bool,
    pub plain: bool,
}

/// What a slice came to: exactly one of `errno`, `panic` and `done`, or none of them, which
/// means that there is more to do.
#[napi(object)]
#[derive(Default)]
pub struct Slice {
    /// The kernel's refusal; the job is over and has cleaned up.
    pub errno: Option<i32>,
    /// A fault of ours; the job is over.
    pub panic: Option<String>,
    /// Bytes in all; the job is over.
    pub done: Option<f64>,
    /// Bytes done after each write since the last slice.
    pub reports: Vec<f64>,
    /// Bytes in all, 0 while unknown.
    pub total: f64,
    /// How many chunk sizes are wanted.
    pub sizes: u32,
    /// Where the first of those chunks begins.
    pub offset: f64,
    /// Where the last of them must end.
    pub end: f64,
}

/// A job; `null` once it is over.
type Shared = Arc<Mutex<Option<Box<dyn Job>>>>;

/// A job that `step` runs.
#[napi]
pub struct NativeJob {
    job: Shared,
    cancel: Arc<AtomicBool>,
}

impl NativeJob {
    fn new(make: impl FnOnce(Arc<AtomicBool>) -> Box<dyn Job>) -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        Self { job: Arc::new(Mutex::new(Some(make(cancel.clone())))), cancel }
    }
}

#[napi]
impl NativeJob {
    /// Makes a copy; nothing is touched before the first step.
    #[napi(factory)]
    pub fn copy(request: CopyRequest) -> Self {
        let reflink = match request.reflink.as_str() {
            "always" => Reflink::Always,
            "never" => Reflink::Never,
            _ => Reflink::Auto,
        };
        let options = CopyOptions {
            depth: request.depth as usize,
            block: request.block as usize,
            fsync: request.fsync,
            watched: request.watched,
            asks: request.asks,
            exclusive: request.exclusive,
            atomic: request.atomic,
            reflink,
            sparse: request.sparse,
            timestamps: request.timestamps,
            xattrs: request.xattrs,
            plain: request.plain,
        };
        let (from, to) = (path(&request.from), path(&request.to));
        Self::new(|cancel| Box::new(CopyJob::new(from, to, options, cancel)))
    }

    /// Makes a file; nothing is touched before the first step.
    #[napi(factory)]
    pub fn fill(request: FillRequest) -> Self {
        let options = FillOptions {
            length: request.length as u64,
            depth: request.depth as usize,
            block: request.block as usize,
            fsync: request.fsync,
            dsync: request.dsync,
            watched: request.watched,
            asks: request.asks,
            plain: request.plain,
        };
        let path = path(&request.path);
        Self::new(|cancel| Box::new(FillJob::new(path, options, cancel)))
    }

    /// Runs one slice on the thread pool, beginning with the sizes that were asked for.
    #[napi(ts_return_type = "Promise<Slice>")]
    pub fn step(&self, sizes: Vec<f64>) -> AsyncTask<StepTask> {
        let sizes = sizes.into_iter().map(|size| size as usize).collect();
        let (job, cancel) = (self.job.clone(), self.cancel.clone());
        AsyncTask::new(StepTask { job, cancel, sizes })
    }

    /// Makes the next slice, or the one that runs, end with `ECANCELED`.
    #[napi]
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Ends the job for a process that exits: at once if it waits for its next slice, else on
    /// the thread that runs one. Either way what it created is gone before the process is.
    #[napi]
    pub fn abandon(&self) {
        self.cancel();
        // A fault while it is dropped is nobody's any more.
        let _ = guard(|| drop(take(&self.job)));
    }
}

fn take(job: &Shared) -> Option<Box<dyn Job>> {
    job.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// One slice of a job.
pub struct StepTask {
    job: Shared,
    cancel: Arc<AtomicBool>,
    sizes: Vec<usize>,
}

impl StepTask {
    /// Takes the job while it runs, so that one that fails is dropped here, on this thread.
    fn run(&self) -> Slice {
        let Some(mut job) = take(&self.job) else { return Slice::from(Err(Errno(libc::EINVAL))) };
        let step = job.step(&self.sizes);
        if matches!(step, Ok(Step::Turn(_))) {
            let mut place = self.job.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock: who cancels and then finds no job may rely on it.
            if self.cancel.load(Ordering::Relaxed) {
                return Slice::from(Err(Errno(libc::ECANCELED)));
            }
            *place = Some(job);
        }
        Slice::from(step)
    }
}

impl Task for StepTask {
    type Output = Slice;
    type JsValue = Slice;

    fn compute(&mut self) -> Result<Slice> {
        Ok(guard(|| self.run())
            .unwrap_or_else(|panic| Slice { panic: Some(panic), ..Slice::default() }))
    }

    fn resolve(&mut self, _: Env, slice: Slice) -> Result<Slice> {
        Ok(slice)
    }
}

impl From<std::result::Result<Step, Errno>> for Slice {
    fn from(step: std::result::Result<Step, Errno>) -> Self {
        match step {
            Err(errno) => Self { errno: Some(errno.0), ..Self::default() },
            Ok(Step::Done(total)) => Self { done: Some(total as f64), ..Self::default() },
            Ok(Step::Turn(turn)) => Self {
                reports: turn.reports.into_iter().map(|done| done as f64).collect(),
                total: turn.total as f64,
                sizes: turn.sizes as u32,
                offset: turn.ask.map_or(0.0, |ask| ask.offset as f64),
                end: turn.ask.map_or(0.0, |ask| ask.end as f64),
                ..Self::default()
            },
        }
    }
}

fn path(bytes: &Buffer) -> PathBuf {
    path_from_bytes(bytes.to_vec())
}

/// A job that panics in its first slice: what a fault of ours looks like from outside, for the tests.
#[napi]
pub fn faulty_job() -> NativeJob {
    struct Faulty;
    impl Job for Faulty {
        fn step(&mut self, _: &[usize]) -> std::result::Result<Step, Errno> {
            panic!("a fault made for a test")
        }
    }
    NativeJob::new(|_| Box::new(Faulty))
}
