//! Buffers that the kernel chooses among: rings of provided buffers, and those that were provided
//! one batch at a time, the older way.
//!
//! The kernel keeps their addresses beyond any single operation. So an operation that may use a
//! group counts the group's memory, and the group counts it until it is given back.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::IoUring;

use crate::engine::errno::{Errno, Result};
use crate::engine::regions::{self, Lent, Region};

/// `struct io_uring_buf` of the kernel's interface. In the first one of a ring, `tail` is how many
/// were ever provided; in the others it means nothing.
#[repr(C)]
struct Provided {
    addr: u64,
    len: u32,
    bid: u16,
    tail: AtomicU16,
}

/// Equal buffers in a ring that the kernel takes them from.
struct BufferRing {
    ring: Rc<Region>,
    buffers: Rc<Region>,
    entries: u16,
    size: usize,
    tail: u16,
}

impl BufferRing {
    fn new(entries: u16, size: usize) -> Result<Self> {
        let ring = regions::zeroed(usize::from(entries) * size_of::<Provided>())?;
        let bytes = usize::from(entries).checked_mul(size).ok_or(Errno(libc::ENOMEM))?;
        Ok(Self { ring, buffers: regions::zeroed(bytes)?, entries, size, tail: 0 })
    }

    /// Gives the kernel the first `len` bytes of buffer `index`.
    fn provide(&mut self, index: u16, len: usize) {
        assert!(index < self.entries && len <= self.size, "a buffer of this ring");
        let addr = self.buffers.start() + usize::from(index) * self.size;
        let first = self.ring.start() as *mut Provided;
        let place = usize::from(self.tail & (self.entries - 1));
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: `place` is inside the ring, whose memory `self` keeps. The kernel looks at an entry
        // only once the tail has passed it.
        unsafe {
            let entry = first.add(place);
            (&raw mut (*entry).addr).write(addr as u64);
            (&raw mut (*entry).len).write(len as u32);
            (&raw mut (*entry).bid).write(index);
            (*first).tail.store(self.tail, Ordering::Release);
        }
    }
}

/// The groups of one ring, by number.
#[derive(Default)]
pub struct Groups {
    rings: HashMap<u16, BufferRing>,
    provided: HashMap<u16, Vec<Lent>>,
}

impl Groups {
    /// Makes group `id` a ring of `entries` buffers (a power of two) of `size` bytes each, none of
    /// them provided yet; their memory.
    pub fn add(
        &mut self,
        uring: &IoUring,
        id: u16,
        (entries, size): (u16, usize),
        flags: u16,
    ) -> Result<Rc<Region>> {
        if self.rings.contains_key(&id) || self.provided.contains_key(&id) {
            return Err(Errno(libc::EEXIST));
        }
        let group = BufferRing::new(entries, size)?;
        // SAFETY: the kernel pins the ring's pages; the buffers that will be in it are counted by the
        // group and by each operation that may use it.
        unsafe {
            let start = group.ring.start() as u64;
            uring.submitter().register_buf_ring_with_flags(start, entries, id, flags)?;
        }
        let buffers = group.buffers.clone();
        self.rings.insert(id, group);
        Ok(buffers)
    }

    /// Gives the kernel the first `len` bytes of a buffer of ring `id`.
    pub fn provide(&mut self, id: u16, index: u16, len: usize) -> Result<()> {
        self.rings.get_mut(&id).ok_or(Errno(libc::ENOENT))?.provide(index, len);
        Ok(())
    }

    /// Ends a ring that no operation uses.
    pub fn remove(&mut self, uring: &IoUring, id: u16) -> Result<()> {
        let group = self.rings.get(&id).ok_or(Errno(libc::ENOENT))?;
        if group.buffers.is_lent() {
            return Err(Errno(libc::EBUSY));
        }
        uring.submitter().unregister_buf_ring(id)?;
        self.rings.remove(&id);
        Ok(())
    }

    /// Keeps memory that an operation is about to provide to group `id`.
    pub fn keep(&mut self, id: u16, region: Rc<Region>) {
        let kept = self.provided.entry(id).or_default();
        if !kept.iter().any(|one| one.start() == region.start()) {
            kept.push(Lent::new(region));
        }
    }

    /// Gives back the memory of group `id`, of which the kernel has no buffer any more.
    pub fn release(&mut self, id: u16) {
        self.provided.remove(&id);
    }

    /// The memory that an operation of group `id` may use.
    pub fn memory(&self, id: u16) -> Vec<Rc<Region>> {
        if let Some(group) = self.rings.get(&id) {
            return vec![group.buffers.clone()];
        }
        self.provided.get(&id).map_or_else(Vec::new, |kept| kept.iter().map(Lent::region).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_in_memory_as_the_kernel_has_it() {
        use std::mem::offset_of;
        assert_eq!(size_of::<Provided>(), 16);
        assert_eq!(offset_of!(Provided, tail), 14);
    }

    #[test]
    fn a_group_in_use_is_not_given_back() {
        let uring = IoUring::new(4).unwrap();
        let mut groups = Groups::default();
        let buffers = groups.add(&uring, 7, (4, 100), 0).unwrap();
        assert!(buffers.len() >= 400);
        assert_eq!(groups.add(&uring, 7, (4, 100), 0).err(), Some(Errno(libc::EEXIST)));
        let lent = Lent::new(groups.memory(7).remove(0));
        assert_eq!(groups.remove(&uring, 7), Err(Errno(libc::EBUSY)));
        drop(lent);
        assert_eq!(groups.remove(&uring, 7), Ok(()));
        assert_eq!(groups.provide(7, 0, 1), Err(Errno(libc::ENOENT)));
    }
}
