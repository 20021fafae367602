// The package from TypeScript: compiled by `npm run types` with --strict.

import uring, { UringError, availability, copy, write } from 'uring';
import type { CopyOptions, ProgressCallback } from 'uring';

const report: ProgressCallback = (done, total) => {
  console.log(total === 0 ? `${done} bytes` : `${Math.floor((100 * done) / total)}%`);
};

async function main(src: string, dst: string): Promise<void> {
  const options: CopyOptions = {
    fsync: true,
    reflink: 'never',
    preserve: { timestamps: true },
    progressCb: report,
    signal: AbortSignal.timeout(60_000),
  };
  const copied: number = await copy(src, new URL(`file://${dst}`), options);
  const written: number = await write(Buffer.from('filled.dat'), { totalMb: 16, mode: 'fast', syncPolicy: 'data' });
  console.log(copied, written);
}

main('/etc/hostname', '/tmp/hostname').catch((error: unknown) => {
  if (!(error instanceof UringError)) throw error;
  console.error(error.code, error.errno, error.operation, error.path ?? '', error.detail ?? '');
});

const { available, reason, hint } = availability();
if (!available) console.log(`plain system calls: ${reason}. ${hint}`);
else if (uring.opcodeSupported(uring.IORING_OP_FTRUNCATE)) console.log(uring.getProbeInfo().opcodeMask.length);

console.log(uring.version, uring.direct.copyPath === uring.copyPath, uring.constants);
