//! `struct io_uring_sqe` of the kernel's interface, with the names that its man pages use.

#![allow(unsafe_code)]

use io_uring::squeue;

/// One submission queue entry. The unions of the kernel's structure are one field
/// each, named for its commonest use.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sqe {
    pub opcode: u8,
    /// `IOSQE_*`.
    pub flags: u8,
    pub ioprio: u16,
    pub fd: i32,
    /// `addr2`, `cmd_op`.
    pub off: u64,
    /// `splice_off_in`, `level` and `optname`.
    pub addr: u64,
    pub len: u32,
    /// `rw_flags`, `open_flags`, `msg_flags` and all the others.
    pub op_flags: u32,
    pub user_data: u64,
    /// `buf_group`.
    pub buf_index: u16,
    pub personality: u16,
    /// `file_index`, `optlen`, `addr_len` (its low half).
    pub splice_fd_in: i32,
    /// `optval`.
    pub addr3: u64,
    pub pad: u64,
}

impl Sqe {
    pub fn new(opcode: u8) -> Self {
        Self { opcode, fd: -1, ..Self::default() }
    }
}

impl From<Sqe> for squeue::Entry {
    fn from(sqe: Sqe) -> Self {
        const { assert!(size_of::<Sqe>() == 64 && size_of::<squeue::Entry>() == 64) };
        // SAFETY: both are the kernel's `struct io_uring_sqe`: 64 bytes of integers, in which any
        // value is valid; the pointers among them are vouched for by `engine::inflight`'s contract.
        unsafe { std::mem::transmute::<Sqe, squeue::Entry>(sqe) }
    }
}

/// Where in the entry an argument goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Fd,
    Off,
    Addr,
    Len,
    /// `len`, or `addr` for what does not fit.
    LenOrAddr,
    OpFlags,
    BufIndex,
    /// `splice_fd_in` and what shares its place.
    SpliceFd,
    Addr3,
    Ioprio,
    /// The halves of `addr`: `level` and `optname`.
    Level,
    Optname,
}

impl Sqe {
    /// Sets a field. What is wider than the field is cut: JavaScript has checked it.
    pub fn set(&mut self, field: Field, value: u64) {
        match field {
            Field::Fd => self.fd = value as i32,
            Field::Off => self.off = value,
            Field::Addr => self.addr = value,
            Field::Len => self.len = value as u32,
            Field::LenOrAddr => match u32::try_from(value) {
                Ok(len) => self.len = len,
                Err(_) => self.addr = value,
            },
            Field::OpFlags => self.op_flags |= value as u32,
            Field::BufIndex => self.buf_index = value as u16,
            Field::SpliceFd => self.splice_fd_in = value as i32,
            Field::Addr3 => self.addr3 = value,
            Field::Ioprio => self.ioprio = value as u16,
            Field::Level => self.addr |= value & 0xffff_ffff,
            Field::Optname => self.addr |= value << 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_in_memory_as_the_kernel_has_it() {
        use std::mem::offset_of;
        assert_eq!(offset_of!(Sqe, fd), 4);
        assert_eq!(offset_of!(Sqe, off), 8);
        assert_eq!(offset_of!(Sqe, addr), 16);
        assert_eq!(offset_of!(Sqe, len), 24);
        assert_eq!(offset_of!(Sqe, op_flags), 28);
        assert_eq!(offset_of!(Sqe, user_data), 32);
        assert_eq!(offset_of!(Sqe, buf_index), 40);
        assert_eq!(offset_of!(Sqe, splice_fd_in), 44);
        assert_eq!(offset_of!(Sqe, addr3), 48);
    }
}
