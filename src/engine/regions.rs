//! The native memory that JavaScript may hold views of and the kernel may be lent at the same time.
//!
//! A [`Region`] is counted: by the external `ArrayBuffer` over it, by its pool, and
//! by each operation in flight ([`Lent`]). Whichever lets go last frees it, so no
//! order of `close()`, detaching and garbage collection can free what the kernel
//! holds. Regions are found again by address, which is how an operation tells
//! memory of ours from a caller's own.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::rc::{Rc, Weak};

use super::errno::Result;
use super::memory::Pages;

/// Freed mappings that are kept warm for the next `read()`, in bytes.
const CACHE_LIMIT: usize = 16 << 20;

/// A range of native memory that begins at a page.
#[derive(Debug)]
pub struct Region {
    pages: Option<Rc<Pages>>,
    start: usize,
    len: usize,
    lent: Cell<u32>,
    recycled: bool,
}

impl Region {
    /// The address of the first byte.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the kernel holds it.
    pub fn is_lent(&self) -> bool {
        self.lent.get() > 0
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let Some(pages) = self.pages.take() else { return };
        let _ = REGISTRY.try_with(|registry| {
            let mut registry = registry.borrow_mut();
            registry.forget(self.start);
            if self.recycled
                && registry.cached + self.len <= CACHE_LIMIT
                && let Ok(pages) = Rc::try_unwrap(pages)
            {
                registry.cached += self.len;
                registry.cache.entry(self.len).or_default().push(pages);
            }
        });
    }
}

/// A region in the hands of the kernel.
#[derive(Debug)]
pub struct Lent(Rc<Region>);

impl Lent {
    /// Counts one more operation that uses `region`.
    pub fn new(region: Rc<Region>) -> Self {
        region.lent.set(region.lent.get() + 1);
        Self(region)
    }

    /// What is lent.
    pub fn region(&self) -> Rc<Region> {
        self.0.clone()
    }
}

impl Deref for Lent {
    type Target = Region;

    fn deref(&self) -> &Region {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.lent.set(self.0.lent.get() - 1);
    }
}

/// Page addresses need no better mixing than a multiplication, and this is on the hot path.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only addresses are hashed");
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (address as u64 >> 12).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Default)]
struct Registry {
    by_start: HashMap<usize, Weak<Region>, BuildHasherDefault<AddressHasher>>,
    ordered: BTreeMap<usize, Weak<Region>>,
    last: Weak<Region>,
    cache: HashMap<usize, Vec<Pages>>,
    cached: usize,
}

impl Registry {
    fn add(&mut self, region: &Rc<Region>) {
        self.by_start.insert(region.start, Rc::downgrade(region));
        self.ordered.insert(region.start, Rc::downgrade(region));
    }

    fn forget(&mut self, start: usize) {
        self.by_start.remove(&start);
        self.ordered.remove(&start);
        if self.last.upgrade().is_some_and(|region| region.start == start) {
            self.last = Weak::new();
        }
    }

    fn find(&mut self, address: usize, len: usize) -> Option<Rc<Region>> {
        let inside = |region: &Rc<Region>| {
            address >= region.start
                && len <= region.len
                && address - region.start <= region.len - len
        };
        let exact = self.by_start.get(&address).and_then(Weak::upgrade);
        if let Some(region) = exact.or_else(|| self.last.upgrade()).filter(inside) {
            return Some(region);
        }
        let (_, below) = self.ordered.range(..=address).next_back()?;
        let region = below.upgrade().filter(inside)?;
        self.last = Rc::downgrade(&region);
        Some(region)
    }
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

fn register(pages: Rc<Pages>, start: usize, len: usize, recycled: bool) -> Rc<Region> {
    let region = Region { pages: Some(pages), start, len, lent: Cell::new(0), recycled };
    let region = Rc::new(region);
    REGISTRY.with_borrow_mut(|registry| registry.add(&region));
    region
}

/// One region of zeros.
pub fn zeroed(len: usize) -> Result<Rc<Region>> {
    let pages = Rc::new(Pages::new(len)?);
    let (start, len) = (pages.at(0) as usize, pages.len());
    Ok(register(pages, start, len, false))
}

/// `count` regions of zeros in one mapping.
pub fn zeroed_many(count: usize, len: usize) -> Result<Vec<Rc<Region>>> {
    let step = len.max(1).next_multiple_of(super::memory::page_size());
    let total = step.checked_mul(count).ok_or(super::errno::Errno(libc::ENOMEM))?;
    let pages = Rc::new(Pages::new(total)?);
    let region = |index| register(pages.clone(), pages.at(index * step) as usize, step, false);
    Ok((0..count).map(region).collect())
}

/// One region of whatever bytes were there before, which is faster than zeros.
pub fn unzeroed(len: usize) -> Result<Rc<Region>> {
    let len = len.max(1).next_multiple_of(super::memory::page_size());
    let warm = REGISTRY.with_borrow_mut(|registry| {
        let pages = registry.cache.get_mut(&len)?.pop()?;
        registry.cached -= len;
        Some(pages)
    });
    let pages = Rc::new(warm.map_or_else(|| Pages::new(len), Ok)?);
    let start = pages.at(0) as usize;
    Ok(register(pages, start, len, true))
}

/// The region in which these bytes lie wholly.
pub fn find(address: usize, len: usize) -> Option<Rc<Region>> {
    REGISTRY.with_borrow_mut(|registry| registry.find(address, len))
}

/// Makes a region unfindable: its pointers are invalid from now on, though its memory
/// lives until the last who counts it lets go.
pub fn unlist(region: &Region) {
    REGISTRY.with_borrow_mut(|registry| registry.forget(region.start));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_lies_wholly_inside() {
        let regions = zeroed_many(3, 4096).unwrap();
        let start = regions[1].start();
        assert_eq!(find(start, 4096).unwrap().start(), start);
        assert_eq!(find(start + 1, 4095).unwrap().start(), start);
        assert_eq!(find(start + 4096, 0).unwrap().start(), start + 4096);
        assert!(find(start + 1, 4096).is_none(), "it would reach into the next");
        assert!(find(start, usize::MAX).is_none());
        assert!(find(16, 1).is_none());
    }

    #[test]
    fn forgets_what_is_unlisted_or_freed() {
        let region = zeroed(4096).unwrap();
        let start = region.start();
        let lent = Lent::new(region.clone());
        assert!(region.is_lent());
        unlist(&region);
        assert!(find(start, 1).is_none());
        drop(lent);
        assert!(!region.is_lent());
        let other = unzeroed(100).unwrap();
        let start = other.start();
        drop(other);
        assert!(find(start, 1).is_none());
        assert_eq!(unzeroed(100).unwrap().start(), start, "a freed mapping is used again");
    }
}
