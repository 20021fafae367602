//! Every regular operation, one row each, in the order in which Linux brought them.
//!
//! A row says which arguments JavaScript takes, in order, and where in the entry each
//! goes. That is all: one function queues them all, and `scripts/generate-operations.js`
//! writes the methods, their types and `docs/operations.md` from this table. To add an
//! operation, add a row and a test, and run `npm run generate`.

use super::sqe::Field::{self, *};

/// What an argument is, in JavaScript and for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file descriptor.
    Fd,
    /// An index into the registered files.
    FileIndex,
    /// A directory's descriptor; the current directory where it is left out.
    DirFd,
    /// A position in a file.
    Offset,
    /// A position in a file, or -1 for none.
    OffsetOrNone,
    /// A count of bytes up to 2^63-1.
    Length,
    /// A count of bytes up to 2^32-1.
    Length32,
    /// Any 32 bits, signed or not.
    Int,
    /// An index up to 65535.
    Index,
    /// `true` sets the bit that follows.
    Flag(u32),
    /// Bytes to send; the length goes into `len`.
    Data,
    /// Memory to fill; the length goes into `len`.
    Buffer,
    /// The same, of this package only: a stand-in for a caller's would be of no use.
    OwnBuffer,
    /// Several of [`Kind::Data`], as an iovec.
    DataList,
    /// Several of [`Kind::Buffer`], as an iovec.
    BufferList,
    /// [`Kind::Buffer`] inside the registered buffer `bufIndex`, and so on.
    RegisteredBuffer,
    RegisteredData,
    RegisteredBufferList,
    RegisteredDataList,
    /// A path.
    Path,
    /// The name of an extended attribute.
    Name,
    /// `struct open_how`; its length goes into `len`.
    OpenHow,
    /// A timespec.
    Time,
    /// A sockaddr; its length goes into `off`.
    Address,
    /// A sockaddr; its length goes into `addr_len`.
    Destination,
    /// `struct epoll_event`.
    EpollEvent,
    /// So many bytes for the kernel to fill, which JavaScript makes a result of.
    Memory(u32),
    /// The same for a sockaddr, whose length lies behind it and is pointed at by `off`.
    AcceptedAddress,
    /// The same, but pointed at by `addr3`.
    SocketName,
    /// `struct msghdr` and the memory of its address, around the buffers before it.
    SentMessage,
    ReceivedMessage,
    /// The name of an operation in flight.
    Target,
    /// Events to wait for instead; left out, they stay.
    PollMask,
    /// What only JavaScript uses: `true` or `false`, an address, a name for an operation, the index
    /// of a word, an index to give back as it came.
    Choice,
    Peer,
    NewName,
    WordIndex,
    /// A place among the registered files, plus one.
    Place,
    /// The same, or left out: then the kernel chooses.
    PlaceOrAny,
    /// What a word is to hold.
    Word32,
    /// `SOCK_*`; the descriptor is closed on exec.
    SocketType,
    /// Descriptors, or -1 for none, to put into the registered files.
    FdList,
    /// One word of a shared array: a futex.
    Word,
    /// Several of them, and after them an array of what they are to hold.
    Words,
    /// Buffers that the kernel chooses among, by their group.
    Group,
    /// Memory of this package that becomes part of the group `groupId`.
    Provided,
    /// The value of a socket option; its length goes into `optlen`.
    OptionValue,
}

/// One argument of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    pub kind: Kind,
    pub field: Field,
    /// The default, as JavaScript source; `None` for an argument that must be given.
    pub default: Option<&'static str>,
    /// Whether it is a property of the trailing options.
    pub option: bool,
}

impl Arg {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

const fn arg(name: &'static str, kind: Kind, field: Field) -> Arg {
    Arg { name, kind, field, default: None, option: false }
}

const fn option(name: &'static str, kind: Kind, field: Field, default: &'static str) -> Arg {
    Arg { name, kind, field, default: Some(default), option: true }
}

/// What the promise resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// `undefined`.
    Nothing,
    /// How many bytes.
    Bytes,
    /// A new file descriptor.
    Fd,
    /// The kernel's number as it is.
    Number,
    /// What JavaScript makes of the memory that the kernel filled.
    Stats,
    Pipe,
    Accepted,
    Message,
    Siginfo,
    EpollEvents,
    /// The value of an attribute, whose size is asked first.
    Attribute,
    /// Nothing, and the operation has its new name.
    Renamed,
    /// A place among the registered files.
    Index,
    /// Two of them.
    IndexPair,
    /// Whether a deadline ran out.
    Expired,
    /// Nothing, and a shared array was kept meanwhile.
    Woken,
    /// Which of several words was woken.
    WokenIndex,
    /// The value of a socket option, or a number.
    Option,
    /// An address.
    Address,
    /// How many bytes; the kernel says later that it needs the buffer no more.
    Sent,
    /// How many bytes, taken from the buffers of a group.
    SentBundle,
    /// Not one result but many: an async iterator of descriptors, and so on.
    Connections,
    Chunks,
    Messages,
    Events,
    Ticks,
}

