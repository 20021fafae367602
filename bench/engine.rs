//! The engine alone, without JavaScript, as a competitor of the bench that keeps running: the limit
//! for what is built on it. It reads `task<TAB>argument...` a line and answers with the seconds that
//! the work took, as `peer` in competitors.js has it.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use uring::engine::copy::{CopyJob, CopyOptions, Job, Reflink, Step};
use uring::engine::errno::Result;
use uring::engine::fill::{FillJob, FillOptions};

const MIB: u64 = 1 << 20;
const BLOCK: usize = 256 * 1024;

fn finish(mut job: impl Job) -> Result<u64> {
    loop {
        if let Step::Done(bytes) = job.step(&[])? {
            return Ok(bytes);
        }
    }
}

fn not_cancelled() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

fn copy(from: &str, to: &str, fsync: bool) -> Result<u64> {
    let options = CopyOptions {
        depth: 4,
        block: BLOCK,
        fsync,
        sparse: true,
        reflink: Reflink::Auto,
        ..CopyOptions::default()
    };
    finish(CopyJob::new(PathBuf::from(from), PathBuf::from(to), options, not_cancelled()))
}

fn write(to: &Path, mib: &str, depth: usize, block: usize) -> Result<u64> {
    let length = mib.parse::<u64>().expect("a number of MiB") * MIB;
    let options = FillOptions { length, depth, block, ..FillOptions::default() };
    finish(FillJob::new(to.to_owned(), options, not_cancelled()))
}

fn write_many(folder: &str, count: &str, mib: &str) -> Result<u64> {
    let count: u32 = count.parse().expect("a number of files");
    (0..count)
        .map(|index| write(&Path::new(folder).join(format!("file_{index:06}.dat")), mib, 1, BLOCK))
        .sum()
}

fn run(line: &str) -> Result<u64> {
    match line.split('\t').collect::<Vec<_>>()[..] {
        ["copy", from, to, fsync] => copy(from, to, fsync == "fsync"),
        ["write", to, mib, depth, block] => write(
            Path::new(to),
            mib,
            depth.parse().expect("a queue depth"),
            block.parse().expect("a block size"),
        ),
        ["writeMany", folder, count, mib] => write_many(folder, count, mib),
        _ => panic!("no such task: {line}"),
    }
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let begin = Instant::now();
        match run(&line.expect("a line of text")) {
            Ok(_) => println!("{}", begin.elapsed().as_secs_f64()),
            Err(errno) => println!("error: errno {}", errno.0),
        }
    }
}
