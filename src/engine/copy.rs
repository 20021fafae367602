//! Copying one file: a job that runs in slices on a borrowed thread, and between them
//! answers to its caller with reports and questions.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::chunks::{Ask, Chunks};
use super::errno::{Errno, Result};
use super::files::{Destination, Shape, Source, Wish, next_extent};
use super::pace::{ReadAhead, WriteBehind};
use super::pipeline::Pipeline;
use super::plain::{Plain, Stream};
use super::transfer::{Mover, Origin, Pause, Route, SLICE, Slice, Tally};

/// The end of a source that says nothing of its length.
const UNKNOWN: u64 = i64::MAX as u64;

/// Whether blocks may be shared between the two files instead of copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reflink {
    /// Where the filesystem can.
    #[default]
    Auto,
    /// Or fail.
    Always,
    /// Bytes are copied.
    Never,
}

/// How a copy is to be done.
#[derive(Clone, Debug, Default)]
pub struct CopyOptions {
    /// Reads and writes in flight.
    pub depth: usize,
    /// Bytes of each.
    pub block: usize,
    /// Sync the destination, and the name of an atomic one, before the end.
    pub fsync: bool,
    /// Report each completed write.
    pub watched: bool,
    /// Ask for the size of each chunk.
    pub asks: bool,
    /// Fail when the destination exists.
    pub exclusive: bool,
    /// Replace the destination in one step at the end.
    pub atomic: bool,
    /// Share blocks.
    pub reflink: Reflink,
    /// Leave holes as holes.
    pub sparse: bool,
    /// Keep the times of last access and modification.
    pub timestamps: bool,
    /// Keep the extended attributes.
    pub xattrs: bool,
    /// Make no ring, even where one can be had.
    pub plain: bool,
}

/// What a slice of a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// All is done: so many bytes.
    Done(u64),
    /// There is more to do.
    Turn(Turn),
}

/// What the caller is told, and asked, before the next slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Bytes done after each completed write, rising.
    pub reports: Vec<u64>,
    /// Bytes in all; 0 while that is unknown.
    pub total: u64,
    /// Sizes wanted, at most this many.
    pub sizes: usize,
    /// Where the chunks to be sized are.
    pub ask: Option<Ask>,
}

/// A job on a borrowed thread. An error is final: drop the job, and what it created is gone.
pub trait Job: Send {
    /// Works for one slice, beginning with the caller's answer to the last question.
    fn step(&mut self, sizes: &[usize]) -> Result<Step>;
}

/// Copies `from` to `to`.
pub struct CopyJob {
    from: PathBuf,
    to: PathBuf,
    options: CopyOptions,
    cancel: Arc<AtomicBool>,
    phase: Phase,
    reported: (u64, u64),
}

enum Phase {
    Opening(Option<Box<Source>>),
    Moving(Box<Moving>),
    Finishing(Box<Ends>, u64),
    Over,
}

/// The two files.
struct Ends {
    source: Source,
    destination: Destination,
}

/// A copy under way. The mover comes first: it must be gone before the files are.
struct Moving {
    mover: Box<dyn Mover>,
    chunks: Chunks,
    tally: Tally,
    is_length_known: bool,
    ends: Box<Ends>,
}

impl CopyJob {
    /// A copy that nothing has been done for yet. Setting `cancel` makes the next slice fail with `ECANCELED`.
    pub fn new(from: PathBuf, to: PathBuf, options: CopyOptions, cancel: Arc<AtomicBool>) -> Self {
        Self { from, to, options, cancel, phase: Phase::Opening(None), reported: (0, 0) }
    }

