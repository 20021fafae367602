//! Runs a program for which the kernel refuses some system calls, by a real seccomp filter:
//! `seccomp NUMBER=ERRNO... -- PROGRAM ARGUMENT...`. Compiled by rustc alone, without any crate.

use std::env;
use std::ffi::{c_int, c_ulong, c_void};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

const PR_SET_SECCOMP: c_int = 22;
const PR_SET_NO_NEW_PRIVS: c_int = 38;
const SECCOMP_MODE_FILTER: c_ulong = 2;
const SECCOMP_RET_ERRNO: u32 = 0x0005_0000;
const SECCOMP_RET_ALLOW: u32 = 0x7fff_0000;
const LOAD_WORD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// `struct sock_filter`: one instruction.
#[repr(C)]
struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    k: u32,
}

/// `struct sock_fprog`.
#[repr(C)]
struct Program {
    len: u16,
    instructions: *const Instruction,
}

unsafe extern "C" {
    fn prctl(option: c_int, ...) -> c_int;
}

/// Each rule is a system call's number and what it is to fail with. The number comes first in what
/// the filter sees of a call.
fn filter(rules: &[(u32, u32)]) -> Vec<Instruction> {
    let step = |code, if_false, k| Instruction { code, if_true: 0, if_false, k };
    let mut steps = vec![step(LOAD_WORD, 0, 0)];
    for &(number, errno) in rules {
        steps.push(step(JUMP_IF_EQUAL, 1, number));
        steps.push(step(RETURN, 0, SECCOMP_RET_ERRNO | errno));
    }
    steps.push(step(RETURN, 0, SECCOMP_RET_ALLOW));
    steps
}

fn forbid(rules: &[(u32, u32)]) -> io::Result<()> {
    let steps = filter(rules);
    let program = Program { len: steps.len() as u16, instructions: steps.as_ptr() };
    let (on, none): (c_ulong, c_ulong) = (1, 0);
    // SAFETY: the program and its instructions live until the kernel has copied them.
    let done = unsafe {
        prctl(PR_SET_NO_NEW_PRIVS, on, none, none, none) == 0
            && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (&raw const program).cast::<c_void>())
                == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn rule(text: &str) -> Option<(u32, u32)> {
    let (number, errno) = text.split_once('=')?;
    Some((number.parse().ok()?, errno.parse().ok()?))
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut parts = arguments.splitn(2, |argument| argument == "--");
    let rules: Option<Vec<_>> = parts.next().unwrap_or(&[]).iter().map(|text| rule(text)).collect();
    let (Some(rules), Some([program, rest @ ..])) = (rules, parts.next()) else {
        eprintln!("usage: seccomp NUMBER=ERRNO... -- PROGRAM ARGUMENT...");
        exit(2);
    };
    if let Err(error) = forbid(&rules) {
        eprintln!("seccomp: {error}");
        exit(3);
    }
    let error = Command::new(program).args(rest).exec();
    eprintln!("seccomp: {program}: {error}");
    exit(4);
}
