// The types of the public door, in the order of index.js: what a user may touch, with its units,
// defaults and errors. The constants are generated: lib/constants.d.ts.

/// <reference types="node" />

import type { PathLike } from 'node:fs';

export * from './lib/constants.js';
export * from './lib/ctx.js';

// ---------------------------------------------------------------- what options and callbacks share

/**
 * How much a helper may tune what was asked for:
 * - `'auto'`: it picks what is measured fastest, with `qd` x `blockSize` as the ceiling of memory in
 *   flight; a `bufferSizeCb` is obeyed.
 * - `'safe'`: small. `copy`: `qd` at most 16, `blockSize` at most 1 MiB; writes: at most 128 and 4 KiB.
 * - `'fast'`: large. `copy`: `qd` at least 64, `blockSize` at least 1 MiB; writes: at least 256 and 64 KiB.
 */
export type Mode = 'auto' | 'safe' | 'fast';

/**
 * When file data is forced to the disk with fsync(2): `'default'` does what the boolean says, `'none'`
 * never, `'end'` once after the last write, each whatever the boolean says.
 */
export type SyncPolicy = 'default' | 'none' | 'end';

/**
 * As {@link SyncPolicy}, and for each single write (RWF_DSYNC of pwritev2(2)): `'data'` syncs every
 * write and not the end, `'end_and_data'` both. `'default'` follows `fsync` and `dsync`.
 */
export type WriteSyncPolicy = SyncPolicy | 'data' | 'end_and_data';

/**
 * Chooses the size of the next chunk. Called once per chunk, in order, with that chunk's true offset,
 * and never ahead of need.
 * @param offset where the chunk begins, in bytes
 * @param total the whole length in bytes; 0 while it is unknown (a FIFO, `/proc`)
 * @param defaultBlockSize what would be used without the callback, in bytes
 * @returns the chunk's size in bytes; anything but a positive integer rejects the call with a
 *   TypeError `ERR_INVALID_RETURN_VALUE`
 */
export type BufferSizeCallback = (offset: number, total: number, defaultBlockSize: number) => number;

/**
 * Told of progress after each completed write of the destination.
 * @param done bytes done, rising; the holes that a copy keeps count as done
 * @param total the whole length in bytes; 0 while it is unknown; the last call has `done === total`
 * @returns `true` cancels: the call rejects with `ECANCELED`. A promise holds the pipeline back until
 *   it settles. What it throws or rejects with is what the call rejects with, the very same object.
 */
export type ProgressCallback = (
  done: number,
  total: number,
) => boolean | void | Promise<boolean | void>;

/** What can stop any call that returns a promise. */
export interface AbortOptions {
  /**
   * Aborting rejects with the signal's reason (an `AbortError` by default), once the kernel has let go
   * of the memory. Default: none.
   */
  signal?: AbortSignal | undefined;
}

/** How much a pipeline keeps in flight. */
export interface PipelineOptions extends AbortOptions {
  /** Queue depth: how many blocks may be in flight, 1 to 4096. */
  qd?: number | undefined;
  /** Bytes of a block, 1 to 1 GiB. */
  blockSize?: number | bigint | undefined;
}

/** Options of {@link copyPathDynamic}. */
export interface CopyPathDynamicOptions extends PipelineOptions {
  /** Forces the destination to the disk before resolving, fsync(2). Default `false`. */
  fsync?: boolean | undefined;
  /** Chooses the size of each chunk. Default: `blockSize` throughout. */
  bufferSizeCb?: BufferSizeCallback | undefined;
  /** Is told of progress, can cancel and can throttle. Default: none. */
  progressCb?: ProgressCallback | undefined;
}

/** Options of {@link copy}. */
export interface CopyOptions extends CopyPathDynamicOptions {
  /** Default `'auto'`. */
  mode?: Mode | undefined;
  /** Default `'default'`: what `fsync` says. */
  syncPolicy?: SyncPolicy | undefined;
  /** Refuses with `EEXIST` if the destination exists, as COPYFILE_EXCL does. Default `false`. */
  exclusive?: boolean | undefined;
  /**
   * Whether the copy shares the source's blocks, on filesystems that can (ioctl_ficlone(2): Btrfs,
   * XFS): `'always'` fails where they can't, `'auto'` then copies the bytes. Default `'auto'`.
   */
  reflink?: 'auto' | 'always' | 'never' | undefined;
  /** Whether holes stay holes (SEEK_HOLE of lseek(2)) or become zeros on the disk. Default `'auto'`. */
  sparse?: 'auto' | 'never' | undefined;
  /** What else is carried over beside bytes and permission bits. Default: nothing. */
  preserve?: { timestamps?: boolean | undefined; xattrs?: boolean | undefined } | undefined;
  /**
   * Writes a temporary file beside the destination and renames it over that when complete, so that
   * nobody ever sees half a copy; with `fsync` the directory is synced too. Default `false`.
   */
  atomic?: boolean | undefined;
}