    /// Opens both ends; `Opening` again while nobody reads the FIFO that is to be written.
    fn open(&mut self, source: Option<Box<Source>>) -> Result<Step> {
        let options = &self.options;
        let source = source.map_or_else(|| Source::open(&self.from).map(Box::new), Ok)?;
        let wish = Wish { exclusive: options.exclusive, atomic: options.atomic };
        let destination = match Destination::open(&self.to, wish, source.mode()) {
            Err(Errno(libc::ENXIO)) if is_fifo(&self.to) => {
                std::thread::sleep(SLICE);
                self.phase = Phase::Opening(Some(source));
                return Ok(Step::Turn(Turn::default()));
            }
            destination => destination?,
        };
        let ends = Box::new(Ends { source: *source, destination });
        if ends.destination.is(&ends.source) {
            return Err(Errno(libc::EINVAL));
        }
        if let Some(total) = ends.share_blocks(options)? {
            return Ok(self.finish(ends, Vec::new(), total));
        }
        self.phase = Phase::Moving(Box::new(Moving::new(ends, options)?));
        Ok(Step::Turn(Turn::default()))
    }

    fn advance(&mut self, mut moving: Box<Moving>, slice: &Slice<'_>) -> Result<Step> {
        let Moving { mover, chunks, tally, is_length_known, .. } = &mut *moving;
        let sizes = match mover.run(chunks, tally, slice)? {
            Pause::End => {
                let (reports, total) = (tally.take(), chunks.total());
                return Ok(self.finish(moving.ends, reports, total));
            }
            Pause::Ask(sizes) => sizes,
            Pause::Breath => 0,
        };
        let total = if *is_length_known { chunks.total() } else { 0 };
        let reports = tally.take();
        if let Some(&last) = reports.last() {
            self.reported = (last, total);
        }
        let ask = (sizes > 0).then(|| chunks.ask());
        self.phase = Phase::Moving(moving);
        Ok(Step::Turn(Turn { reports, total, sizes, ask }))
    }

    /// Everything is moved. What the caller hears last is that all of the total is done.
    fn finish(&mut self, ends: Box<Ends>, mut reports: Vec<u64>, total: u64) -> Step {
        let last = reports.last().map_or(self.reported, |&last| (last, total));
        if self.options.watched && total > 0 && last != (total, total) {
            reports.push(total);
        }
        self.phase = Phase::Finishing(ends, total);
        Step::Turn(Turn { reports, total, ..Turn::default() })
    }
}

impl Job for CopyJob {
    fn step(&mut self, sizes: &[usize]) -> Result<Step> {
        let cancel = self.cancel.clone();
        let slice = Slice::new(&cancel);
        let mut sizes = sizes;
        loop {
            slice.check()?;
            let step = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Over => return Err(Errno(libc::EINVAL)),
                Phase::Opening(source) => self.open(source)?,
                Phase::Moving(mut moving) => {
                    moving.chunks.answer(std::mem::take(&mut sizes));
                    self.advance(moving, &slice)?
                }
                Phase::Finishing(ends, total) => {
                    ends.finish(total, &self.options)?;
                    Step::Done(total)
                }
            };
            if step.concerns_caller() || slice.has_expired() {
                return Ok(step);
            }
        }
    }
}

impl Step {
    /// Whether the caller has something to do for it.
    fn concerns_caller(&self) -> bool {
        match self {
            Self::Done(_) => true,
            Self::Turn(turn) => turn.ask.is_some() || !turn.reports.is_empty(),
        }
    }
}

impl Ends {
    /// Makes the destination ours to fill, and a reflink of the source if that is wished and can be:
    /// then returns its length.
    fn share_blocks(&self, options: &CopyOptions) -> Result<Option<u64>> {
        self.destination.narrow(self.source.mode())?;
        if options.reflink == Reflink::Always {
            self.share_or_fail().inspect_err(|_| self.destination.widen())?;
            // A destination that was longer still is.
            return Ok(Some(self.destination.length()?.min(self.source.length()?)));
        }
        self.destination.truncate(0)?;
        let may = options.reflink == Reflink::Auto
            && !options.asks
            && self.source.is_file()
            && self.destination.is_file();
        match may && self.destination.reflink(&self.source).is_ok() {
            true => self.destination.length().map(Some),
            false => Ok(None),
        }
    }

