//! Whether a ring can be made here, and if not why and what to change.

use std::fs;

use super::errno::Errno;
use super::setup::Setup;

/// Why no ring can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What `io_uring_setup(2)` answered.
    pub errno: Errno,
    /// The likely cause.
    pub reason: String,
    /// What to change.
    pub hint: String,
}

/// Asks the kernel for a small ring and gives it back at once.
pub fn refusal() -> Option<Refusal> {
    Setup { entries: 2, ..Setup::default() }.make().err().map(explain)
}

/// The likely cause of a refused `io_uring_setup(2)`, and the remedy.
pub fn explain(errno: Errno) -> Refusal {
    let disabled = fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
    let disabled = disabled.map_or(0, |text| text.trim().parse().unwrap_or(0));
    let (reason, hint) = cause(errno, disabled, seccomp_filtered());
    Refusal { errno, reason: reason.into(), hint: hint.into() }
}

const SECCOMP_HINT: &str = "allow io_uring_setup, io_uring_enter and io_uring_register in the \
     container's seccomp profile (Docker: --security-opt seccomp=PROFILE)";

fn cause(errno: Errno, disabled: i32, filtered: bool) -> (&'static str, &'static str) {
    match (errno.0, disabled) {
        (libc::EPERM, 2) => (
            "io_uring is switched off for every process by kernel.io_uring_disabled = 2",
            "as root: sysctl kernel.io_uring_disabled=0",
        ),
        (libc::EPERM, 1) => (
            "kernel.io_uring_disabled = 1 leaves io_uring to privileged processes",
            "as root: sysctl kernel.io_uring_disabled=0, or add this user's group to \
             kernel.io_uring_group",
        ),
        (libc::ENOMEM, _) => (
            "the memory for a ring could not be had; before Linux 5.12 it counts against the \
             memory-lock limit",
            "raise the limit (ulimit -l, LimitMEMLOCK= in systemd, --ulimit memlock= in Docker) \
             or make smaller or fewer rings",
        ),
        (libc::ENOSYS, _) if !filtered => (
            "this kernel has no io_uring (Linux older than 5.1, built without CONFIG_IO_URING, or \
             a sandbox such as gVisor)",
            "use Linux 5.6 or newer with CONFIG_IO_URING=y",
        ),
        (libc::EPERM | libc::EACCES | libc::ENOSYS | libc::EOPNOTSUPP, _) if filtered => {
            ("a seccomp filter forbids io_uring, as container runtimes do by default", SECCOMP_HINT)
        }
        (libc::EPERM | libc::EACCES, _) => {
            ("a security policy (seccomp, SELinux or AppArmor) forbids io_uring", SECCOMP_HINT)
        }
        (libc::EMFILE | libc::ENFILE, _) => {
            ("no file descriptor is left for a ring", "close some, or raise the limit (ulimit -n)")
        }
        _ => ("the kernel refused to make a ring", "see io_uring_setup(2)"),
    }
}

/// Whether this thread runs under a seccomp filter (`Seccomp: 2` in proc(5)).
fn seccomp_filtered() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(errno: i32, disabled: i32, filtered: bool) -> &'static str {
        cause(Errno(errno), disabled, filtered).0
    }

    #[test]
    fn tells_the_causes_apart() {
        assert!(reason(libc::EPERM, 2, false).contains("every process"));
        assert!(reason(libc::EPERM, 1, true).contains("privileged"));
        for errno in [libc::EPERM, libc::ENOSYS, libc::EACCES, libc::EOPNOTSUPP] {
            assert!(reason(errno, 0, true).contains("seccomp filter"), "{errno}");
        }
        assert!(reason(libc::ENOSYS, 0, false).contains("no io_uring"));
        assert!(reason(libc::ENOMEM, 0, false).contains("memory-lock"));
    }
}
