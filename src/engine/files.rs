//! The two ends of a copy as files: what they are, opening them without harm, and
//! the promise that what a failed job created is gone again.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, CString, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::chunks::Extent;
use super::errno::{Errno, Result, check, retry};

/// Permission bits, with set-user-ID, set-group-ID and sticky.
const MODE_BITS: u32 = 0o7777;

/// `f_type` of ext2, ext3 and ext4 in statfs(2).
const EXT4_SUPER_MAGIC: i64 = 0xEF53;

/// `f_type` of CIFS and SMB2 mounts.
const CIFS: [i64; 2] = [0xFF53_4D42, 0xFE53_4D42];

/// What kind of bytes a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A regular file or a block device: offsets, and a length known beforehand.
    Sized(u64),
    /// A regular file that says 0 and may hold more, as those in `/proc` do.
    Unsized,
    /// A pipe or a character device: no offsets.
    Stream,
}

/// A file to copy from.
pub struct Source {
    /// Open for reading.
    pub fd: Arc<OwnedFd>,
    /// What it holds.
    pub shape: Shape,
    meta: std::fs::Metadata,
}

/// A `path` as the kernel wants it; a NUL byte is `EINVAL`.
pub fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))
}

/// Opens as open(2) does, for this process only (`O_CLOEXEC`).
pub fn open(path: &Path, flags: i32, mode: u32) -> Result<OwnedFd> {
    let path = c_path(path)?;
    // SAFETY: the path is terminated and outlives the call.
    let fd =
        retry(|| unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) as isize })?;
    // SAFETY: the descriptor is fresh and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// fstat(2).
pub fn metadata(fd: &OwnedFd) -> Result<std::fs::Metadata> {
    Ok(with_file(fd, File::metadata)?)
}

/// Lends a descriptor to the standard library, without giving it away.
fn with_file<T>(fd: &OwnedFd, call: impl FnOnce(&File) -> T) -> T {
    // SAFETY: the `File` is taken apart again below, so that it never closes the descriptor.
    let file = unsafe { File::from_raw_fd(fd.as_raw_fd()) };
    let result = call(&file);
    let _ = file.into_raw_fd();
    result
}

impl Source {
    /// Opens a file for reading: `EISDIR` for a directory. A FIFO that nobody writes to yet is no obstacle.
    pub fn open(path: &Path) -> Result<Self> {
        let fd = open(path, libc::O_RDONLY | libc::O_NONBLOCK, 0)?;
        let meta = metadata(&fd)?;
        let kind = meta.file_type();
        if kind.is_dir() {
            return Err(Errno(libc::EISDIR));
        }
        let shape = if kind.is_file() && meta.len() > 0 {
            Shape::Sized(meta.len())
        } else if kind.is_file() {
            Shape::Unsized
        } else if kind.is_block_device() {
            let length = seek(&fd, 0, libc::SEEK_END)?;
            seek(&fd, 0, libc::SEEK_SET)?;
            Shape::Sized(length)
        } else {
            Shape::Stream
        };
        if shape != Shape::Stream {
            set_blocking(&fd)?;
        }
        Ok(Self { fd: Arc::new(fd), shape, meta })
    }

    /// Whether less is allocated than the length says, which is how holes show.
    pub fn may_have_holes(&self) -> bool {
        self.meta.file_type().is_file() && self.meta.blocks() * 512 < self.meta.len()
    }

    /// The length now, where it has one.
    pub fn length(&self) -> Result<u64> {
        Ok(metadata(&self.fd)?.len())
    }

    /// Whether it is a regular file, which is what a reflink takes.
    pub fn is_file(&self) -> bool {
        self.meta.file_type().is_file()
    }
}

fn set_blocking(fd: &OwnedFd) -> Result<()> {
    // SAFETY: fcntl on an open descriptor, with an integer.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) } as isize)? as i32;
    let flags = flags & !libc::O_NONBLOCK;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) } as isize).map(drop)
}

fn seek(fd: &OwnedFd, offset: u64, whence: i32) -> Result<u64> {
    // SAFETY: lseek takes no memory.
    let at = unsafe { libc::lseek64(fd.as_raw_fd(), offset.cast_signed(), whence) };
    u64::try_from(at).map_err(|_| Errno::last())
}

