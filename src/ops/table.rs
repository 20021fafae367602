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
    /// `struct msghdr` and the memory of its address, around the buffers before it.
    SentMessage,
    ReceivedMessage,
    /// The name of an operation in flight.
    Target,
    /// Events to wait for instead; left out, they stay.
    PollMask,
    /// What only JavaScript uses: `true` or `false`, an address, a name for an operation.
    Choice,
    Peer,
    NewName,
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
    // Linux 5.4
    row("timeout", 11, "5.4", "timerfd_create(2)")
        .takes(&[
            TIME,
            option("count", Kind::Length32, Off, "0"),
            option("flags", Kind::Int, OpFlags, "0"),
        ])
        .sets(&[(Len, 1)])
        .doc("Waits for a time, or until `count` other operations are complete."),
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
        .gives(Returns::Accepted)
        .doc("Takes a connection."),
    row("asyncCancel", 14, "5.5", "io_uring_prep_cancel(3)")
        .takes(&[TARGET, FLAGS])
        .gives(Returns::Number)
        .doc("Cancels an operation by its name, and says how many were; ENOENT: none of that name, EALREADY: too late."),
    row("asyncCancelFd", 14, "5.19", "io_uring_prep_cancel(3)")
        .takes(&[FD, FLAGS])
        .sets(&[(OpFlags, 2)])
        .gives(Returns::Number)
        .doc("Cancels one operation on a file, or with IORING_ASYNC_CANCEL_ALL all, and says how many."),
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
        .gives(Returns::Fd)
        .doc("Opens a file; the descriptor is closed on exec."),
    row("closeFd", 19, "5.6", "close(2)").takes(&[FD]).doc("Closes a descriptor."),
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
    row("recv", 27, "5.6", "recv(2)")
        .takes(&[FD, arg("buffer", Kind::Buffer, Addr), FLAGS])
        .gives(Returns::Bytes)
        .doc("Receives from a socket; 0 bytes at its end."),
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
            arg("type", Kind::Int, Off),
            arg("protocol", Kind::Int, Len).or("0"),
            FLAGS,
        ])
        .gives(Returns::Fd)
        .doc("Makes a socket."),
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
        .sets(&[(Fd, 0)])
        .gives(Returns::Pipe)
        .doc("Makes a pipe: its reading and its writing end."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Opcodes whose `addr` is a number; everywhere else an address comes with its memory.
    const ADDR_IS_A_NUMBER: &[&str] = &["fallocate", "splice"];

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
                    | SentMessage
                    | ReceivedMessage
                    | Target
                    | Choice
                    | Peer
                    | RegisteredBuffer
                    | RegisteredData
                    | RegisteredBufferList
                    | RegisteredDataList
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