/** Options of {@link writeNewfile}. */
export interface WriteNewfileOptions extends PipelineOptions {
  /** Size of the file in MiB, an integer from 1. */
  totalMb: number;
  /** Forces the file to the disk before resolving, fsync(2). Default `false`. */
  fsync?: boolean | undefined;
  /** Forces each write to the disk before it counts, RWF_DSYNC of pwritev2(2). Default `false`. */
  dsync?: boolean | undefined;
}

/** Options of {@link writeNewfileDynamic}. */
export interface WriteNewfileDynamicOptions extends WriteNewfileOptions {
  /** Chooses the size of each chunk. Default: `blockSize` throughout. */
  bufferSizeCb?: BufferSizeCallback | undefined;
  /** Is told of progress, can cancel and can throttle. Default: none. */
  progressCb?: ProgressCallback | undefined;
}

/** Options of {@link write}. */
export interface WriteOptions extends WriteNewfileDynamicOptions {
  /** Default `'auto'`. */
  mode?: Mode | undefined;
  /** Default `'default'`: what `fsync` and `dsync` say. */
  syncPolicy?: WriteSyncPolicy | undefined;
}

/** Options of {@link writeManyfiles}. */
export interface WriteManyfilesOptions extends PipelineOptions {
  /** How many files, an integer from 1. */
  nfiles: number;
  /** Size of each in MiB, an integer from 1. */
  mbPerFile: number;
  /** Forces each file to the disk after its last write, fsync(2). Default `false`. */
  fsyncEnd?: boolean | undefined;
}

/** Options of {@link writeMany}. */
export interface WriteManyOptions extends WriteManyfilesOptions {
  /** Default `'auto'`. */
  mode?: Mode | undefined;
  /** Default `'default'`: what `fsyncEnd` says. */
  syncPolicy?: SyncPolicy | undefined;
}

// ------------------------------------------------------------------------------------- the helpers

/**
 * Copies a file: bytes, holes and permission bits. Defaults: `mode 'auto'`, `qd 32`, `blockSize` 1 MiB.
 *
 * Copying a file onto itself (by any path or link) is `EINVAL` and leaves it untouched; a directory is
 * `EISDIR`; a source of unknown length (`/proc`, a FIFO, a device) is copied to its end. A destination
 * that this call created is removed if it fails or is cancelled.
 *
 * Needs no particular kernel: where io_uring is refused, the same job is done with plain system calls
 * (see {@link availability}).
 * @returns bytes copied, holes included
 * @throws UringError as open(2), read(2), write(2) and fsync(2) fail; `ECANCELED` when `progressCb`
 *   returns true
 * @throws TypeError or RangeError for an argument that is wrong, before any file is touched
 */
export function copy(src: PathLike, dst: PathLike, options?: CopyOptions): Promise<number>;

/**
 * Creates a file, or empties the one there, and fills it with `totalMb` MiB of a fixed pattern: no
 * holes. Defaults: `mode 'auto'`, `qd 256`, `blockSize` 4 KiB.
 * @returns bytes written
 * @throws UringError as open(2), write(2) and fsync(2) fail, `ENOSPC` among them
 */
export function write(dst: PathLike, options: WriteOptions): Promise<number>;

/**
 * Writes `nfiles` files of `mbPerFile` MiB into a directory that exists: `file_000000.dat` and so on.
 * Defaults as for {@link write}. On failure the unfinished file goes, the finished ones stay.
 * @returns bytes written, over all files
 * @throws UringError as open(2), write(2) and fsync(2) fail
 */
export function writeMany(dir: PathLike, options: WriteManyOptions): Promise<number>;

/**
 * {@link copy} without presets: exactly the `qd` (default 32) and `blockSize` (default 1 MiB) asked for.
 * @returns bytes copied
 */
export function copyPath(src: PathLike, dst: PathLike, options?: PipelineOptions): Promise<number>;