/// The next extent of data at or after `from`. Where the filesystem can't tell, all of it is data.
pub fn next_extent(fd: &OwnedFd, from: u64) -> Result<Option<Extent>> {
    let start = match seek(fd, from, libc::SEEK_DATA) {
        Err(Errno(libc::ENXIO)) => return Ok(None),
        Err(Errno(libc::EINVAL)) => return Ok(Some(Extent { start: from, end: u64::MAX })),
        start => start?,
    };
    let end = match seek(fd, start, libc::SEEK_HOLE) {
        Err(Errno(libc::ENXIO)) => start,
        end => end?,
    };
    Ok(Some(Extent { start, end }))
}

/// What becomes of an existing destination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Refuse to touch it (`EEXIST`).
    pub exclusive: bool,
    /// Replace it in one step when the copy is complete.
    pub atomic: bool,
}

/// A file to copy to. Dropped before [`Destination::commit`], it takes away what it created.
pub struct Destination {
    /// Open for writing.
    pub fd: Arc<OwnedFd>,
    created: Option<PathBuf>,
    rename_to: Option<PathBuf>,
    wish: Wish,
    meta: std::fs::Metadata,
    reserved: Cell<u64>,
}

impl Destination {
    /// Opens or creates the destination, unharmed: it is neither truncated nor
    /// changed until the job says so. `ENXIO`: a FIFO that nobody reads yet.
    pub fn open(path: &Path, wish: Wish, mode: u32) -> Result<Self> {
        if wish.atomic {
            return Self::open_beside(path, wish, mode);
        }
        let flags = libc::O_WRONLY | libc::O_NONBLOCK;
        let fresh = open(path, flags | libc::O_CREAT | libc::O_EXCL, mode & 0o777);
        let (fd, is_new) = match fresh {
            Ok(fd) => (fd, true),
            Err(Errno(libc::EEXIST)) if !wish.exclusive => match open(path, flags, 0) {
                Err(Errno(libc::ENOENT)) => {
                    (open(path, flags | libc::O_CREAT, mode & 0o777)?, true)
                }
                fd => (fd?, false),
            },
            Err(errno) => return Err(errno),
        };
        let meta = metadata(&fd)?;
        let created = is_new.then(|| real_path(&fd, path));
        let destination =
            Self { fd: Arc::new(fd), created, rename_to: None, wish, meta, reserved: Cell::new(0) };
        if destination.has_offsets() {
            set_blocking(&destination.fd)?;
        }
        Ok(destination)
    }

