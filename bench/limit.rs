//! Reads as fast as io_uring gives them, without JavaScript: the limit for what the ring's methods can
//! reach. One thread, a registered file, registered page-aligned buffers, SINGLE_ISSUER and
//! DEFER_TASKRUN; all that is done with a block is to look at how many bytes came.
//!
//! `limit FILE --block 4096 --depth N --reads N [--seed N] [--direct] [--sequential]`, or
//! `limit --nop --depth N --reads N`, where no operation does anything. It prints one line of JSON:
//! the reads, and the seconds from the first submission to the last completion.

// The io-uring crate asks that what a submission entry points to lives until its completion. All that
// ours point to is memory of `Buffers`, which is never freed.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::fs::{File, OpenOptions};
use std::io::{Error, Result};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Instant;

use io_uring::{IoUring, opcode, squeue, types};

const PAGE: usize = 4096;

struct Options {
    file: Option<String>,
    block: usize,
    depth: usize,
    reads: u64,
    seed: u32,
    direct: bool,
    sequential: bool,
}

impl Options {
    fn of_command_line() -> Options {
        let mut options = Options {
            file: None,
            block: PAGE,
            depth: 1,
            reads: 1,
            seed: 1,
            direct: false,
            sequential: false,
        };
        let mut is_nop = false;
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || -> u32 {
                let value = args.next().unwrap_or_default();
                value.parse().unwrap_or_else(|_| panic!("{arg} wants a number, not {value:?}"))
            };
            match arg.as_str() {
                "--block" => options.block = number() as usize,
                "--depth" => options.depth = number() as usize,
                "--reads" => options.reads = number().into(),
                "--seed" => options.seed = number(),
                "--direct" => options.direct = true,
                "--sequential" => options.sequential = true,
                "--nop" => is_nop = true,
                _ => options.file = Some(arg),
            }
        }
        assert_eq!(is_nop, options.file.is_none(), "either FILE or --nop");
        assert!(options.block > 0 && options.depth > 0, "--block and --depth must be positive");
        options
    }
}

/// Where to read next. The same offsets as of `offsetsOf` in peers/reads.js.
struct Offsets {
    state: u32,
    next: u64,
    blocks: u64,
    block: u64,
    sequential: bool,
}

impl Offsets {
    fn next(&mut self) -> u64 {
        if self.sequential {
            let index = self.next % self.blocks;
            self.next += 1;
            return index * self.block;
        }
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.state) * self.blocks) >> 32) * self.block
    }
}

/// Page-aligned memory, one block after the other. It is never freed: an error may leave reads in
/// flight that still fill it.
struct Buffers {
    memory: *mut u8,
    layout: Layout,
    block: usize,
}

impl Buffers {
    fn new(count: usize, block: usize) -> Buffers {
        let layout = Layout::from_size_align(count * block, PAGE).expect("a size that exists");
        // SAFETY: the size is not zero, since neither depth nor block is.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        Buffers { memory, layout, block }
    }

    fn at(&self, index: usize) -> *mut u8 {
        assert!((index + 1) * self.block <= self.layout.size());
        // SAFETY: the block lies within the memory, as just seen.
        unsafe { self.memory.add(index * self.block) }
    }

    fn register(&self, ring: &IoUring) -> Result<()> {
        let iovec = |index| libc::iovec { iov_base: self.at(index).cast(), iov_len: self.block };
        let iovecs: Vec<_> = (0..self.layout.size() / self.block).map(iovec).collect();
        // SAFETY: the memory is never freed.
        unsafe { ring.submitter().register_buffers(&iovecs) }
    }
}

struct Reader {
    ring: IoUring,
    buffers: Buffers,
    file: Option<(File, Offsets)>,
}

impl Reader {
    fn new(options: &Options) -> Result<Reader> {
        let entries = u32::try_from(options.depth).expect("a depth").next_power_of_two();
        let ring = IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(entries)?;
        let buffers = Buffers::new(options.depth, options.block);
        buffers.register(&ring)?;
        let file = options.file.as_deref().map(|path| open(path, options)).transpose()?;
        if let Some((file, _)) = &file {
            ring.submitter().register_files(&[file.as_raw_fd()])?;
        }
        Ok(Reader { ring, buffers, file })
    }

    fn entry(&mut self, slot: usize) -> squeue::Entry {
        let entry = match &mut self.file {
            None => opcode::Nop::new().build(),
            Some((_, offsets)) => {
                let length = u32::try_from(self.buffers.block).expect("a block");
                let index = u16::try_from(slot).expect("a depth that registered buffers allow");
                opcode::ReadFixed::new(types::Fixed(0), self.buffers.at(slot), length, index)
                    .offset(offsets.next())
                    .build()
            }
        };
        entry.user_data(slot as u64)
    }

    /// Keeps `depth` reads in flight until `reads` are done.
    fn run(&mut self, depth: usize, reads: u64) -> Result<()> {
        let wanted = if self.file.is_some() { self.buffers.block } else { 0 };
        let mut free: Vec<usize> = (0..depth).collect();
        let (mut started, mut done) = (0, 0);
        while done < reads {
            while started < reads {
                let Some(slot) = free.pop() else { break };
                let entry = self.entry(slot);
                // SAFETY: the memory is never freed, and nothing else is read into a free slot.
                unsafe { self.ring.submission().push(&entry) }.expect("as many entries as slots");
                started += 1;
            }
            self.ring.submit_and_wait(1)?;
            for completion in self.ring.completion() {
                match usize::try_from(completion.result()) {
                    Ok(bytes) if bytes == wanted => (),
                    Ok(bytes) => return Err(Error::other(format!("a read of {bytes} bytes"))),
                    Err(_) => return Err(Error::from_raw_os_error(-completion.result())),
                }
                free.push(usize::try_from(completion.user_data()).expect("a slot"));
                done += 1;
            }
        }
        Ok(())
    }
}

fn open(path: &str, options: &Options) -> Result<(File, Offsets)> {
    let flags = if options.direct { libc::O_DIRECT } else { 0 };
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let block = options.block as u64;
    let blocks = file.metadata()?.len() / block;
    assert!(blocks > 0, "{path} is smaller than a block");
    let sequential = options.sequential;
    Ok((file, Offsets { state: options.seed, next: 0, blocks, block, sequential }))
}

fn main() -> Result<()> {
    let options = Options::of_command_line();
    let mut reader = Reader::new(&options)?;
    let begin = Instant::now();
    reader.run(options.depth, options.reads)?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{{\"reads\":{},\"seconds\":{seconds}}}", options.reads);
    Ok(())
}