/**
 * {@link copyPath} with callbacks and `fsync`.
 * @returns bytes copied
 */
export function copyPathDynamic(
  src: PathLike,
  dst: PathLike,
  options?: CopyPathDynamicOptions,
): Promise<number>;

/**
 * {@link write} without presets: exactly the `qd` (default 256) and `blockSize` (default 4 KiB) asked for.
 * @returns bytes written
 */
export function writeNewfile(dst: PathLike, options: WriteNewfileOptions): Promise<number>;

/**
 * {@link writeNewfile} with callbacks.
 * @returns bytes written
 */
export function writeNewfileDynamic(
  dst: PathLike,
  options: WriteNewfileDynamicOptions,
): Promise<number>;

/**
 * {@link writeMany} without presets: exactly the `qd` (default 256) and `blockSize` (default 4 KiB)
 * asked for.
 * @returns bytes written, over all files
 */
export function writeManyfiles(dir: PathLike, options: WriteManyfilesOptions): Promise<number>;

// ----------------------------------------------------------------------------- what the kernel offers

/** What {@link availability} says: all but `available` are null when a ring can be made. */
export interface Availability {
  /** Whether a ring can be made here: if not, the helpers use plain system calls. */
  available: boolean;
  /** The positive errno of io_uring_setup(2). */
  errno: number | null;
  /** Its name, such as `'EPERM'`. */
  code: string | null;
  /** What refused: a sysctl, seccomp, the memory-lock limit, the kernel's age, `URING_FALLBACK=1`. */
  reason: string | null;
  /** What to change. */
  hint: string | null;
}

/** Says whether a ring can be made here, and if not why and what to change. Never throws. */
export function availability(): Availability;

/** Which operations this kernel has: io_uring_register(2), IORING_REGISTER_PROBE, Linux 5.6. */
export interface ProbeInfo {
  /** The highest opcode that the kernel knows. */
  lastOp: number;
  /** Byte i is 1 where opcode i is supported. */
  opcodeMask: Buffer;
}

/**
 * Asks the kernel which operations it has, once for the process unless `refresh` is true.
 * @throws UringError when no ring can be made: {@link availability} says why
 */
export function getProbeInfo(options?: { refresh?: boolean | undefined }): ProbeInfo;

/**
 * Whether this kernel has an operation.
 * @param op one of `IORING_OP_*`
 * @throws UringError when no ring can be made
 */
export function opcodeSupported(op: number): boolean;

/**
 * Throws unless this kernel has an operation.
 * @param op one of `IORING_OP_*`
 * @param operation what to call it in the error
 * @throws UringError `EOPNOTSUPP`, with links to the kernel's documentation in `detail`
 */
export function requireOpcodeSupported(op: number, operation: string): void;

// ------------------------------------------------------------------------------------------- errors

/** Where a {@link UringError} happened. */
export interface UringErrorOptions {
  /** See {@link UringError.detail}. Default `null`. */
  detail?: string | null | undefined;
  path?: PathLike | undefined;
  dest?: PathLike | undefined;
  offset?: number | bigint | undefined;
  length?: number | bigint | undefined;
}

/**
 * A failure that the kernel reported. Branch on `code` or `errno`, not on the message. Mistakes in
 * arguments are not this but TypeError and RangeError with `code` `ERR_INVALID_ARG_TYPE`,
 * `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`.
 */
export class UringError extends Error {
  /** An `errno` of 0 or less counts as `EINVAL`. */
  constructor(errno: number, operation: string, options?: UringErrorOptions);
  name: 'UringError';
  /** Positive, as in `os.constants.errno`; `fs` errors have it negative. */
  errno: number;
  /** Its name, such as `'ENOENT'`. */
  code: string;
  /** The failing function, such as `'copy'` or `'openat'`. */
  operation: string;
  /** The same as `operation`, where code that handles `fs` errors looks for it. */
  syscall: string;
  /** An extra hint: why a ring can't be made and what to do, links to the kernel's documentation. */
  detail: string | null;
  path?: string;
  dest?: string;
  offset?: number | bigint;
  length?: number | bigint;
}

// ---------------------------------------------------------------------------------------- namespaces

/** The version of the package. */
export const version: string;

/** Every name of the package, under the name that the reference gives it. */
export const direct: typeof import('./index.js');

/** An older name of {@link direct}. */
export const raw: typeof direct;
