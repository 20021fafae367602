//! What is to be moved, chunk by chunk and in order: extents of data, holes between
//! them, and the size of each chunk, fixed or asked of the caller one turn at a time.

use std::collections::VecDeque;

use super::errno::Result;
use super::pace::ReadAhead;

/// A run of bytes to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins, in both files.
    pub offset: u64,
    /// Its length in bytes, never 0.
    pub len: usize,
}

/// A range of data; what lies between two extents is a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// What [`Chunks::take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Move this.
    Chunk(Chunk),
    /// The caller is to say how large the next chunk is.
    Ask,
    /// There is no more.
    End,
}

/// A request for chunk sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where the next chunk begins.
    pub offset: u64,
    /// Chunks are contiguous up to here; beyond it a new request is needed.
    pub end: u64,
}

/// A chunk whose size the caller chose larger than this is moved in pieces of it: each
/// lane of a pipeline holds one in memory.
const PIECE: usize = 64 << 20;

/// Finds the next extent of data at or after an offset; `None` when only a hole is left.
pub type Seek = Box<dyn FnMut(u64) -> Result<Option<Extent>> + Send>;

/// The chunks of one job.
pub struct Chunks {
    total: u64,
    at: u64,
    extent: Extent,
    seek: Option<Seek>,
    block: usize,
    sizes: Option<VecDeque<usize>>,
    holes: u64,
    ahead: Option<ReadAhead>,
}

impl Chunks {
    /// `total` bytes without holes, in blocks of `block`.
    pub fn whole(total: u64, block: usize) -> Self {
        let extent = Extent { start: 0, end: total };
        Self { total, at: 0, extent, seek: None, block, sizes: None, holes: 0, ahead: None }
    }

    /// `total` bytes of which only the extents that `seek` finds are data.
    pub fn sparse(total: u64, block: usize, seek: Seek) -> Self {
        let extent = Extent { start: 0, end: 0 };
        Self { extent, seek: Some(seek), ..Self::whole(total, block) }
    }

    /// The same, with the size of each chunk given through [`Chunks::answer`].
    pub fn asking(mut self) -> Self {
        self.sizes = Some(VecDeque::new());
        self
    }

    /// The same, with the disk kept ahead of what is handed out.
    pub fn reading_ahead(self, ahead: ReadAhead) -> Self {
        Self { ahead: Some(ahead), ..self }
    }

    /// The chunk to move next.
    pub fn take(&mut self) -> Result<Next> {
        if !self.find_data()? {
            return Ok(Next::End);
        }
        let room = usize::try_from(self.extent.end - self.at).unwrap_or(usize::MAX);
        let len = match &mut self.sizes {
            None => self.block.min(room),
            Some(sizes) => {
                let Some(size) = sizes.pop_front() else { return Ok(Next::Ask) };
                let size = size.min(room);
                if size > PIECE {
                    sizes.push_front(size - PIECE);
                }
                size.min(PIECE)
            }
        };
        let chunk = Chunk { offset: self.at, len };
        if let Some(ahead) = &mut self.ahead {
            ahead.reached(self.at);
        }
        self.at += len as u64;
        Ok(Next::Chunk(chunk))
    }

    /// The next chunk without taking it, for who may find less than it.
    pub fn peek(&mut self) -> Result<Next> {
        let next = self.take()?;
        if let Next::Chunk(chunk) = next {
            self.at = chunk.offset;
            if let Some(sizes) = &mut self.sizes {
                sizes.push_front(chunk.len);
            }
        }
        Ok(next)
    }

    /// Takes the next chunk, of which only `count` bytes were there.
    pub fn skip(&mut self, count: usize) {
        self.at += count as u64;
        if let Some(sizes) = &mut self.sizes {
            sizes.pop_front();
        }
    }

    /// Whether the sizes of chunks are the caller's.
    pub fn asks(&self) -> bool {
        self.sizes.is_some()
    }