    /// A temporary file in the directory of what `path` finally leads to.
    fn open_beside(path: &Path, wish: Wish, mode: u32) -> Result<Self> {
        let is_there = std::fs::symlink_metadata(path).is_ok();
        if is_there && wish.exclusive {
            return Err(Errno(libc::EEXIST));
        }
        if path.as_os_str().is_empty() {
            return Err(Errno(libc::ENOENT));
        }
        let target = follow_links(path)?;
        if target.is_dir() || path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(Errno(libc::EISDIR));
        }
        if std::fs::metadata(&target).is_ok_and(|meta| !meta.file_type().is_file()) {
            return Err(Errno(libc::EINVAL));
        }
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        let (fd, temporary) = loop {
            let name = format!(".uring-{:016x}.tmp", random());
            let temporary = target.with_file_name(name);
            match open(&temporary, flags, mode & 0o700) {
                Err(Errno(libc::EEXIST)) => {}
                fd => break (fd?, temporary),
            }
        };
        let meta = metadata(&fd)?;
        let (created, rename_to) = (Some(temporary), Some(target));
        Ok(Self { fd: Arc::new(fd), created, rename_to, wish, meta, reserved: Cell::new(0) })
    }

    /// Whether the destination is `source` itself, by whatever path.
    pub fn is(&self, source: &Source) -> bool {
        let same = |meta: &std::fs::Metadata| {
            (meta.dev(), meta.ino()) == (source.meta.dev(), source.meta.ino())
        };
        let replaced = self.rename_to.as_ref().and_then(|path| std::fs::metadata(path).ok());
        same(&self.meta) || replaced.as_ref().is_some_and(same)
    }

    /// Whether writes go to offsets (a regular file or a block device).
    pub fn has_offsets(&self) -> bool {
        let kind = self.meta.file_type();
        kind.is_file() || kind.is_block_device()
    }

    /// Whether it can be written at an offset at all: what has none may still take one, as `/dev/null` does.
    pub fn is_seekable(&self) -> bool {
        seek(&self.fd, 0, libc::SEEK_CUR).is_ok()
    }

    /// Whether it is a regular file, with a length and a mode of its own.
    pub fn is_file(&self) -> bool {
        self.meta.file_type().is_file()
    }

    /// Lets nobody read what `source_mode` forbids.
    pub fn narrow(&self, source_mode: u32) -> Result<()> {
        let narrow = self.meta.mode() & source_mode & 0o777;
        if !self.is_file() || narrow == self.meta.mode() & MODE_BITS {
            return Ok(());
        }
        set_mode(&self.fd, narrow)
    }

    /// Takes [`Destination::narrow`] back, as far as that can be.
    pub fn widen(&self) {
        if self.is_file() {
            let _ = set_mode(&self.fd, self.meta.mode() & MODE_BITS);
        }
    }

    /// The length now.
    pub fn length(&self) -> Result<u64> {
        Ok(metadata(&self.fd)?.len())
    }

    /// Sets the length, unless it is that already: ext4 takes a file that was cut to
    /// nothing for one that is being replaced, and writes it out when it is closed.
    pub fn truncate(&self, len: u64) -> Result<()> {
        let is_reserved = self.reserved.get() > len;
        if !self.is_file() || (!is_reserved && metadata(&self.fd)?.len() == len) {
            return Ok(());
        }
        // SAFETY: ftruncate takes no memory.
        retry(|| unsafe { libc::ftruncate64(self.fd.as_raw_fd(), len.cast_signed()) as isize })
            .map(drop)
    }

    /// Reserves the blocks of `len` bytes, where that was measured to pay: on ext4 it
    /// saves a fifth of the time; elsewhere it gains nothing and may cost compression.
    pub fn reserve(&self, len: u64) -> Result<()> {
        if !self.is_file() || filesystem(&self.fd) != Some(EXT4_SUPER_MAGIC) {
            return Ok(());
        }
        let fd = self.fd.as_raw_fd();
        // SAFETY: fallocate takes no memory.
        let reserved = retry(|| unsafe {
            libc::fallocate64(fd, libc::FALLOC_FL_KEEP_SIZE, 0, len.cast_signed()) as isize
        });
        match reserved {
            Err(errno @ Errno(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EIO)) => Err(errno),
            Err(_) => Ok(()),
            Ok(_) => {
                self.reserved.set(len);
                Ok(())
            }
        }
    }

    /// Shares the blocks of `source` (`FICLONE`, ioctl_ficlonerange(2)).
    pub fn reflink(&self, source: &Source) -> Result<()> {
        // SAFETY: the argument is a descriptor number.
        let done =
            unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::FICLONE, source.fd.as_raw_fd()) };
        check(done as isize).map(drop)
    }

    /// Gives the destination the source's permission bits, and what else is to be kept of it.
    pub fn preserve(&self, source: &Source, timestamps: bool, xattrs: bool) -> Result<()> {
        if !self.is_file() {
            return Ok(());
        }
        let mode = source.mode();
        if xattrs {
            self.copy_xattrs(source)?;
        }
        if metadata(&self.fd)?.mode() & MODE_BITS != mode {
            set_mode(&self.fd, mode)?;
        }
        if timestamps { set_times(&self.fd, &source.meta) } else { Ok(()) }
    }

    /// Setting one takes the right to write, even of who has the file open: the owner gets it for
    /// that long when the mode withholds it.
    fn copy_xattrs(&self, source: &Source) -> Result<()> {
        match super::xattrs::copy(&source.fd, &self.fd) {
            Err(Errno(libc::EACCES)) if source.mode() & 0o200 == 0 => {
                set_mode(&self.fd, metadata(&self.fd)?.mode() & 0o777 | 0o200)?;
                super::xattrs::copy(&source.fd, &self.fd)
            }
            done => done,
        }
    }

    /// The job is done: keeps the file, under its final name. With `sync` it is on
    /// the disk when this returns, and so is the new name of an atomic one.
    pub fn commit(mut self, sync: bool) -> Result<()> {
        if sync {
            fsync(&self.fd)?;
        }
        if let (Some(from), Some(to)) = (&self.created, &self.rename_to) {
            rename(from, to, self.wish.exclusive)?;
            let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new(".")).to_path_buf();
            self.created = None;
            if sync {
                fsync(&open(&directory, libc::O_RDONLY | libc::O_DIRECTORY, 0)?)?;
            }
        }
        self.created = None;
        Ok(())
    }
}

