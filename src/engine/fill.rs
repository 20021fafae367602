//! Writing a new file of a given size: every byte is written, in a fixed pattern.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::chunks::Chunks;
use super::copy::{Job, Step, Turn, mover};
use super::errno::{Errno, Result};
use super::files::{Destination, Wish};
use super::pace::WriteBehind;
use super::transfer::{Mover, Origin, Pause, Route, Slice, Tally};

/// The mode of a new file, before the process's umask.
const MODE: u32 = 0o666;

/// How a file is to be written.
#[derive(Clone, Debug, Default)]
pub struct FillOptions {
    /// Its length in bytes.
    pub length: u64,
    /// Writes in flight.
    pub depth: usize,
    /// Bytes of each.
    pub block: usize,
    /// Sync it before the end.
    pub fsync: bool,
    /// Sync each write (`RWF_DSYNC`, Linux 4.7).
    pub dsync: bool,
    /// Report each completed write.
    pub watched: bool,
    /// Ask for the size of each chunk.
    pub asks: bool,
    /// Make no ring, even where one can be had.
    pub plain: bool,
}

/// Writes one file.
pub struct FillJob {
    path: PathBuf,
    options: FillOptions,
    cancel: Arc<AtomicBool>,
    phase: Phase,
}

enum Phase {
    Opening,
    Writing(Box<Writing>),
    Finishing(Box<Destination>),
    Over,
}

/// A file under way. The mover comes first: it must be gone before the file is.
struct Writing {
    mover: Box<dyn Mover>,
    chunks: Chunks,
    tally: Tally,
    destination: Box<Destination>,
}

impl FillJob {
    /// A file that nothing has been done for yet. Setting `cancel` makes the next slice fail with `ECANCELED`.
    pub fn new(path: PathBuf, options: FillOptions, cancel: Arc<AtomicBool>) -> Self {
        Self { path, options, cancel, phase: Phase::Opening }
    }

    fn open(&self) -> Result<Writing> {
        let options = &self.options;
        let destination = Box::new(Destination::open(&self.path, Wish::default(), MODE)?);
        if !destination.is_seekable() {
            return Err(Errno(libc::ESPIPE));
        }
        destination.truncate(0)?;
        destination.reserve(options.length)?;
        let mut chunks = Chunks::whole(options.length, options.block);
        if options.asks {
            chunks = chunks.asking();
        }
        let mut tally = Tally::new(options.watched, options.depth);
        if options.fsync && destination.is_file() {
            tally = tally.writing_behind(WriteBehind::new(destination.fd.clone()));
        }
        let write_flags = if options.dsync { libc::RWF_DSYNC } else { 0 };
        let target = destination.fd.clone();
        let route = Route { origin: Origin::Pattern, target, write_flags };
        let blocks = options.length.div_ceil(options.block as u64);
        let depth = options.depth.min(usize::try_from(blocks).unwrap_or(options.depth));
        let mover = mover(route, depth, options.block, options.plain)?;
        Ok(Writing { mover, chunks, tally, destination })
    }
}

impl Job for FillJob {
    fn step(&mut self, sizes: &[usize]) -> Result<Step> {
        let cancel = self.cancel.clone();
        let slice = Slice::new(&cancel);
        slice.check()?;
        let mut writing = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => return Err(Errno(libc::EINVAL)),
            Phase::Opening => Box::new(self.open()?),
            Phase::Writing(writing) => writing,
            Phase::Finishing(destination) => {
                destination.commit(self.options.fsync)?;
                return Ok(Step::Done(self.options.length));
            }
        };
        writing.chunks.answer(sizes);
        let Writing { mover, chunks, tally, .. } = &mut *writing;
        let sizes = match mover.run(chunks, tally, &slice)? {
            Pause::End => None,
            Pause::Ask(sizes) => Some(sizes),
            Pause::Breath => Some(0),
        };
        let (reports, total) = (tally.take(), self.options.length);
        let ask = sizes.filter(|&sizes| sizes > 0).map(|_| chunks.ask());
        self.phase = match sizes {
            Some(_) => Phase::Writing(writing),
            None => Phase::Finishing(writing.destination),
        };
        if matches!(self.phase, Phase::Finishing(_)) && reports.is_empty() {
            return self.step(&[]);
        }
        Ok(Step::Turn(Turn { reports, total, sizes: sizes.unwrap_or(0), ask }))
    }
}