    /// Moves on to data, counting the holes passed over. False at the end.
    fn find_data(&mut self) -> Result<bool> {
        while self.at >= self.extent.end && self.at < self.total {
            let found = match &mut self.seek {
                Some(seek) => seek(self.at)?,
                None => None,
            };
            let Some(extent) = found.filter(|extent| extent.start < self.total) else {
                self.holes += self.total - self.at;
                self.at = self.total;
                break;
            };
            let start = extent.start.max(self.at);
            self.holes += start - self.at;
            self.at = start;
            self.extent = Extent { start, end: extent.end.clamp(start, self.total) };
        }
        Ok(self.at < self.total)
    }

    /// What to ask the caller, after [`Next::Ask`].
    pub fn ask(&self) -> Ask {
        Ask { offset: self.at, end: self.extent.end }
    }

    /// The caller's answer: sizes of the chunks to come, each at least 1.
    pub fn answer(&mut self, sizes: &[usize]) {
        if let Some(queue) = &mut self.sizes {
            queue.extend(sizes.iter().copied().filter(|&size| size > 0));
        }
    }

    /// The data ended at `end`: nothing at or after it is handed out any more.
    pub fn cut(&mut self, end: u64) {
        self.total = self.total.min(end);
        self.extent.end = self.extent.end.min(end);
    }

    /// The length of the whole, holes counted, as known now.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes of holes that were passed over.
    pub fn holes(&self) -> u64 {
        self.holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &mut Chunks) -> Vec<(u64, usize)> {
        let mut found = Vec::new();
        while let Next::Chunk(chunk) = chunks.take().unwrap() {
            found.push((chunk.offset, chunk.len));
        }
        found
    }

    fn extents(list: &'static [(u64, u64)]) -> Seek {
        Box::new(move |at| {
            let found = list.iter().find(|(_, end)| *end > at);
            Ok(found.map(|&(start, end)| Extent { start, end }))
        })
    }

    #[test]
    fn covers_a_whole_file_with_a_short_last_chunk() {
        assert_eq!(all(&mut Chunks::whole(10, 4)), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!(all(&mut Chunks::whole(0, 4)), []);
    }

    #[test]
    fn passes_over_holes_and_counts_them() {
        let mut chunks = Chunks::sparse(100, 16, extents(&[(10, 30), (50, 60)]));
        assert_eq!(all(&mut chunks), [(10, 16), (26, 4), (50, 10)]);
        assert_eq!(chunks.holes(), 10 + 20 + 40);
    }

    #[test]
    fn asks_where_sizes_are_the_callers() {
        let mut chunks = Chunks::sparse(100, 16, extents(&[(10, 30), (90, 200)])).asking();
        assert_eq!(chunks.take().unwrap(), Next::Ask);
        assert_eq!(chunks.ask(), Ask { offset: 10, end: 30 });
        chunks.answer(&[15, 15]);
        assert_eq!(all(&mut chunks), [(10, 15), (25, 5)]);
        assert_eq!(chunks.ask(), Ask { offset: 90, end: 100 });
    }

    #[test]
    fn moves_a_huge_chunk_in_pieces() {
        let (first, second) = (PIECE + 5, PIECE - 5);
        let mut chunks = Chunks::whole(2 * PIECE as u64 + 7, 16).asking();
        chunks.answer(&[first, second, usize::MAX]);
        let (a, b) = (PIECE as u64, PIECE as u64 + 5);
        assert_eq!(all(&mut chunks), [(0, PIECE), (a, 5), (b, second), (2 * a, 7)]);
        assert_eq!(chunks.total(), 2 * PIECE as u64 + 7);
    }

    #[test]
    fn hands_out_nothing_beyond_a_cut() {
        let mut chunks = Chunks::whole(100, 10);
        assert_eq!(chunks.take().unwrap(), Next::Chunk(Chunk { offset: 0, len: 10 }));
        chunks.cut(15);
        assert_eq!(all(&mut chunks), [(10, 5)]);
        assert_eq!(chunks.total(), 15);
    }
}