impl Returns {
    /// Whether it is an async iterator, for which there is no blocking form.
    pub fn is_stream(self) -> bool {
        use Returns::*;
        matches!(self, Connections | Chunks | Messages | Events | Ticks)
    }
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The method.
    pub name: &'static str,
    /// `IORING_OP_*`.
    pub opcode: u8,
    /// The Linux that brought it.
    pub since: &'static str,
    /// The man page of the system call it does the work of.
    pub man: &'static str,
    /// One sentence.
    pub doc: &'static str,
    pub args: &'static [Arg],
    pub returns: Returns,
    /// Whether it takes `rwFlags`.
    pub reads_or_writes: bool,
    /// `IOSQE_*` that it always has.
    pub flags: u8,
    /// The opcode for a buffer that is registered, or the row's own.
    pub fixed: u8,
    /// Fields that always have this value.
    pub preset: &'static [(Field, u64)],
}

const fn row(name: &'static str, opcode: u8, since: &'static str, man: &'static str) -> Row {
    Row {
        name,
        opcode,
        since,
        man,
        doc: "",
        args: &[],
        returns: Returns::Nothing,
        reads_or_writes: false,
        flags: 0,
        fixed: opcode,
        preset: &[],
    }
}

impl Row {
    const fn takes(mut self, args: &'static [Arg]) -> Self {
        self.args = args;
        self
    }

    const fn gives(mut self, returns: Returns) -> Self {
        self.returns = returns;
        self
    }

    const fn sets(mut self, preset: &'static [(Field, u64)]) -> Self {
        self.preset = preset;
        self
    }

    const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    const fn rw(mut self) -> Self {
        self.reads_or_writes = true;
        self.returns = Returns::Bytes;
        self
    }

    const fn registered(mut self, opcode: u8) -> Self {
        self.fixed = opcode;
        self
    }

    const fn on_registered_file(mut self) -> Self {
        self.flags |= 1;
        self
    }
}

const FD: Arg = arg("fd", Kind::Fd, Fd);
const FILE_INDEX: Arg = arg("fileIndex", Kind::FileIndex, Fd);
const OFFSET: Arg = arg("offset", Kind::Offset, Off).or("0");
const BUF_INDEX: Arg = arg("bufIndex", Kind::Index, BufIndex);
const FLAGS: Arg = arg("flags", Kind::Int, OpFlags).or("0");
const NAME: Arg = arg("name", Kind::Name, Addr);
const TARGET: Arg = arg("userData", Kind::Target, Addr);
const TIME: Arg = arg("time", Kind::Time, Addr);

const fn memory(size: u32, field: Field) -> Arg {
    arg("memory", Kind::Memory(size), field)
}

const NEW_INDEX: Arg = arg("fileIndex", Kind::PlaceOrAny, SpliceFd).or("undefined");
const GROUP: Arg = arg("bufferRing", Kind::Group, BufIndex);
const GROUP_ID: Arg = arg("groupId", Kind::Index, BufIndex);
const ARRAY: Arg = arg("int32Array", Kind::Word, Addr);
const WORD_INDEX: Arg = arg("index", Kind::WordIndex, Addr);
const FULL: Arg = option("full", Kind::Choice, Addr, "false");

/// The kernel chooses a place among the registered files (`IORING_FILE_INDEX_ALLOC`).
const ANY_INDEX: (Field, u64) = (SpliceFd, u32::MAX as u64);
/// `FUTEX2_SIZE_U32 | FUTEX2_PRIVATE`: a word of 32 bits, among the threads of a process.
const FUTEX_FLAGS: (Field, u64) = (Fd, 2 | 128);
/// Any bit of a wake matches: `FUTEX_BITSET_MATCH_ANY`.
const FUTEX_MASK: (Field, u64) = (Addr3, u32::MAX as u64);
/// `IORING_RECVSEND_FIXED_BUF`.
const FIXED_BUF: (Field, u64) = (Ioprio, 1 << 2);
/// `IORING_RECVSEND_BUNDLE`.
const BUNDLE: (Field, u64) = (Ioprio, 1 << 4);
/// `IORING_RECV_MULTISHOT`.
const RECV_MULTISHOT: (Field, u64) = (Ioprio, 1 << 1);

/// As Node has it: a child process does not inherit the descriptor.
const CLOEXEC: (Field, u64) = (OpFlags, libc::O_CLOEXEC as u64);

const DIR_FD: Arg = option("dirFd", Kind::DirFd, Fd, "AT_FDCWD");

