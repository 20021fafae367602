// The types of the ring: UringCtx, UringAsync, BufferPool, BufferRing and UringPool. What each operation of the table takes
// and gives is generated: lib/operations.d.ts.

/// <reference types="node" />

import type { Operations } from './operations.js';

/** What can be written; a string is UTF-8. */
export type Data = string | NodeJS.ArrayBufferView | ArrayBuffer;

/** What can be filled. */
export type Fillable = NodeJS.ArrayBufferView | ArrayBuffer;

/** Any 64 bits; a number only where it is a safe integer. */
export type UserData = number | bigint;

/** Where a slot of a {@link BufferPool} is, and how many of its bytes are in use. */
export type Pointer = readonly [address: bigint, size: number];

/**
 * A completion: the `userData` of the operation as it went in, and a count or a negative errno. Only a
 * message of `msgRingCqeFlags` has flags too.
 */
export type Completion = [userData: UserData, result: number, cqeFlags?: number];

/** What can stop a wait. */
export interface WaitOptions {
  /** Aborting rejects with the signal's reason. A completion that comes later goes to the next waiter. */
  signal?: AbortSignal;
}

/** An address of a socket; a Buffer is a sockaddr as it is. */
export type SocketAddress =
  | { family?: 'IPv4' | 'IPv6' | undefined; address: string; port?: number | undefined }
  | { path: string }
  | Buffer;

/** Milliseconds, or seconds and nanoseconds. */
export type Time = number | { sec?: number | bigint; nsec?: number };

/** What openat2(2) takes. */
export interface OpenHow {
  /** `O_*`. */
  flags?: number | bigint;
  /** Permissions of a file that is created. */
  mode?: number | bigint;
  /** `RESOLVE_*`. */
  resolve?: number | bigint;
}

/** Events (`EPOLL*`) and what they are known by. */
export interface EpollEvent {
  events?: number;
  data?: number | bigint;
}

/** What became of a child process: waitid(2). */
export interface Siginfo {
  signo: number;
  code: number;
  pid: number;
  uid: number;
  status: number;
}

/** A word of shared memory, and what it holds until somebody changes it: futex(2). */
export interface Futex {
  /** Over a `SharedArrayBuffer`. */
  array: Int32Array;
  index: number;
  value: number;
}

/** What became of one operation of a chain. */
export type LinkOutcome =
  | { status: 'fulfilled'; value: unknown; operation: string }
  | {
      status: 'rejected';
      /** A UringError whose `detail` says in words which step broke the chain. */
      reason: unknown;
      operation: string;
      /** The index of the step that broke the chain; absent where this one failed for itself. */
      brokenBy?: number;
    };

/** How operations are linked. */
export interface LinkOptions {
  /** Go on after a step that fails (`IOSQE_IO_HARDLINK`). Default false. */
  hard?: boolean;
  /** Milliseconds until what is left of the chain is cancelled; the step that it stops fails with ETIMEDOUT. */
  timeout?: number;
  /** Aborting cancels what is left; the promise rejects with the reason once the kernel let go. */
  signal?: AbortSignal;
}

/** What statx(2) tells of a file; with `bigint` its numbers are bigints. */
export interface Statx<N extends number | bigint = number> {
  mask: N;
  mode: N;
  nlink: N;
  uid: N;
  gid: N;
  ino: N;
  size: N;
  blocks: N;
  blksize: N;
  dev: N;
  rdev: N;
  mntId: N;
  attributes: N;
  attributesMask: N;
  atime: Date;
  atimeNs: bigint;
  btime: Date;
  btimeNs: bigint;
  ctime: Date;
  ctimeNs: bigint;
  mtime: Date;
  mtimeNs: bigint;
  dioMemAlign: N;
  dioOffsetAlign: N;
}

/** The options of every operation. */
export interface OperationOptions {
  /** Aborting cancels the operation; the promise rejects with the reason once the kernel let go. */
  signal?: AbortSignal;
  /** Milliseconds until the operation is cancelled and fails with ETIMEDOUT (a linked timeout, Linux 5.5). */
  timeout?: number;
  /** A name by which the operation can be cancelled or updated. */
  userData?: UserData;
  /** `IOSQE_*`. */
  sqeFlags?: number;
}

/** The options of what reads or writes. */
export interface ReadWriteOptions extends OperationOptions {
  /** `RWF_*` of preadv2(2). */
  rwFlags?: number;
}

