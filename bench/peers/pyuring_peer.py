"""The Python reference as a competitor that keeps running: see `peer` in ../competitors.js."""

import sys
import time

import pyuring


def copy(source, target, fsync):
    pyuring.copy(source, target, fsync=fsync == "fsync")


def write(target, mib, mode):
    pyuring.write(target, total_mb=int(mib), mode=mode)


def write_many(folder, count, mib):
    pyuring.write_many(folder, nfiles=int(count), mb_per_file=int(mib))


TASKS = {"copy": copy, "write": write, "writeMany": write_many}

for line in sys.stdin:
    task, *args = line.rstrip("\n").split("\t")
    try:
        begin = time.perf_counter()
        TASKS[task](*args)
        answer = str(time.perf_counter() - begin)
    except Exception as error:
        answer = f"error: {error}"
    print(answer, flush=True)