/// The table.
pub static TABLE: &[Row] = &[
    // Linux 5.1
    row("nop", 0, "5.1", "io_uring_enter(2)").doc("Does nothing: what a round trip costs."),
    row("readv", 1, "5.1", "preadv2(2)")
        .takes(&[FD, arg("buffers", Kind::BufferList, Addr), OFFSET])
        .rw()
        .doc("Reads into several buffers, one after the other."),
    row("writev", 2, "5.1", "pwritev2(2)")
        .takes(&[FD, arg("buffers", Kind::DataList, Addr), OFFSET])
        .rw()
        .doc("Writes several buffers, one after the other."),
    row("fsync", 3, "5.1", "fsync(2)")
        .takes(&[FD, option("datasync", Kind::Flag(1), OpFlags, "false")])
        .doc(
            "Brings what was written to the disk; with `datasync` only what is needed to read it.",
        ),
    row("readFixed", 4, "5.1", "pread(2)")
        .takes(&[
            FILE_INDEX,
            arg("buf", Kind::RegisteredBuffer, Addr),
            arg("offset", Kind::Offset, Off),
            BUF_INDEX,
        ])
        .rw()
        .on_registered_file()
        .doc("Reads from a registered file into a registered buffer."),
    row("writeFixed", 5, "5.1", "pwrite(2)")
        .takes(&[
            FILE_INDEX,
            arg("data", Kind::RegisteredData, Addr),
            arg("offset", Kind::Offset, Off),
            BUF_INDEX,
        ])
        .rw()
        .on_registered_file()
        .doc("Writes to a registered file from a registered buffer."),
    row("pollAdd", 6, "5.1", "poll(2)")
        .takes(&[FD, arg("mask", Kind::Int, OpFlags)])
        .gives(Returns::Number)
        .doc("Waits until one of the events of `mask` is there, and says which are."),
    row("pollMultishot", 6, "5.13", "poll(2)")
        .takes(&[FD, arg("mask", Kind::Int, OpFlags)])
        .sets(&[(Len, 1)])
        .gives(Returns::Events)
        .doc("Tells of events of `mask` as often as they come; those that nobody asked for yet are told together."),
    row("pollRemove", 7, "5.1", "poll(2)")
        .takes(&[TARGET])
        .doc("Ends a poll, which fails with ECANCELED. ENOENT: there is none of that name."),
    row("pollUpdate", 7, "5.13", "poll(2)")
        .takes(&[
            TARGET,
            option("mask", Kind::PollMask, OpFlags, "undefined"),
            option("newUserData", Kind::NewName, Off, "undefined"),
        ])
        .gives(Returns::Renamed)
        .doc("Changes the events that a poll waits for, or its name."),
    row("syncFileRange", 8, "5.2", "sync_file_range(2)")
        .takes(&[
            FD,
            arg("length", Kind::Length32, Len),
            arg("offset", Kind::Offset, Off).or("0"),
            FLAGS,
        ])
        .doc("Starts or awaits the write-back of a part of a file."),
    // Linux 5.3
    row("sendmsg", 9, "5.3", "sendmsg(2)")
        .takes(&[
            FD,
            arg("buffers", Kind::DataList, Addr),
            FLAGS,
            arg("address", Kind::Peer, Addr).or("undefined"),
            arg("memory", Kind::SentMessage, Addr),
        ])
        .gives(Returns::Bytes)
        .doc("Sends several buffers as one message, to an address if one is given."),
    row("recvmsg", 10, "5.3", "recvmsg(2)")
        .takes(&[
            FD,
            arg("buffers", Kind::BufferList, Addr),
            FLAGS,
            arg("memory", Kind::ReceivedMessage, Addr),
            option("full", Kind::Choice, Addr, "false"),
        ])
        .gives(Returns::Message)
        .doc("Receives one message into several buffers; with `full` also its flags and sender."),
    row("recvmsgMultishot", 10, "6.0", "recvmsg(2)")
        .takes(&[FD, GROUP, FLAGS, arg("memory", Kind::ReceivedMessage, Addr)])
        .sets(&[RECV_MULTISHOT])
        .gives(Returns::Messages)
        .doc("Receives messages with their senders into buffers of a `BufferRing`: `{ data, flags, address }`."),
    // Linux 5.4
    row("timeout", 11, "5.4", "timerfd_create(2)")
        .takes(&[
            TIME,
            option("count", Kind::Length32, Off, "0"),
            option("flags", Kind::Int, OpFlags, "0"),
        ])
        .sets(&[(Len, 1)])
        .doc("Waits for a time, or until `count` other operations are complete."),
    row("timeoutMultishot", 11, "6.4", "timerfd_create(2)")
        .takes(&[TIME])
        .sets(&[(Len, 1), (OpFlags, 1 << 6)])
        .gives(Returns::Ticks)
        .doc("Ticks each time that the interval is over, with how many times that was since the last tick."),
    // Linux 5.5
    row("timeoutRemove", 12, "5.5", "timerfd_create(2)")
        .takes(&[TARGET])
        .doc("Ends a timeout, which fails with ECANCELED. ENOENT: there is none of that name."),
    row("timeoutUpdate", 12, "5.11", "timerfd_create(2)")
        .takes(&[
            TARGET,
            arg("time", Kind::Time, Off),
            option("flags", Kind::Int, OpFlags, "0"),
        ])
        .sets(&[(OpFlags, 2)])
        .doc("Gives a timeout another time, from now on."),
    row("accept", 13, "5.5", "accept4(2)")
        .takes(&[FD, FLAGS, arg("memory", Kind::AcceptedAddress, Addr)])
        .sets(&[CLOEXEC])
        .gives(Returns::Accepted)
        .doc("Takes a connection."),
    row("acceptDirect", 13, "5.19", "io_uring_prep_accept_direct(3)")
        .takes(&[FD, NEW_INDEX, FLAGS])
        .gives(Returns::Index)
        .doc("Takes a connection into the registered files, at an index or at one that the kernel chooses."),
    row("acceptMultishot", 13, "5.19", "io_uring_prep_multishot_accept(3)")
        .takes(&[FD, FLAGS])
        .sets(&[(Ioprio, 1), CLOEXEC])
        .gives(Returns::Connections)
        .doc("Takes connections as they come. Those that nobody asked for yet are closed with the iterator."),
    row("asyncCancel", 14, "5.5", "io_uring_prep_cancel(3)")
        .takes(&[TARGET, FLAGS])
        .gives(Returns::Number)
        .doc("Cancels an operation by its name, and says how many were; ENOENT: none of that name, EALREADY: too late."),
    row("asyncCancelFd", 14, "5.19", "io_uring_prep_cancel(3)")
        .takes(&[FD, FLAGS])
        .sets(&[(OpFlags, 2)])
        .gives(Returns::Number)
        .doc("Cancels one operation on a file, or with IORING_ASYNC_CANCEL_ALL all, and says how many."),
    row("linkTimeout", 15, "5.5", "io_uring_prep_link_timeout(3)")
        .takes(&[TIME])
        .sets(&[(Len, 1)])
        .gives(Returns::Expired)
        .doc("A deadline for the operation before it, which is linked to it by `link()` or IOSQE_IO_LINK; says whether it ran out."),
    row("connect", 16, "5.5", "connect(2)")
        .takes(&[FD, arg("address", Kind::Address, Addr)])
        .doc("Connects a socket."),
    // Linux 5.6
    row("fallocate", 17, "5.6", "fallocate(2)")
        .takes(&[
            FD,
            arg("mode", Kind::Int, Len),
            arg("offset", Kind::Offset, Off),
            arg("length", Kind::Length, Addr),
        ])
        .doc("Reserves, frees or zeroes a part of a file."),
    row("openat", 18, "5.6", "openat(2)")
        .takes(&[
            arg("path", Kind::Path, Addr),
            arg("flags", Kind::Int, OpFlags).or("0"),
            arg("mode", Kind::Int, Len).or("0o644"),
            DIR_FD,
        ])
        .sets(&[CLOEXEC])
        .gives(Returns::Fd)
        .doc("Opens a file; the descriptor is closed on exec. A FIFO opens without waiting for its other end, unless `sqeFlags` has IOSQE_ASYNC."),
    row("openatDirect", 18, "5.15", "io_uring_prep_openat_direct(3)")
        .takes(&[
            arg("path", Kind::Path, Addr),
            arg("flags", Kind::Int, OpFlags).or("0"),
            arg("mode", Kind::Int, Len).or("0o644"),
            NEW_INDEX,
            DIR_FD,
        ])
        .gives(Returns::Index)
        .doc("Opens a file into the registered files, at an index or at one that the kernel chooses."),
    row("closeDirect", 19, "5.15", "io_uring_prep_close_direct(3)")
        .takes(&[arg("fileIndex", Kind::Place, SpliceFd)])
        .sets(&[(Fd, 0)])
        .doc("Takes a file out of the registered files."),
    row("closeFd", 19, "5.6", "close(2)").takes(&[FD]).doc("Closes a descriptor."),
    row("filesUpdate", 20, "5.6", "io_uring_prep_files_update(3)")
        .takes(&[arg("fds", Kind::FdList, Addr), arg("offset", Kind::Length32, Off).or("0")])
        .gives(Returns::Number)
        .doc("Replaces registered files from index `offset` on; -1 leaves a place empty. Says how many it replaced."),
    row("statx", 21, "5.6", "statx(2)")
        .takes(&[
            arg("path", Kind::Path, Addr),
            memory(256, Off),
            DIR_FD,
            option("flags", Kind::Int, OpFlags, "0"),
            option("mask", Kind::Int, Len, "STATX_ALL"),
            option("bigint", Kind::Choice, Addr, "false"),
        ])
        .gives(Returns::Stats)
        .doc("Tells about a file: times as dates and as nanoseconds, the rest as numbers or with `bigint` as bigints."),
    row("readInto", 22, "5.6", "pread(2)")
        .takes(&[FD, arg("buffer", Kind::Buffer, Addr), OFFSET])
        .rw()
        .registered(4)
        .doc("Reads into a buffer of the caller."),
    row("write", 23, "5.6", "pwrite(2)")
        .takes(&[FD, arg("data", Kind::Data, Addr), OFFSET])
        .rw()
        .registered(5)
        .doc("Writes data."),
    row("fadvise", 24, "5.6", "posix_fadvise(2)")
        .takes(&[
            FD,
            arg("offset", Kind::Offset, Off),
            arg("length", Kind::Length, LenOrAddr),
            arg("advice", Kind::Int, OpFlags),
        ])
        .doc("Says how a part of a file will be used."),
    row("madvise", 25, "5.6", "madvise(2)")
        .takes(&[arg("buffer", Kind::OwnBuffer, Addr), arg("advice", Kind::Int, OpFlags)])
        .doc("Says how memory of a `BufferPool` will be used; any other is `EFAULT`."),
    row("send", 26, "5.6", "send(2)")
        .takes(&[FD, arg("data", Kind::Data, Addr), FLAGS])
        .gives(Returns::Bytes)
        .doc("Sends on a connected socket."),
    row("sendto", 26, "6.0", "sendto(2)")
        .takes(&[
            FD,
            arg("data", Kind::Data, Addr),
            arg("address", Kind::Destination, Off),
            FLAGS,
        ])
        .gives(Returns::Bytes)
        .doc("Sends to an address."),
    row("sendBundle", 26, "6.10", "io_uring_prep_send_bundle(3)")
        .takes(&[FD, arg("length", Kind::Length32, Len), FLAGS, GROUP])
        .sets(&[BUNDLE])
        .gives(Returns::SentBundle)
        .doc("Sends the buffers that were pushed to a `BufferRing`, in their order; a length of 0 means all."),
    row("recv", 27, "5.6", "recv(2)")
        .takes(&[FD, arg("buffer", Kind::Buffer, Addr), FLAGS])
        .gives(Returns::Bytes)
        .doc("Receives from a socket; 0 bytes at its end."),
    row("recvMultishot", 27, "6.0", "io_uring_prep_recv_multishot(3)")
        .takes(&[FD, GROUP, FLAGS])
        .sets(&[RECV_MULTISHOT])
        .gives(Returns::Chunks)
        .doc("Receives into buffers of a `BufferRing` as data comes, until the peer ends."),
    row("openat2", 28, "5.6", "openat2(2)")
        .takes(&[
            arg("path", Kind::Path, Addr),
            arg("how", Kind::OpenHow, Off),
            DIR_FD,
        ])
        .gives(Returns::Fd)
        .doc("Opens a file by `{ flags, mode, resolve }`; `resolve` (`RESOLVE_*`) limits where a path may lead."),
    row("epollCtl", 29, "5.6", "epoll_ctl(2)")
        .takes(&[
            arg("epfd", Kind::Fd, Fd),
            arg("fd", Kind::Fd, Off),
            arg("op", Kind::Int, Len),
            arg("event", Kind::EpollEvent, Addr).or("undefined"),
        ])
        .doc("Adds a file to an epoll set, changes or removes it; the event is `{ events, data }`."),
    // Linux 5.7
    row("splice", 30, "5.7", "splice(2)")
        .takes(&[
            arg("fdIn", Kind::Fd, SpliceFd),
            arg("offIn", Kind::OffsetOrNone, Addr),
            arg("fdOut", Kind::Fd, Fd),
            arg("offOut", Kind::OffsetOrNone, Off),
            arg("length", Kind::Length32, Len),
            FLAGS,
        ])
        .gives(Returns::Bytes)
        .doc("Moves bytes between a pipe and another file, inside the kernel."),
    row("provideBuffers", 31, "5.7", "io_uring_prep_provide_buffers(3)")
        .takes(&[
            arg("buffer", Kind::Provided, Addr),
            arg("lengthEach", Kind::Length32, Len),
            arg("count", Kind::Index, Fd),
            GROUP_ID,
            arg("startId", Kind::Index, Off).or("0"),
        ])
        .doc("Gives a group `count` buffers out of memory of a `BufferPool`, the older way: see `BufferRing`."),
    row("removeBuffers", 32, "5.7", "io_uring_prep_remove_buffers(3)")
        .takes(&[arg("count", Kind::Index, Fd), GROUP_ID])
        .gives(Returns::Number)
        .doc("Takes unused buffers back from a group, and says how many it found."),
    // Linux 5.8
    row("tee", 33, "5.8", "tee(2)")
        .takes(&[
            arg("fdIn", Kind::Fd, SpliceFd),
            arg("fdOut", Kind::Fd, Fd),
            arg("length", Kind::Length32, Len),
            FLAGS,
        ])
        .gives(Returns::Bytes)
        .doc("Copies bytes from one pipe to another and leaves them in the first."),
    // Linux 5.11
    row("shutdown", 34, "5.11", "shutdown(2)")
        .takes(&[FD, arg("how", Kind::Int, Len)])
        .doc("Ends one or both directions of a connection."),
    row("renameat", 35, "5.11", "renameat2(2)")
        .takes(&[
            arg("oldPath", Kind::Path, Addr),
            arg("newPath", Kind::Path, Off),
            option("oldDirFd", Kind::DirFd, Fd, "AT_FDCWD"),
            option("newDirFd", Kind::DirFd, Len, "AT_FDCWD"),
            option("flags", Kind::Int, OpFlags, "0"),
        ])
        .doc("Renames a file."),
    row("unlinkat", 36, "5.11", "unlinkat(2)")
        .takes(&[arg("path", Kind::Path, Addr), DIR_FD, option("flags", Kind::Int, OpFlags, "0")])
        .doc("Removes a file, or with AT_REMOVEDIR an empty directory."),
    // Linux 5.15
    row("mkdirat", 37, "5.15", "mkdirat(2)")
        .takes(&[arg("path", Kind::Path, Addr), arg("mode", Kind::Int, Len).or("0o755"), DIR_FD])
        .doc("Makes a directory."),
    row("symlinkat", 38, "5.15", "symlinkat(2)")
        .takes(&[
            arg("target", Kind::Path, Addr),
            arg("linkPath", Kind::Path, Off),
            option("newDirFd", Kind::DirFd, Fd, "AT_FDCWD"),
        ])
        .doc("Makes a symbolic link."),
    row("linkat", 39, "5.15", "linkat(2)")
        .takes(&[
            arg("oldPath", Kind::Path, Addr),
            arg("newPath", Kind::Path, Off),
            option("oldDirFd", Kind::DirFd, Fd, "AT_FDCWD"),
            option("newDirFd", Kind::DirFd, Len, "AT_FDCWD"),
            option("flags", Kind::Int, OpFlags, "0"),
        ])
        .doc("Gives a file another name."),
    // Linux 5.18
    row("msgRing", 40, "5.18", "io_uring_prep_msg_ring(3)")
        .takes(&[
            arg("ringFd", Kind::Fd, Fd),
            arg("len", Kind::Length32, Len),
            arg("data", Kind::Offset, Off),
            FLAGS,
        ])
        .doc("Sends a message to another ring, where it is the completion `[data, len]`, collected by hand."),
    row("msgRingFd", 40, "6.0", "io_uring_prep_msg_ring_fd(3)")
        .takes(&[
            arg("ringFd", Kind::Fd, Fd),
            arg("sourceIndex", Kind::FileIndex, Addr3),
            arg("targetIndex", Kind::Place, SpliceFd),
            arg("data", Kind::Offset, Off),
            FLAGS,
        ])
        .sets(&[(Addr, 1)])
        .doc("Puts a registered file into the registered files of another ring, which hears of it by `[data, 0]`."),
    row("msgRingFdAlloc", 40, "6.0", "io_uring_prep_msg_ring_fd_alloc(3)")
        .takes(&[
            arg("ringFd", Kind::Fd, Fd),
            arg("sourceIndex", Kind::FileIndex, Addr3),
            arg("data", Kind::Offset, Off),
            FLAGS,
        ])
        .sets(&[(Addr, 1), ANY_INDEX])
        .gives(Returns::Number)
        .doc("The same at an index that the kernel chooses, and which it says."),
    row("msgRingCqeFlags", 40, "6.3", "io_uring_prep_msg_ring_cqe_flags(3)")
        .takes(&[
            arg("ringFd", Kind::Fd, Fd),
            arg("len", Kind::Length32, Len),
            arg("data", Kind::Offset, Off),
            FLAGS,
            arg("cqeFlags", Kind::Int, SpliceFd).or("0"),
        ])
        .sets(&[(OpFlags, 2)])
        .doc("Sends a message whose completion has flags too: `[data, len, cqeFlags]`."),
    // Linux 5.19
    row("fsetxattr", 41, "5.19", "fsetxattr(2)")
        .takes(&[FD, NAME, arg("value", Kind::Data, Off), FLAGS])
        .doc("Sets an extended attribute of an open file."),
    row("setxattr", 42, "5.19", "setxattr(2)")
        .takes(&[arg("path", Kind::Path, Addr3), NAME, arg("value", Kind::Data, Off), FLAGS])
        .doc("Sets an extended attribute."),
    row("fgetxattr", 43, "5.19", "fgetxattr(2)")
        .takes(&[FD, NAME, arg("memory", Kind::Buffer, Off)])
        .gives(Returns::Attribute)
        .doc("Reads an extended attribute of an open file."),
    row("getxattr", 44, "5.19", "getxattr(2)")
        .takes(&[arg("path", Kind::Path, Addr3), NAME, arg("memory", Kind::Buffer, Off)])
        .gives(Returns::Attribute)
        .doc("Reads an extended attribute."),
    row("socket", 45, "5.19", "socket(2)")
        .takes(&[
            arg("domain", Kind::Int, Fd),
            arg("type", Kind::SocketType, Off),
            arg("protocol", Kind::Int, Len).or("0"),
            FLAGS,
        ])
        .gives(Returns::Fd)
        .doc("Makes a socket."),
    row("socketDirect", 45, "5.19", "io_uring_prep_socket_direct(3)")
        .takes(&[
            arg("domain", Kind::Int, Fd),
            arg("type", Kind::Int, Off),
            arg("protocol", Kind::Int, Len),
            arg("fileIndex", Kind::Place, SpliceFd),
            FLAGS,
        ])
        .gives(Returns::Index)
        .doc("Makes a socket at an index of the registered files."),
    row("socketDirectAlloc", 45, "5.19", "io_uring_prep_socket_direct_alloc(3)")
        .takes(&[
            arg("domain", Kind::Int, Fd),
            arg("type", Kind::Int, Off),
            arg("protocol", Kind::Int, Len).or("0"),
            FLAGS,
        ])
        .sets(&[ANY_INDEX])
        .gives(Returns::Index)
        .doc("Makes a socket at an index that the kernel chooses, and which it says."),
    row("uringCmd", 46, "5.19", "io_uring_enter(2)")
        .takes(&[arg("cmdOp", Kind::Length32, Off), FD])
        .gives(Returns::Number)
        .doc("A command that the driver behind a descriptor defines, without arguments."),
    row("cmdSock", 46, "6.7", "io_uring_prep_cmd_sock(3)")
        .takes(&[
            arg("op", Kind::Length32, Off),
            FD,
            arg("level", Kind::Length32, Level).or("0"),
            arg("optname", Kind::Length32, Optname).or("0"),
            arg("value", Kind::OptionValue, Addr3).or("undefined"),
        ])
        .gives(Returns::Option)
        .doc("A command of a socket (`SOCKET_URING_OP_*`): getsockopt gives a Buffer, SIOCINQ and SIOCOUTQ a number of bytes."),
    row("cmdGetsockname", 46, "6.19", "getsockname(2)")
        .takes(&[
            FD,
            arg("memory", Kind::SocketName, Addr),
            option("peer", Kind::Flag(1), SpliceFd, "false"),
        ])
        .sets(&[(Off, 5)])
        .gives(Returns::Address)
        .doc("The address of a socket, or with `peer` of the one that it is connected to."),
    // Linux 6.0
    row("sendZc", 47, "6.0", "io_uring_prep_send_zc(3)")
        .takes(&[FD, arg("data", Kind::Data, Addr), FLAGS, FULL])
        .gives(Returns::Sent)
        .doc("Sends memory of a `BufferPool` without a copy. With `full` `{ bytes, released }`: a promise that resolves when the memory may be written again."),
    row("sendZcFixed", 47, "6.0", "io_uring_prep_send_zc_fixed(3)")
        .takes(&[FD, arg("data", Kind::RegisteredData, Addr), FLAGS, BUF_INDEX, FULL])
        .sets(&[FIXED_BUF])
        .gives(Returns::Sent)
        .doc("The same from a registered buffer."),
    row("sendmsgZc", 48, "6.1", "io_uring_prep_sendmsg_zc(3)")
        .takes(&[
            FD,
            arg("buffers", Kind::DataList, Addr),
            FLAGS,
            arg("address", Kind::Peer, Addr).or("undefined"),
            arg("memory", Kind::SentMessage, Addr),
            FULL,
        ])
        .gives(Returns::Sent)
        .doc("Sends several buffers as one message without a copy; `full` as in `sendZc`."),
    row("sendmsgZcFixed", 48, "6.15", "io_uring_prep_sendmsg_zc_fixed(3)")
        .takes(&[
            FD,
            arg("buffers", Kind::RegisteredDataList, Addr),
            FLAGS,
            BUF_INDEX,
            arg("message", Kind::SentMessage, Addr),
            FULL,
        ])
        .sets(&[FIXED_BUF])
        .gives(Returns::Sent)
        .doc("The same from parts of one registered buffer."),
    // Linux 6.7
    row("waitid", 50, "6.7", "waitid(2)")
        .takes(&[
            arg("idType", Kind::Int, Len),
            arg("id", Kind::Int, Fd),
            arg("waitOptions", Kind::Int, SpliceFd),
            memory(128, Off),
        ])
        .gives(Returns::Siginfo)
        .doc("Waits for a child process, and says what became of it."),
    row("futexWait", 51, "6.7", "futex(2)")
        .takes(&[ARRAY, WORD_INDEX, arg("value", Kind::Word32, Off)])
        .sets(&[FUTEX_FLAGS, FUTEX_MASK])
        .gives(Returns::Woken)
        .doc("Waits until a word of a `SharedArrayBuffer` is woken. EAGAIN: it does not hold `value`."),
    row("futexWake", 52, "6.7", "futex(2)")
        .takes(&[ARRAY, WORD_INDEX, arg("count", Kind::Length32, Off).or("1")])
        .sets(&[FUTEX_FLAGS, FUTEX_MASK])
        .gives(Returns::Number)
        .doc("Wakes up to `count` who wait for a word, and says how many."),
    row("futexWaitv", 53, "6.7", "futex(2)")
        .takes(&[arg("futexes", Kind::Words, Addr)])
        .sets(&[(Fd, 0)])
        .gives(Returns::WokenIndex)
        .doc("Waits until one of up to 128 words, `[{ array, index, value }]`, is woken, and says which."),
    row("fixedFdInstall", 54, "6.8", "io_uring_prep_fixed_fd_install(3)")
        .takes(&[FILE_INDEX, FLAGS])
        .on_registered_file()
        .gives(Returns::Fd)
        .doc("Makes a descriptor of a registered file; closed on exec unless IORING_FIXED_FD_NO_CLOEXEC."),
    // Linux 6.9
    row("ftruncate", 55, "6.9", "ftruncate(2)")
        .takes(&[FD, arg("length", Kind::Length, Off)])
        .doc("Cuts a file to a length, or extends it to one."),
    // Linux 6.11
    row("bind", 56, "6.11", "bind(2)")
        .takes(&[FD, arg("address", Kind::Address, Addr)])
        .doc("Gives a socket its address."),
    row("listen", 57, "6.11", "listen(2)")
        .takes(&[FD, arg("backlog", Kind::Int, Len)])
        .doc("Lets a bound socket take connections."),
    // Linux 6.15
    row("recvZc", 58, "6.15", "io_uring_enter(2)")
        .takes(&[
            FD,
            arg("length", Kind::Length32, Len).or("0"),
            FLAGS,
            arg("ifq", Kind::Length32, SpliceFd).or("0"),
        ])
        .sets(&[RECV_MULTISHOT])
        .gives(Returns::Bytes)
        .doc("Receives into memory of a network card's queue. EINVAL: the ring has none, which takes a card that can, its driver, and a ring made for it."),
    row("epollWait", 59, "6.15", "epoll_wait(2)")
        .takes(&[
            arg("epfd", Kind::Fd, Fd),
            arg("maxEvents", Kind::Index, Len),
            memory(0, Addr),
        ])
        .gives(Returns::EpollEvents)
        .doc("Waits for events of an epoll set: `[{ events, data }]`."),
    row("readvFixed", 60, "6.15", "preadv2(2)")
        .takes(&[
            FILE_INDEX,
            arg("buffers", Kind::RegisteredBufferList, Addr),
            arg("offset", Kind::Offset, Off),
            BUF_INDEX,
        ])
        .rw()
        .on_registered_file()
        .doc("Reads from a registered file into parts of one registered buffer."),
    row("writevFixed", 61, "6.15", "pwritev2(2)")
        .takes(&[
            FILE_INDEX,
            arg("buffers", Kind::RegisteredDataList, Addr),
            arg("offset", Kind::Offset, Off),
            BUF_INDEX,
        ])
        .rw()
        .on_registered_file()
        .doc("Writes to a registered file from parts of one registered buffer."),
    // Linux 6.16
    row("pipe", 62, "6.16", "pipe2(2)")
        .takes(&[FLAGS, memory(8, Addr)])
        .sets(&[(Fd, 0), CLOEXEC])
        .gives(Returns::Pipe)
        .doc("Makes a pipe: its reading and its writing end."),
    row("pipeDirect", 62, "6.16", "io_uring_prep_pipe_direct(3)")
        .takes(&[FLAGS, NEW_INDEX, memory(8, Addr)])
        .sets(&[(Fd, 0)])
        .gives(Returns::IndexPair)
        .doc("Makes a pipe in two neighbouring places of the registered files, or in two that the kernel chooses."),
    // Linux 6.19
    row("nop128", 63, "6.19", "io_uring_enter(2)").doc("Does nothing, in an entry of 128 bytes."),
    row("uringCmd128", 64, "6.19", "io_uring_enter(2)")
        .takes(&[arg("cmdOp", Kind::Length32, Off), FD])
        .gives(Returns::Number)
        .doc("`uringCmd` in an entry of 128 bytes."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Opcodes whose `addr` is a number; everywhere else an address comes with its memory.
    const ADDR_IS_A_NUMBER: &[&str] = &["fallocate", "splice", "msgRingFd", "msgRingFdAlloc"];

    #[test]
    fn no_number_goes_where_the_kernel_expects_an_address() {
        let carries_memory = |kind| {
            use Kind::*;
            matches!(
                kind,
                Data | Buffer
                    | OwnBuffer
                    | DataList
                    | BufferList
                    | Path
                    | Name
                    | Time
                    | Address
                    | EpollEvent
                    | Memory(_)
                    | AcceptedAddress
                    | SocketName
                    | SentMessage
                    | ReceivedMessage
                    | Target
                    | Choice
                    | Peer
                    | RegisteredBuffer
                    | RegisteredData
                    | RegisteredBufferList
                    | RegisteredDataList
                    | FdList
                    | Word
                    | WordIndex
                    | Words
                    | Provided
                    | OptionValue
            )
        };
        for row in TABLE {
            for arg in row.args {
                if matches!(arg.field, Field::Addr | Field::Addr3) && !carries_memory(arg.kind) {
                    assert!(ADDR_IS_A_NUMBER.contains(&row.name), "{}", row.name);
                }
            }
        }
    }

    #[test]
    fn is_sorted_by_opcode_and_names_are_unique() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].opcode <= pair[1].opcode, "{} {}", pair[0].name, pair[1].name);
        }
        let names: std::collections::HashSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }
}