/** How a ring is made: io_uring_setup(2). */
export interface UringCtxOptions {
  /** Entries of the submission queue, 1 to 32768, rounded up to a power of two. Default 64. */
  entries?: number;
  /** Entries of the completion queue (Linux 5.5). Default: the kernel's, twice `entries`. */
  cqEntries?: number;
  /** Exactly these `IORING_SETUP_*`. Default: the fastest that this kernel takes for one thread. */
  setupFlags?: number;
  /** The processor of an SQPOLL thread; -1, the default, binds it to none. */
  sqThreadCpu?: number;
  /** Milliseconds until an idle SQPOLL thread sleeps. Default 0: the kernel's, one second. */
  sqThreadIdle?: number;
  /** Refuse what waits on another thread (`waitCompletionInExecutor`). Default true. */
  singleThreadCheck?: boolean;
  /** The most kernel threads of each kind that do work for this ring (Linux 5.15). Default: the kernel's. */
  maxWorkers?: number;
}

/** Counters of a ring, from its beginning. */
export interface RingStats {
  /** Entries handed to the kernel. */
  submitted: number;
  /** Operations that came back. */
  completed: number;
  /** Those of them that were done by the time their batch was submitted. */
  inline: number;
  /** Batches submitted. */
  batches: number;
  /** Entries in the largest batch. */
  largestBatch: number;
  /** Times that the completion thread woke the event loop for this ring. */
  wakes: number;
  /** Times that the completion queue had no room; nothing is lost by it. */
  overflow: number;
  /** Submissions that the kernel asked to repeat. */
  retries: number;
}

/**
 * One io_uring (Linux 5.6). Every operation is a method that returns a Promise, and under its name +
 * `Sync` one that blocks; what is queued in one tick is submitted in one system call.
 *
 * The kernel never sees memory of the JavaScript heap: what is written is copied, what is read into a
 * buffer of the caller is copied back; memory of a {@link BufferPool} is used as it is.
 *
 * @throws UringError when the kernel refuses: `detail` says why and what to do
 */
export class UringCtx extends Operations {
  constructor(options?: UringCtxOptions);
  /** A ring whose submissions a kernel thread picks up (`IORING_SETUP_SQPOLL`). It costs a processor. */
  static withSqpoll(options?: UringCtxOptions): UringCtx;
  /** A ring whose completions run only when asked for (`IORING_SETUP_DEFER_TASKRUN`, Linux 6.1). */
  static withDeferTaskrun(options?: UringCtxOptions): UringCtx;

  /** The ring's file descriptor. */
  readonly ringFd: number;
  /** Entries of the submission queue. */
  readonly entries: number;
  /** Entries of the completion queue. */
  readonly cqEntries: number;
  /** `IORING_SETUP_*` in force. */
  readonly setupFlags: number;
  /** `IORING_FEAT_*` of this kernel. */
  readonly features: number;
  /** As it was made. */
  readonly singleThreadCheck: boolean;
  /** Operations that have not been settled. */
  readonly inFlight: number;
  /** Whether it was closed. */
  readonly closed: boolean;

  /**
   * Cancels what is in flight and waits for nothing; its promises reject with ECANCELED once the kernel
   * let go of the memory. Any number of times.
   */
  close(): void;
  /** Resolves when nothing is in flight. */
  drain(): Promise<void>;
  /** Operations in flight keep the process alive: the default. */
  ref(): this;
  /** Operations in flight do not keep the process alive. */
  unref(): this;
  /** Whether operations in flight keep the process alive. */
  hasRef(): boolean;
  /** Counters. The diagnostics channel `uring:batch` tells of each batch. */
  stats(): RingStats;

  /** Reads up to `length` bytes into memory of its own; fewer at the end of the file. See pread(2). */
  read(fd: number, length: number, offset?: number | bigint, options?: ReadWriteOptions): Promise<Buffer>;
  /** {@link read}, blocking. */
  readSync(fd: number, length: number, offset?: number | bigint, options?: ReadWriteOptions): Buffer;
  /** Reads contiguous blocks, all submitted at once; shorter at the end of the file. */
  readBatch(fd: number, blockSize: number, blocks: number, offset?: number | bigint): Promise<Buffer>;
  /** {@link readBatch}, blocking. */
  readBatchSync(fd: number, blockSize: number, blocks: number, offset?: number | bigint): Buffer;
  /**
   * Reads a block at each offset, in bytes or with `offsetBytes: false` in blocks. What lies beyond the
   * end of the file is zeros.
   */
  readOffsets(
    fd: number,
    blockSize: number,
    offsets: ArrayLike<number> | ArrayLike<bigint>,
    options?: { offsetBytes?: boolean },
  ): Promise<Buffer>;
  /** {@link readOffsets}, blocking. */
  readOffsetsSync(
    fd: number,
    blockSize: number,
    offsets: ArrayLike<number> | ArrayLike<bigint>,
    options?: { offsetBytes?: boolean },
  ): Buffer;

