//! The table of operations as JavaScript sees it: plain objects, for the generator and the tests.

use napi::{Env, Unknown, bindgen_prelude::FromNapiValue};
use napi_derive::napi;

use crate::ops::table::{Kind, Returns, TABLE};

use super::ring;

/// One argument of an operation.
#[napi(object)]
pub struct OperationArgument {
    pub name: String,
    pub kind: String,
    /// JavaScript source.
    pub default: Option<String>,
    pub option: bool,
    /// Bytes, of memory for a result.
    pub size: Option<u32>,
}

/// One operation.
#[napi(object)]
pub struct OperationRow {
    pub name: String,
    pub opcode: u8,
    pub since: String,
    pub man: String,
    pub doc: String,
    pub args: Vec<OperationArgument>,
    pub returns: String,
    pub reads_or_writes: bool,
    /// Whether it is an async iterator.
    pub is_stream: bool,
}

/// The table of operations.
#[napi]
pub fn operation_table() -> Vec<OperationRow> {
    TABLE
        .iter()
        .map(|row| OperationRow {
            name: row.name.into(),
            opcode: row.opcode,
            since: row.since.into(),
            man: row.man.into(),
            doc: row.doc.into(),
            args: row.args.iter().map(argument).collect(),
            returns: returns(row.returns).into(),
            reads_or_writes: row.reads_or_writes,
            is_stream: row.returns.is_stream(),
        })
        .collect()
}

fn argument(arg: &crate::ops::table::Arg) -> OperationArgument {
    OperationArgument {
        name: arg.name.into(),
        kind: kind(arg.kind).into(),
        default: arg.default.map(Into::into),
        option: arg.option,
        size: if let Kind::Memory(size) = arg.kind { Some(size) } else { None },
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Fd => "fd",
        Kind::FileIndex => "fileIndex",
        Kind::DirFd => "dirFd",
        Kind::Offset => "offset",
        Kind::OffsetOrNone => "offsetOrNone",
        Kind::Length => "length",
        Kind::Length32 => "length32",
        Kind::Int => "int",
        Kind::Index => "index",
        Kind::Flag(_) => "flag",
        Kind::Data => "data",
        Kind::Buffer => "buffer",
        Kind::OwnBuffer => "ownBuffer",
        Kind::DataList => "dataList",
        Kind::BufferList => "bufferList",
        Kind::RegisteredBuffer => "registeredBuffer",
        Kind::RegisteredData => "registeredData",
        Kind::RegisteredBufferList => "registeredBufferList",
        Kind::RegisteredDataList => "registeredDataList",
        Kind::Path => "path",
        Kind::Name => "name",
        Kind::OpenHow => "openHow",
        Kind::Time => "time",
        Kind::Address | Kind::Destination => "address",
        Kind::EpollEvent => "epollEvent",
        Kind::Memory(_) => "memory",
        Kind::AcceptedAddress | Kind::SocketName => "acceptedAddress",
        Kind::SentMessage => "sentMessage",
        Kind::ReceivedMessage => "receivedMessage",
        Kind::Target => "target",
        Kind::PollMask => "pollMask",
        Kind::Choice => "choice",
        Kind::Peer => "peer",
        Kind::NewName => "newName",
        Kind::WordIndex => "wordIndex",
        Kind::Place => "place",
        Kind::PlaceOrAny => "placeOrAny",
        Kind::Word32 => "word32",
        Kind::SocketType => "int",
        Kind::FdList => "fdList",
        Kind::Word => "word",
        Kind::Words => "words",
        Kind::Group => "group",
        Kind::Provided => "provided",
        Kind::OptionValue => "optionValue",
    }
}

fn returns(returns: Returns) -> &'static str {
    match returns {
        Returns::Nothing => "nothing",
        Returns::Bytes => "bytes",
        Returns::Fd => "fd",
        Returns::Number => "number",
        Returns::Stats => "stats",
        Returns::Pipe => "pipe",
        Returns::Accepted => "accepted",
        Returns::Message => "message",
        Returns::Siginfo => "siginfo",
        Returns::EpollEvents => "epollEvents",
        Returns::Attribute => "attribute",
        Returns::Renamed => "renamed",
        Returns::Index => "index",
        Returns::IndexPair => "indexPair",
        Returns::Expired => "expired",
        Returns::Woken => "woken",
        Returns::WokenIndex => "wokenIndex",
        Returns::Option => "option",
        Returns::Address => "address",
        Returns::Sent => "sent",
        Returns::SentBundle => "sentBundle",
        Returns::Connections => "connections",
        Returns::Chunks => "chunks",
        Returns::Messages => "messages",
        Returns::Events => "events",
        Returns::Ticks => "ticks",
    }
}

/// The calls that drive rings: see `lib/pump.js`.
#[napi(ts_return_type = "any")]
#[allow(unsafe_code)]
pub fn ring_calls(env: Env) -> napi::Result<Unknown<'static>> {
    let calls = ring::calls(env.raw()).map_err(|internal| napi::Error::from_reason(internal.0))?;
    // SAFETY: a value made in this very call.
    unsafe { Unknown::from_napi_value(env.raw(), calls) }
}