impl Drop for Destination {
    /// Removes what was created, unless something else has its name by now.
    fn drop(&mut self) {
        let Some(path) = self.created.take() else { return };
        let ours = (self.meta.dev(), self.meta.ino());
        let there = std::fs::symlink_metadata(&path).map(|meta| (meta.dev(), meta.ino()));
        if there.is_ok_and(|there| there == ours) {
            // A file that can't be removed stays; the job's own error is the one to report.
            let _ = std::fs::remove_file(&path);
        }
    }
}

impl Source {
    /// The permission bits.
    pub fn mode(&self) -> u32 {
        self.meta.mode() & MODE_BITS
    }
}

/// fsync(2).
pub fn fsync(fd: &OwnedFd) -> Result<()> {
    // SAFETY: fsync takes no memory.
    match retry(|| unsafe { libc::fsync(fd.as_raw_fd()) as isize }) {
        // A pipe or a device has nothing to sync.
        Err(Errno(libc::EINVAL)) => Ok(()),
        done => done.map(drop),
    }
}

fn set_mode(fd: &OwnedFd, mode: u32) -> Result<()> {
    // SAFETY: fchmod takes no memory.
    match retry(|| unsafe { libc::fchmod(fd.as_raw_fd(), mode) as isize }) {
        // A CIFS share has no modes unless it is mounted so that it keeps some; `fs.copyFile` lets it pass too.
        Err(Errno(libc::EPERM)) if filesystem(fd).is_some_and(|kind| CIFS.contains(&kind)) => {
            Ok(())
        }
        done => done.map(drop),
    }
}

fn set_times(fd: &OwnedFd, meta: &std::fs::Metadata) -> Result<()> {
    let time = |tv_sec, tv_nsec| libc::timespec { tv_sec, tv_nsec };
    let times = [time(meta.atime(), meta.atime_nsec()), time(meta.mtime(), meta.mtime_nsec())];
    // SAFETY: two timespecs, on this frame.
    check(unsafe { libc::futimens(fd.as_raw_fd(), times.as_ptr()) } as isize).map(drop)
}

fn filesystem(fd: &OwnedFd) -> Option<i64> {
    // SAFETY: zero bytes are a valid `statfs`, which the kernel then fills.
    let (done, found) = unsafe {
        let mut found: libc::statfs64 = std::mem::zeroed();
        (libc::fstatfs64(fd.as_raw_fd(), &raw mut found), found)
    };
    // Its type differs from target to target.
    #[allow(clippy::unnecessary_cast)]
    (done == 0).then_some(found.f_type as i64)
}

fn rename(from: &Path, to: &Path, exclusive: bool) -> Result<()> {
    if !exclusive {
        return Ok(std::fs::rename(from, to)?);
    }
    // A hard link never replaces, on any kernel and filesystem that has them; the temporary name goes after.
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(std::fs::remove_file(from)?),
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Err(error.into()),
        Err(_) => rename_new(&c_path(from)?, &c_path(to)?),
    }
}

fn rename_new(from: &CStr, to: &CStr) -> Result<()> {
    const RENAME_NOREPLACE: libc::c_uint = 1;
    let here = libc::AT_FDCWD;
    // SAFETY: both paths are terminated and outlive the call.
    let done = unsafe {
        let (from, to) = (from.as_ptr(), to.as_ptr());
        libc::syscall(libc::SYS_renameat2, here, from, here, to, RENAME_NOREPLACE)
    };
    check(done as isize).map(drop)
}

/// Where an open file really is, since the name it was opened by may be a link.
fn real_path(fd: &OwnedFd, path: &Path) -> PathBuf {
    let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
    std::fs::read_link(link).unwrap_or_else(|_| path.to_path_buf())
}

/// Where a file made under the name `path` would be: what its links lead to, be it there or not.
fn follow_links(path: &Path) -> Result<PathBuf> {
    /// As many as the kernel follows.
    const MOST: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..=MOST {
        match std::fs::read_link(&path) {
            Ok(link) => path = path.with_file_name(link),
            // No link, or nothing at all: there it is.
            Err(error) => match Errno::from(error) {
                Errno(libc::EINVAL | libc::ENOENT) => return Ok(path),
                errno => return Err(errno),
            },
        }
    }
    Err(Errno(libc::ELOOP))
}

fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// A path from bytes, as JavaScript hands them over.
pub fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}