  /**
   * The operations that `build` starts are linked in that order: each begins when the one before has
   * succeeded, and a short read or write breaks the chain as an error does. They are submitted at once,
   * so a chain is no longer than the ring. Resolves, like `Promise.allSettled`, to what became of each.
   * If `build` throws, or an argument is wrong, nothing is submitted.
   */
  link(build: () => void, options?: LinkOptions): Promise<LinkOutcome[]>;
  /** {@link link}, blocking: `build` starts the promise forms. */
  linkSync(build: () => void, options?: Omit<LinkOptions, 'signal'>): LinkOutcome[];
  /**
   * Reads a buffer full from one file and writes what was read to another, in one submission where there
   * is as much to read; returns the bytes written.
   */
  linkReadWrite(
    fdIn: number,
    buffer: Fillable,
    offIn: number | bigint,
    fdOut: number,
    offOut: number | bigint,
    options?: LinkOptions,
  ): Promise<number>;
  /** {@link linkReadWrite}, blocking. */
  linkReadWriteSync(
    fdIn: number,
    buffer: Fillable,
    offIn: number | bigint,
    fdOut: number,
    offOut: number | bigint,
    options?: Omit<LinkOptions, 'signal'>,
  ): number;

  /** Queues a read; two of the same `userData` in flight are refused. Its completion is collected by hand. */
  readAsync(fd: number, buf: Fillable | Pointer, offset?: number | bigint, userData?: UserData): void;
  /** Queues a write; two of the same `userData` in flight are refused. Its completion is collected by hand. */
  writeAsync(fd: number, data: Data | Pointer, offset?: number | bigint, userData?: UserData): void;
  /** Queues a read to an address inside a pool slot; any other is EFAULT. */
  readAsyncPtr(fd: number, ptr: bigint | number, length: number, offset?: number | bigint, userData?: UserData): void;
  /** Queues a write from an address inside a pool slot; any other is EFAULT. */
  writeAsyncPtr(fd: number, ptr: bigint | number, length: number, offset?: number | bigint, userData?: UserData): void;
  /** Submits what is queued; returns how many operations that were. Never waits. */
  submit(): number;
  /** Submits, and resolves to how many that were when `waitNr` completions (default 1) can be collected. */
  submitAndWait(waitNr?: number, options?: WaitOptions): Promise<number>;
  /** {@link submitAndWait}, blocking. */
  submitAndWaitSync(waitNr?: number): number;
  /** Submits what is queued and resolves to the next completion. */
  waitCompletion(options?: WaitOptions): Promise<Completion>;
  /** {@link waitCompletion}, blocking. */
  waitCompletionSync(): Completion;
  /** The next completion if there is one, else null. Submits nothing and never waits. */
  peekCompletion(): Completion | null;

  /** Registers descriptors, to be used by their index; -1 leaves a place empty. io_uring_register(2). */
  registerFiles(fds: readonly number[]): void;
  /** Gives the registered files back; EBUSY while an operation uses them. */
  unregisterFiles(): void;
  /** Registers memory, to be used by its index. Slots of a {@link BufferPool} are used without a copy. */
  registerBuffers(buffers: readonly Fillable[]): void;
  /** Gives the registered buffers back; EBUSY while an operation uses them. */
  unregisterBuffers(): void;

  /** Whether the kernel has an opcode (`IORING_OP_*`). */
  probeOpcodeSupported(op: number): boolean;
  /** The highest opcode that the kernel has. */
  probeLastOp(): number;
  /** Byte i is 1 where opcode i is supported. */
  probeSupportedMask(): Buffer;

