//! Which operations this kernel has (`IORING_REGISTER_PROBE`, Linux 5.6).

use io_uring::{IoUring, Probe};

use super::errno::Result;
use super::setup::Setup;

/// What the kernel offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// The highest opcode that the kernel knows.
    pub last_op: u8,
    /// Byte `i` is 1 where opcode `i` is supported; `last_op + 1` bytes.
    pub mask: Vec<u8>,
}

/// Opcodes are one byte wide.
const OPCODES: u8 = u8::MAX;

/// Asks an existing ring.
pub fn of_ring(uring: &IoUring) -> Result<Support> {
    let mut probe = Probe::new();
    uring.submitter().register_probe(&mut probe)?;
    let supported = |op| probe.is_supported(op);
    let last_op = (0..OPCODES).rev().find(|&op| supported(op)).unwrap_or(0);
    Ok(Support { last_op, mask: (0..=last_op).map(|op| u8::from(supported(op))).collect() })
}

/// Asks a ring made for the purpose.
pub fn of_kernel() -> Result<Support> {
    of_ring(&Setup { entries: 8, ..Setup::default() }.make()?.uring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_operations_of_the_first_probing_kernel() {
        let support = of_kernel().unwrap();
        assert_eq!(support.mask.len(), usize::from(support.last_op) + 1);
        assert_eq!(support.mask[usize::from(io_uring::opcode::Read::CODE)], 1);
    }
}
