//! The one call that every operation of the table is: `name(id, ticket, ...arguments)`.
//!
//! It returns `undefined` when the operation is queued, `-errno`, or [`NOT_OURS`]
//! where the kernel would fill memory that is not this package's: JavaScript then
//! lends memory that is, and copies.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use napi::sys;

use crate::engine::errno::Errno;
use crate::engine::regions::{self, Region};
use crate::ops::operation::Op;
use crate::ops::sqe::Field;
use crate::ops::table::{Arg, Kind, Row, TABLE};

use super::raw::{self, Call, Result, Value, guard};
use super::ring::{self, Entry, Modifiers};

/// The memory to fill is the caller's own.
const NOT_OURS: i32 = 1;

/// The most that one entry moves: the kernel cuts longer ones at this.
const MAX_LEN: usize = 0x7fff_f000;

/// Why an operation was not queued.
enum Refused {
    NotOurs,
    Kernel(Errno),
    Internal(raw::Internal),
}

impl From<raw::Internal> for Refused {
    fn from(internal: raw::Internal) -> Self {
        Self::Internal(internal)
    }
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Self {
        Self::Kernel(errno)
    }
}

type Queued<T> = std::result::Result<T, Refused>;

unsafe extern "C" fn queue(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, queue_row) }
}

fn queue_row(call: &Call) -> Result<Value> {
    // SAFETY: `export` makes these functions with rows of the static table.
    let row = unsafe { &*call.data.cast::<Row>() };
    let (id, ticket) = (call.i32(0)?, call.i32(1)?);
    ring::with(id, |entry| {
        let next = entry.next.take();
        match build(call, row, ticket, entry) {
            Ok(op) => {
                submit(entry, op, next);
                Ok(Value::Undefined)
            }
            Err(Refused::NotOurs) => {
                entry.next = next;
                Ok(Value::Int(NOT_OURS))
            }
            Err(Refused::Kernel(errno)) => Ok(Value::Int(-errno.0)),
            Err(Refused::Internal(internal)) => Err(internal),
        }
    })?
}

/// `queuePointer(id, ticket, writes, fd, address, length, offset)`: a read or write at an address,
/// which must lie in a live region.
unsafe extern "C" fn queue_pointer(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: the arguments are this callback's.
    unsafe { guard(env, info, queue_address) }
}

fn queue_address(call: &Call) -> Result<Value> {
    const READ: u8 = 22;
    let (start, len) = (call.i64(4)? as usize, call.i64(5)? as usize);
    let mut op = Op::new(READ + u8::from(call.bool(2)?), call.i32(1)?);
    op.number(Field::Fd, i64::from(call.i32(3)?).cast_unsigned());
    op.number(Field::Off, call.i64(6)?.cast_unsigned());
    if len > 0 {
        let Some(region) = regions::find(start, len) else { return Ok(Value::Int(-libc::EFAULT)) };
        op.lend(Field::Addr, region, start);
        op.number(Field::Len, len.min(MAX_LEN) as u64);
    }
    ring::with(call.i32(0)?, |entry| {
        entry.pump.queue(op);
        Value::Undefined
    })
}

fn submit(entry: &mut Entry, mut op: Op, next: Option<Modifiers>) {
    let Some(next) = next else { return entry.pump.queue(op) };
    const LINK: u8 = 1 << 2;
    const LINKS: u8 = LINK | 1 << 3;
    const ASYNC: u8 = 1 << 4;
    op.number(Field::OpFlags, u64::from(next.op_flags));
    op.add_flags(next.flags);
    if next.off_thread && !op.is_direct() {
        op.add_flags(ASYNC);
    }
    let Some(ms) = next.timeout else { return entry.pump.queue(op) };
    op.add_flags(LINK);
    entry.pump.queue(op);
    let mut timeout = Op::link_timeout(Op::NOBODY, ms);
    timeout.add_flags(next.flags & LINKS);
    entry.pump.queue(timeout);
}