  [Symbol.dispose](): void;
  /** Drains, then closes. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The completions of a ring that were submitted by hand, as promises and as an async iterator. */
export class UringAsync implements AsyncIterable<Completion> {
  constructor(ctx: UringCtx);
  /** The ring. */
  readonly ctx: UringCtx;
  /** The ring's file descriptor. */
  readonly ringFd: number;
  /** Whether it was closed. */
  readonly closed: boolean;
  /** Submits what is queued and resolves to the next completion. An aborted wait loses none. */
  waitCompletion(options?: WaitOptions): Promise<Completion>;
  /** Rejects the waiters with ECANCELED; the ring stays open. */
  close(): void;
  /** Ends when this or the ring is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Completion>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Waits for a completion on the thread pool. The ring must be made with `singleThreadCheck: false`,
 * else it is a UringError EINVAL.
 */
export function waitCompletionInExecutor(ctx: UringCtx): Promise<Completion>;

/**
 * Sends a part of a file to a socket through a pipe, so that no byte passes through this process:
 * splice(2). Ends with the file; resolves to the bytes sent.
 */
export function sendfileSplice(
  ua: UringAsync,
  fileFd: number,
  sockFd: number,
  options?: {
    /** Where to begin. Default 0. */
    offset?: number;
    /** The most to send. Default: to the end. */
    count?: number;
    /** The most to move at once, at most what a pipe holds. Default 64 KiB. */
    chunk?: number;
    signal?: AbortSignal;
  },
): Promise<number>;

/** The connections of a listening socket, as descriptors: `acceptMultishot` of the ring of `ua`. */
export function iterMultishotAccept(
  ua: UringAsync,
  listenFd: number,
  options?: WaitOptions,
): AsyncIterableIterator<number>;

/** Several rings of one thread, taken in turn. */
export class UringPool {
  /** Makes `count` rings (1 to 1024), each with these options. */
  constructor(count: number, ctxOptions?: UringCtxOptions);
  /** All of them. */
  readonly rings: UringCtx[];
  /** How many. */
  readonly length: number;
  /** Whether it was closed. */
  readonly closed: boolean;
  /** The one whose turn it is. */
  next(): UringCtx;
  /** Closes all. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Buffers of equal size that the kernel chooses among when data has arrived (a provided-buffer ring,
 * Linux 5.19), so that thousands of idle connections need none: for `recvMultishot`,
 * `recvmsgMultishot`, and with `empty` for `sendBundle`.
 */
export class BufferRing {
  constructor(
    ctx: UringCtx,
    options?: {
      /** How many buffers, a power of two up to 32768. Default 64. */
      entries?: number;
      /** Bytes of each. Default 4096. */
      size?: number;
      /** The number by which the kernel knows it, 0 to 65535, one for each of a ring. Default 0. */
      groupId?: number;
      /** One buffer takes several small pieces of data (Linux 6.12). Default false. */
      incremental?: boolean;
      /** Begin without buffers; `push` fills them, `sendBundle` sends them. Default false. */
      empty?: boolean;
    },
  );
  readonly entries: number;
  readonly size: number;
  readonly groupId: number;
  /** Whether it, or its ring, was closed. */
  readonly closed: boolean;
  /**
   * Puts data, at most `size` bytes, into the next buffer to be sent. False: all are full; `sendBundle`
   * empties them.
   */
  push(data: Data): boolean;
  /** Gives the memory back; EBUSY while an operation may use it. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Slots of page-aligned native memory that rings read from and write to without a copy. A view that
 * has outlived its slot is empty, a pointer EFAULT; the memory lives until the kernel let go of it.
 */
export class BufferPool {
  private constructor();
  /** Makes `initialCount` (default 8) slots of `initialSize` (default 4096) bytes each, of zeros. */
  static create(options?: { initialCount?: number; initialSize?: number }): BufferPool;
  /** How many slots. */
  readonly length: number;
  /** Whether it was closed. */
  readonly closed: boolean;
  /** A copy of the slot's bytes. */
  get(index: number): Buffer;
  /** The slot's own bytes. */
  buffer(index: number): Buffer;
  /** Where the slot is and how many of its bytes are in use, for `readAsync` and `writeAsync`. */
  getPtr(index: number): [address: bigint, size: number];
  /** The most that {@link setSize} takes. */
  capacity(index: number): number;
  /** Changes how many bytes are in use; above the capacity it is a RangeError. */
  setSize(index: number, size: number): void;
  /** New memory, with the bytes that fit. Old views become empty; EBUSY while an operation uses it. */
  resize(index: number, newSize: number): void;
  /** Frees the slots; EBUSY while an operation uses one. */
  close(): void;
  [Symbol.dispose](): void;
}
