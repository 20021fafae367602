"""The Python reference as a competitor that keeps running: see `peer` in ../competitors.js."""

import asyncio
import json
import os
import sys
import time

import pyuring


def copy(source, target, fsync):
    pyuring.copy(source, target, fsync=fsync == "fsync")


def write(target, mib, mode):
    pyuring.write(target, total_mb=int(mib), mode=mode)


def write_many(folder, count, mib):
    pyuring.write_many(folder, nfiles=int(count), mb_per_file=int(mib))


def offsets_of(size, block, state):
    """One offset after the other, as peers/reads.js has them."""
    blocks = size // block
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield (state * blocks >> 32) * block


async def keep_reading(ctx, pool, fd, offsets, asked):
    depth, reads, block = asked["depth"], asked["reads"], asked["block"]
    for index in range(depth):
        pool.set_size(index, block)  # a new slot has none of its bytes in use
    buffers = [pool.get_ptr(index) for index in range(depth)]
    for index in range(depth):
        ctx.read_async(fd, buffers[index], next(offsets), index)
    ctx.submit()
    started, done = depth, 0
    async with pyuring.UringAsync(ctx) as completions:
        while done < reads:
            completion = await completions.wait_completion()
            while completion is not None:
                index, count = completion
                if count != block:
                    raise RuntimeError(f"read {count} bytes")
                done += 1
                if started < reads:
                    ctx.read_async(fd, buffers[index], next(offsets), index)
                    started += 1
                # What else is there before the next submission: fewer turns of the loop.
                completion = ctx.peek_completion() if asked.get("peeks") else None
            ctx.submit()


def read_by_hand(source, options):
    asked = json.loads(options)
    depth, block = asked["depth"], asked["block"]
    fd = os.open(source, os.O_RDONLY)
    offsets = offsets_of(os.fstat(fd).st_size, block, asked["seed"])
    with pyuring.UringCtx(entries=64) as ctx:
        with pyuring.BufferPool.create(initial_count=depth, initial_size=block) as pool:
            asyncio.run(keep_reading(ctx, pool, fd, offsets, asked))
    os.close(fd)


TASKS = {"copy": copy, "write": write, "writeMany": write_many, "readByHand": read_by_hand}

for line in sys.stdin:
    task, *args = line.rstrip("\n").split("\t")
    try:
        begin = time.perf_counter()
        TASKS[task](*args)
        answer = str(time.perf_counter() - begin)
    except Exception as error:
        answer = f"error: {error}"
    print(answer, flush=True)
