//! The system's own constants that calls take and Node does not export, as `uring.constants`.
//! They come from libc because their values differ by architecture; what `linux/io_uring.h`
//! defines is the same everywhere and stands in `lib/uapi-constants.json`.

use std::collections::BTreeMap;

use napi_derive::napi;

macro_rules! table {
    ($($($name:ident)+;)+) => {
        &[$($((stringify!($name), libc::$name as i64),)+)+]
    };
}

#[rustfmt::skip]
const FROM_LIBC: &[(&str, i64)] = table! {
    AF_ALG AF_APPLETALK AF_BLUETOOTH AF_CAN AF_IB AF_IEEE802154 AF_INET AF_INET6 AF_KEY
    AF_LOCAL AF_MPLS AF_NETLINK AF_NFC AF_PACKET AF_PPPOX AF_RDS AF_TIPC AF_UNIX AF_UNSPEC
    AF_VSOCK AF_XDP;

    AT_EACCESS AT_EMPTY_PATH AT_FDCWD AT_NO_AUTOMOUNT AT_RECURSIVE AT_REMOVEDIR
    AT_STATX_DONT_SYNC AT_STATX_FORCE_SYNC AT_STATX_SYNC_AS_STAT AT_STATX_SYNC_TYPE
    AT_SYMLINK_FOLLOW AT_SYMLINK_NOFOLLOW;

    EPOLLERR EPOLLEXCLUSIVE EPOLLHUP EPOLLIN EPOLLMSG EPOLLONESHOT EPOLLOUT EPOLLPRI
    EPOLLRDBAND EPOLLRDHUP EPOLLRDNORM EPOLLWAKEUP EPOLLWRBAND EPOLLWRNORM EPOLL_CLOEXEC
    EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD;

    FALLOC_FL_COLLAPSE_RANGE FALLOC_FL_INSERT_RANGE FALLOC_FL_KEEP_SIZE FALLOC_FL_PUNCH_HOLE
    FALLOC_FL_UNSHARE_RANGE FALLOC_FL_ZERO_RANGE;

    IPPROTO_ICMP IPPROTO_ICMPV6 IPPROTO_IP IPPROTO_IPV6 IPPROTO_MPTCP IPPROTO_RAW IPPROTO_SCTP
    IPPROTO_TCP IPPROTO_UDP;

    MADV_COLD MADV_DODUMP MADV_DOFORK MADV_DONTDUMP MADV_DONTFORK MADV_DONTNEED
    MADV_FREE MADV_HUGEPAGE MADV_HWPOISON MADV_KEEPONFORK MADV_MERGEABLE MADV_NOHUGEPAGE
    MADV_NORMAL MADV_PAGEOUT MADV_POPULATE_READ MADV_POPULATE_WRITE MADV_RANDOM MADV_REMOVE
    MADV_SEQUENTIAL MADV_UNMERGEABLE MADV_WILLNEED MADV_WIPEONFORK;

    MSG_CMSG_CLOEXEC MSG_CONFIRM MSG_CTRUNC MSG_DONTROUTE MSG_DONTWAIT MSG_EOR MSG_ERRQUEUE
    MSG_FASTOPEN MSG_MORE MSG_NOSIGNAL MSG_OOB MSG_PEEK MSG_TRUNC MSG_WAITALL MSG_WAITFORONE
    MSG_ZEROCOPY;

    O_ACCMODE O_APPEND O_ASYNC O_CLOEXEC O_CREAT O_DIRECT O_DIRECTORY O_DSYNC O_EXCL
    O_LARGEFILE O_NDELAY O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_RDONLY O_RDWR O_RSYNC
    O_SYNC O_TMPFILE O_TRUNC O_WRONLY;

    POLLERR POLLHUP POLLIN POLLNVAL POLLOUT POLLPRI POLLRDBAND POLLRDHUP POLLRDNORM POLLWRBAND
    POLLWRNORM;

    POSIX_FADV_DONTNEED POSIX_FADV_NOREUSE POSIX_FADV_NORMAL POSIX_FADV_RANDOM
    POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED;

    P_ALL P_PGID P_PID P_PIDFD;

    RENAME_EXCHANGE RENAME_NOREPLACE RENAME_WHITEOUT;

    RESOLVE_BENEATH RESOLVE_CACHED RESOLVE_IN_ROOT RESOLVE_NO_MAGICLINKS RESOLVE_NO_SYMLINKS
    RESOLVE_NO_XDEV;

    RWF_APPEND RWF_ATOMIC RWF_DONTCACHE RWF_DSYNC RWF_HIPRI RWF_NOAPPEND RWF_NOWAIT RWF_SYNC;

    SHUT_RD SHUT_RDWR SHUT_WR;

    SOCK_CLOEXEC SOCK_DGRAM SOCK_NONBLOCK SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_STREAM;

    SOL_ALG SOL_BLUETOOTH SOL_ICMPV6 SOL_IP SOL_IPV6 SOL_NETLINK SOL_PACKET SOL_RAW SOL_SOCKET
    SOL_TCP SOL_TIPC SOL_TLS SOL_UDP SOL_XDP;

    SO_ACCEPTCONN SO_ATTACH_BPF SO_ATTACH_FILTER SO_ATTACH_REUSEPORT_CBPF
    SO_ATTACH_REUSEPORT_EBPF SO_BINDTODEVICE SO_BINDTOIFINDEX SO_BROADCAST SO_BUSY_POLL
    SO_BUSY_POLL_BUDGET SO_COOKIE SO_DEBUG SO_DETACH_FILTER SO_DETACH_REUSEPORT_BPF SO_DOMAIN
    SO_DONTROUTE SO_ERROR SO_INCOMING_CPU SO_INCOMING_NAPI_ID SO_KEEPALIVE SO_LINGER
    SO_LOCK_FILTER SO_MARK SO_MAX_PACING_RATE SO_MEMINFO SO_NETNS_COOKIE SO_OOBINLINE SO_PASSCRED
    SO_PASSSEC SO_PEEK_OFF SO_PEERCRED SO_PEERGROUPS SO_PEERPIDFD SO_PEERSEC SO_PREFER_BUSY_POLL
    SO_PRIORITY SO_PROTOCOL SO_RCVBUF SO_RCVBUFFORCE SO_RCVLOWAT SO_RCVTIMEO SO_RESERVE_MEM
    SO_REUSEADDR SO_REUSEPORT SO_RXQ_OVFL SO_SNDBUF SO_SNDBUFFORCE SO_SNDLOWAT SO_SNDTIMEO
    SO_TIMESTAMP SO_TIMESTAMPING SO_TIMESTAMPNS SO_TXREHASH SO_TXTIME SO_TYPE SO_ZEROCOPY;

    SPLICE_F_GIFT SPLICE_F_MORE SPLICE_F_MOVE SPLICE_F_NONBLOCK;

    STATX_ALL STATX_ATIME STATX_BASIC_STATS STATX_BLOCKS STATX_BTIME STATX_CTIME STATX_DIOALIGN
    STATX_DIO_READ_ALIGN STATX_GID STATX_INO STATX_MNT_ID STATX_MNT_ID_UNIQUE STATX_MODE
    STATX_MTIME STATX_NLINK STATX_SIZE STATX_SUBVOL STATX_TYPE STATX_UID STATX_WRITE_ATOMIC
    STATX_ATTR_APPEND STATX_ATTR_AUTOMOUNT STATX_ATTR_COMPRESSED STATX_ATTR_DAX
    STATX_ATTR_ENCRYPTED STATX_ATTR_IMMUTABLE STATX_ATTR_MOUNT_ROOT STATX_ATTR_NODUMP
    STATX_ATTR_VERITY STATX_ATTR_WRITE_ATOMIC;

    SYNC_FILE_RANGE_WAIT_AFTER SYNC_FILE_RANGE_WAIT_BEFORE SYNC_FILE_RANGE_WRITE;

    TCP_CONGESTION TCP_CORK TCP_DEFER_ACCEPT TCP_FASTOPEN TCP_FASTOPEN_CONNECT TCP_INFO
    TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_LINGER2 TCP_MAXSEG TCP_NODELAY TCP_NOTSENT_LOWAT
    TCP_QUICKACK TCP_SYNCNT TCP_USER_TIMEOUT TCP_WINDOW_CLAMP;

    WCONTINUED WEXITED WNOHANG WNOWAIT WSTOPPED WUNTRACED;

    XATTR_CREATE XATTR_REPLACE;
};