fn build(call: &Call, row: &Row, ticket: i32, entry: &mut Entry) -> Queued<Op> {
    let mut op = Op::new(row.opcode, ticket);
    op.add_flags(row.flags);
    for &(field, value) in row.preset {
        op.number(field, value);
    }
    for (at, arg) in row.args.iter().enumerate() {
        take(call, at + 2, arg, row, &mut op, entry)?;
    }
    Ok(op)
}

fn take(
    call: &Call,
    at: usize,
    arg: &Arg,
    row: &Row,
    op: &mut Op,
    entry: &mut Entry,
) -> Queued<()> {
    match arg.kind {
        Kind::Buffer | Kind::RegisteredBuffer | Kind::RegisteredData => {
            lend(op, arg, row, call.view(at)?, entry)?;
        }
        Kind::OwnBuffer => match lend(op, arg, row, call.view(at)?, entry) {
            Err(Refused::NotOurs) => return Err(Errno(libc::EFAULT).into()),
            lent => lent?,
        },
        Kind::Data => lend_or_copy(op, arg, row, call.view(at)?, entry)?,
        Kind::BufferList
        | Kind::DataList
        | Kind::RegisteredBufferList
        | Kind::RegisteredDataList => op.lend_vector(ranges(call, at, arg.kind)?),
        Kind::Path | Kind::Name => op.path(arg.field, call.c_string(at)?),
        Kind::OpenHow
        | Kind::Time
        | Kind::Address
        | Kind::Destination
        | Kind::EpollEvent
        | Kind::FdList => point_at_copy(call, at, arg, op)?,
        Kind::Memory(_)
        | Kind::AcceptedAddress
        | Kind::SocketName
        | Kind::SentMessage
        | Kind::ReceivedMessage
        | Kind::OptionValue => point_at_result(call, at, arg, op)?,
        Kind::Word => op.watch_word(call.view(at)?.0),
        Kind::Words => op.watch_words(&words(call, at)?),
        Kind::Group => {
            let id = call.i32(at)? as u16;
            op.use_group(id, entry.groups.memory(id));
        }
        Kind::Provided => {
            let (start, len) = call.view(at)?;
            let region = regions::find(start, len).ok_or(Errno(libc::EFAULT))?;
            // Behind the memory come its parts' length and number, and the group.
            entry.groups.keep(call.i32(at + 3)? as u16, region.clone());
            op.lend(arg.field, region, start);
        }
        Kind::Target => {
            let found = entry.pump.reach(call.i32(at)?);
            // No operation of ours is 0: the kernel answers ENOENT.
            op.number(arg.field, found.unwrap_or(0));
        }
        _ => take_number(call, at, arg, op)?,
    }
    Ok(())
}

fn take_number(call: &Call, at: usize, arg: &Arg, op: &mut Op) -> Queued<()> {
    match arg.kind {
        Kind::Choice | Kind::Peer | Kind::NewName | Kind::WordIndex => {}
        Kind::Flag(bit) => op.number(arg.field, if call.bool(at)? { u64::from(bit) } else { 0 }),
        Kind::SocketType => {
            op.number(arg.field, (call.i32(at)? | libc::SOCK_CLOEXEC).cast_unsigned().into());
        }
        Kind::PollMask => match call.i64(at)? {
            -1 => op.keep_poll_mask(),
            mask => {
                const UPDATE_EVENTS: u64 = 2;
                op.number(Field::Len, UPDATE_EVENTS);
                op.number(arg.field, mask.cast_unsigned());
            }
        },
        _ => op.number(arg.field, call.i64(at)?.cast_unsigned()),
    }
    Ok(())
}

fn lend_or_copy(
    op: &mut Op,
    arg: &Arg,
    row: &Row,
    (start, len): (usize, usize),
    entry: &Entry,
) -> Queued<()> {
    match lend(op, arg, row, (start, len), entry) {
        Err(Refused::NotOurs) => op.copy_in(arg.field, raw::bytes_of((start, len.min(MAX_LEN))))?,
        lent => return lent,
    }
    op.number(Field::Len, len.min(MAX_LEN) as u64);
    Ok(())
}