    /// Before anything of the destination is lost, since it may well be refused. `EINVAL` is
    /// what a longer destination brings, as the end of the source lies within one of its blocks.
    fn share_or_fail(&self) -> Result<()> {
        match self.destination.reflink(&self.source) {
            Err(Errno(libc::EINVAL)) if self.destination.length()? > self.source.length()? => {
                self.destination.truncate(0)?;
                self.destination.reflink(&self.source)
            }
            done => done,
        }
    }

    fn finish(self, total: u64, options: &CopyOptions) -> Result<()> {
        self.destination.truncate(total)?;
        self.destination.preserve(&self.source, options.timestamps, options.xattrs)?;
        self.destination.commit(options.fsync)
    }
}

impl Moving {
    fn new(ends: Box<Ends>, options: &CopyOptions) -> Result<Self> {
        let length = match ends.source.shape {
            Shape::Sized(length) => Some(length),
            Shape::Unsized | Shape::Stream => None,
        };
        let has_holes =
            options.sparse && ends.source.may_have_holes() && ends.destination.is_file();
        let fd = ends.source.fd.clone();
        let mut chunks = match length {
            None => Chunks::whole(UNKNOWN, options.block),
            Some(length) if has_holes => {
                let fd = fd.clone();
                let seek = Box::new(move |at| next_extent(&fd, at));
                Chunks::sparse(length, options.block, seek)
            }
            Some(length) => Chunks::whole(length, options.block),
        };
        if options.asks {
            chunks = chunks.asking();
        }
        if let Some(length) = length.filter(|&length| length > options.block as u64) {
            chunks = chunks.reading_ahead(ReadAhead::new(fd, length));
            if !has_holes {
                ends.destination.reserve(length)?;
            }
        }
        let mut tally = Tally::new(options.watched, options.depth);
        if options.fsync && ends.destination.is_file() {
            tally = tally.writing_behind(WriteBehind::new(ends.destination.fd.clone()));
        }
        let mover = ends.mover(length, options)?;
        Ok(Self { mover, chunks, tally, is_length_known: length.is_some(), ends })
    }
}

impl Ends {
    /// A ring for what takes more than one block of a known length; else, and where
    /// no ring can be had, plain system calls.
    fn mover(&self, length: Option<u64>, options: &CopyOptions) -> Result<Box<dyn Mover>> {
        let (source, target) = (self.source.fd.clone(), self.destination.fd.clone());
        let has_offsets = self.destination.has_offsets();
        let (Some(length), true) = (length, has_offsets) else {
            return Ok(Box::new(Stream::new((source, target), has_offsets, options.block)?));
        };
        let blocks = length.div_ceil(options.block as u64);
        let block = options.block.min(usize::try_from(length).unwrap_or(options.block));
        let depth = options.depth.min(usize::try_from(blocks).unwrap_or(options.depth));
        let route = Route { origin: Origin::File(source), target, write_flags: 0 };
        mover(route, depth, block, options.plain)
    }
}

/// A pipeline of `depth` blocks, or its plain twin for a single block and where the kernel refuses a ring.
pub fn mover(route: Route, depth: usize, block: usize, plain: bool) -> Result<Box<dyn Mover>> {
    if depth > 1 && !plain {
        match Pipeline::new(route.clone(), depth, block) {
            // Whatever the reason, a ring is not to be had, and the work can be done without one.
            Err(_) => {}
            Ok(pipeline) => return Ok(Box::new(pipeline)),
        }
    }
    Ok(Box::new(Plain::new(route, block)?))
}

fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::sync::atomic::Ordering;

    const BLOCK: usize = 16 << 10;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|index| (index * 31 + index / 251) as u8).collect()
    }

    fn options(plain: bool) -> CopyOptions {
        CopyOptions { depth: 4, block: BLOCK, sparse: true, plain, ..CopyOptions::default() }
    }

    fn run(from: &Path, to: &Path, options: CopyOptions) -> Result<u64> {
        let mut job = CopyJob::new(from.into(), to.into(), options, Arc::default());
        loop {
            if let Step::Done(total) = job.step(&[])? {
                return Ok(total);
            }
        }
    }

    #[test]
    fn copies_every_length_either_way() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 9 * BLOCK + 77] {
            for plain in [false, true] {
                fs::write(&from, bytes(len)).unwrap();
                fs::write(&to, bytes(3 * BLOCK + 5)).unwrap();
                assert_eq!(run(&from, &to, options(plain)).unwrap(), len as u64);
                assert_eq!(fs::read(&to).unwrap(), bytes(len), "{len} bytes, plain: {plain}");
            }
        }
    }

    #[test]
    fn keeps_holes_and_counts_them_as_done() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let file = fs::File::create(&from).unwrap();
        file.write_all_at(&bytes(3 * BLOCK), 1 << 30).unwrap();
        file.set_len(1 << 40).unwrap();
        for plain in [false, true] {
            assert_eq!(run(&from, &to, options(plain)).unwrap(), 1 << 40);
            let copied = fs::File::open(&to).unwrap();
            let mut found = vec![0; 3 * BLOCK];
            copied.read_exact_at(&mut found, 1 << 30).unwrap();
            assert_eq!(found, bytes(3 * BLOCK));
            assert!(copied.metadata().unwrap().blocks() * 512 < 1 << 20);
        }
    }

    #[test]
    fn leaves_a_file_that_is_copied_onto_itself_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (from, link) = (dir.path().join("from"), dir.path().join("link"));
        fs::write(&from, b"whole").unwrap();
        fs::hard_link(&from, &link).unwrap();
        for atomic in [false, true] {
            let options = CopyOptions { atomic, ..options(false) };
            assert_eq!(run(&from, &link, options), Err(Errno(libc::EINVAL)));
        }
        assert_eq!(fs::read(&link).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn takes_back_what_it_created_when_cancelled() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, bytes(64 * BLOCK)).unwrap();
        let cancel = Arc::new(AtomicBool::new(false));
        let watched = CopyOptions { watched: true, ..options(false) };
        let mut job = CopyJob::new(from, to.clone(), watched, cancel.clone());
        assert!(matches!(job.step(&[]).unwrap(), Step::Turn(_)));
        assert!(to.exists());
        cancel.store(true, Ordering::Relaxed);
        assert_eq!(job.step(&[]), Err(Errno(libc::ECANCELED)));
        drop(job);
        assert!(!to.exists());
    }

    #[test]
    fn reports_each_write_and_ends_with_the_total() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, bytes(10 * BLOCK + 3)).unwrap();
        let watched = CopyOptions { watched: true, ..options(false) };
        let mut job = CopyJob::new(from, to, watched, Arc::default());
        let mut reports = Vec::new();
        while let Step::Turn(turn) = job.step(&[]).unwrap() {
            assert_eq!(turn.total, 10 * BLOCK as u64 + 3);
            reports.extend(turn.reports);
        }
        assert_eq!(reports.len(), 11);
        assert!(reports.is_sorted());
        assert_eq!(reports.last(), Some(&(10 * BLOCK as u64 + 3)));
    }

    #[test]
    fn uses_the_sizes_it_was_told() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, bytes(100)).unwrap();
        let asking = CopyOptions { watched: true, asks: true, ..options(false) };
        let mut job = CopyJob::new(from, to, asking, Arc::default());
        let (mut sizes, mut reports) = (Vec::new(), Vec::new());
        while let Step::Turn(turn) = job.step(&sizes).unwrap() {
            reports.extend(turn.reports);
            sizes = turn.ask.iter().map(|_| 30).collect();
        }
        assert_eq!(reports, [30, 60, 90, 100]);
    }
}