/// What libc lacks, at all or for musl, and a mask that is negative in C but not as the `u32` that
/// the kernel takes.
const CORRECTED: &[(&str, i64)] = &[
    ("EPOLLET", libc::EPOLLET as u32 as i64),
    ("FALLOC_FL_WRITE_ZEROES", 0x80),
    ("MADV_COLLAPSE", 25),
];

/// The system's constants for this architecture, by name.
#[napi]
pub fn system_constants() -> BTreeMap<&'static str, i64> {
    FROM_LIBC.iter().chain(CORRECTED).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use io_uring::opcode;

    /// `lib/uapi-constants.json` is one `"NAME": number` a line: no parser is needed for that.
    fn uapi(name: &str) -> i64 {
        let table = include_str!("../../lib/uapi-constants.json");
        let key = format!("\"{name}\":");
        let line = table.lines().find(|line| line.starts_with(&key)).expect(name);
        line[key.len()..].trim().trim_end_matches(',').parse().expect(name)
    }

    #[test]
    fn opcodes_are_those_of_the_crate() {
        macro_rules! check {
            ($($opcode:ident $name:literal)+) => {
                $(assert_eq!(
                    i64::from(opcode::$opcode::CODE),
                    uapi(concat!("IORING_OP_", $name)),
                    $name
                );)+
            };
        }
        check! {
            Accept "ACCEPT" AsyncCancel "ASYNC_CANCEL" Bind "BIND" Close "CLOSE" Connect "CONNECT"
            EpollCtl "EPOLL_CTL" EpollWait "EPOLL_WAIT" FGetXattr "FGETXATTR"
            FSetXattr "FSETXATTR" Fadvise "FADVISE" Fallocate "FALLOCATE"
            FilesUpdate "FILES_UPDATE" FixedFdInstall "FIXED_FD_INSTALL" Fsync "FSYNC"
            Ftruncate "FTRUNCATE" FutexWait "FUTEX_WAIT" FutexWaitV "FUTEX_WAITV"
            FutexWake "FUTEX_WAKE" GetXattr "GETXATTR" LinkAt "LINKAT" LinkTimeout "LINK_TIMEOUT"
            Listen "LISTEN" Madvise "MADVISE" MkDirAt "MKDIRAT" MsgRingData "MSG_RING" Nop "NOP"
            OpenAt "OPENAT" OpenAt2 "OPENAT2" Pipe "PIPE" PollAdd "POLL_ADD"
            PollRemove "POLL_REMOVE" ProvideBuffers "PROVIDE_BUFFERS" Read "READ"
            ReadFixed "READ_FIXED" ReadMulti "READ_MULTISHOT" Readv "READV"
            ReadvFixed "READV_FIXED" Recv "RECV" RecvMsg "RECVMSG" RecvZc "RECV_ZC"
            RemoveBuffers "REMOVE_BUFFERS" RenameAt "RENAMEAT" Send "SEND" SendMsg "SENDMSG"
            SendMsgZc "SENDMSG_ZC" SendZc "SEND_ZC" SetXattr "SETXATTR" Shutdown "SHUTDOWN"
            Socket "SOCKET" Splice "SPLICE" Statx "STATX" SymlinkAt "SYMLINKAT"
            SyncFileRange "SYNC_FILE_RANGE" Tee "TEE" Timeout "TIMEOUT"
            TimeoutRemove "TIMEOUT_REMOVE" UnlinkAt "UNLINKAT" UringCmd16 "URING_CMD"
            WaitId "WAITID" Write "WRITE" WriteFixed "WRITE_FIXED" Writev "WRITEV"
            WritevFixed "WRITEV_FIXED"
        }
    }

    #[test]
    fn flags_are_those_of_the_crate() {
        use io_uring::squeue::Flags;
        assert_eq!(i64::from(Flags::FIXED_FILE.bits()), uapi("IOSQE_FIXED_FILE"));
        assert_eq!(i64::from(Flags::IO_DRAIN.bits()), uapi("IOSQE_IO_DRAIN"));
        assert_eq!(i64::from(Flags::IO_LINK.bits()), uapi("IOSQE_IO_LINK"));
        assert_eq!(i64::from(Flags::IO_HARDLINK.bits()), uapi("IOSQE_IO_HARDLINK"));
        assert_eq!(i64::from(Flags::ASYNC.bits()), uapi("IOSQE_ASYNC"));
        assert_eq!(i64::from(Flags::BUFFER_SELECT.bits()), uapi("IOSQE_BUFFER_SELECT"));
        assert_eq!(i64::from(Flags::SKIP_SUCCESS.bits()), uapi("IOSQE_CQE_SKIP_SUCCESS"));
    }

    #[test]
    fn what_both_tables_name_is_equal() {
        for name in ["AT_FDCWD", "AT_REMOVEDIR", "AT_SYMLINK_NOFOLLOW", "FALLOC_FL_KEEP_SIZE"] {
            assert_eq!(system_constants()[name], uapi(name), "{name}");
        }
    }

    #[test]
    fn masks_are_positive() {
        for (name, value) in system_constants() {
            assert!(value >= 0 || name == "AT_FDCWD", "{name} is {value}");
        }
    }
}