/// A small structure that JavaScript has put together.
fn point_at_copy(call: &Call, at: usize, arg: &Arg, op: &mut Op) -> Queued<()> {
    let bytes = raw::bytes_of(call.view(at)?);
    op.copy_small(arg.field, bytes);
    let length = match arg.kind {
        Kind::FdList => {
            op.number(Field::Len, (bytes.len() / size_of::<i32>()) as u64);
            return Ok(());
        }
        Kind::OpenHow => Field::Len,
        Kind::Address => Field::Off,
        Kind::Destination => Field::SpliceFd,
        _ => return Ok(()),
    };
    op.number(length, bytes.len() as u64);
    Ok(())
}

/// Memory of ours that JavaScript makes a result of.
fn point_at_result(call: &Call, at: usize, arg: &Arg, op: &mut Op) -> Queued<()> {
    let (start, len) = call.view(at)?;
    if len == 0 && arg.kind == Kind::OptionValue {
        return Ok(());
    }
    let region = regions::find(start, len).ok_or(Errno(libc::EFAULT))?;
    match arg.kind {
        Kind::OptionValue => {
            op.number(Field::SpliceFd, len as u64);
            op.lend(arg.field, region, start);
        }
        Kind::AcceptedAddress => op.lend_address(Field::Off, region, start),
        Kind::SocketName => op.lend_address(Field::Addr3, region, start),
        Kind::SentMessage | Kind::ReceivedMessage => op.lend_message(region, start),
        _ => op.lend(arg.field, region, start),
    }
    Ok(())
}

fn lend(
    op: &mut Op,
    arg: &Arg,
    row: &Row,
    (start, len): (usize, usize),
    entry: &Entry,
) -> Queued<()> {
    if len == 0 {
        return Ok(());
    }
    let region = regions::find(start, len).ok_or(Refused::NotOurs)?;
    if row.fixed != row.opcode
        && let Some(index) = ring::fixed_index(entry, &region)
    {
        op.use_fixed_buffer(row.fixed, index);
    }
    op.lend(arg.field, region, start);
    op.number(Field::Len, len.min(MAX_LEN) as u64);
    Ok(())
}

fn ranges(call: &Call, at: usize, kind: Kind) -> Queued<Vec<(Rc<Region>, usize, usize)>> {
    let mut ranges = Vec::new();
    for view in call.list(at)? {
        let (start, len) = raw::view_of(call.env, view)?;
        if len == 0 {
            continue;
        }
        if let Some(region) = regions::find(start, len) {
            ranges.push((region, start, len));
        } else if kind == Kind::DataList {
            let region = Op::copy_of(raw::bytes_of((start, len)))?;
            let start = region.start();
            ranges.push((region, start, len));
        } else {
            return Err(Refused::NotOurs);
        }
    }
    Ok(ranges)
}

/// Addresses of words, and what each is to hold: a list of their views, then a view of the values.
fn words(call: &Call, at: usize) -> Queued<Vec<(usize, u32)>> {
    let mut views = call.list(at)?;
    let values = views.pop().ok_or_else(|| raw::Internal::from("the values of words"))?;
    let (values, _) = raw::bytes_of(raw::view_of(call.env, values)?).as_chunks::<4>();
    let word = |(view, value): (_, &[u8; 4])| {
        Ok((raw::view_of(call.env, view)?.0, u32::from_ne_bytes(*value)))
    };
    views.into_iter().zip(values).map(word).collect()
}

/// One function for each row, in an object of their own.
pub fn export(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    let functions = raw::object(env)?;
    for row in TABLE {
        let data = ptr::from_ref(row).cast_mut().cast::<c_void>();
        raw::set(env, functions, row.name, raw::function(env, row.name, queue, data)?)?;
    }
    let pointer = raw::function(env, "queuePointer", queue_pointer, ptr::null_mut())?;
    raw::set(env, exports, "queuePointer", pointer)?;
    raw::set(env, exports, "queue", functions)
}
