"""What a profiler of the machine reads of a server: process and thread contexts.

As OTEP 4719 and 4947 tell readers to do it, from outside, so without a word of Pellucid's own.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from support.receiver import attributes_of

NAMES = ("[anon_shmem:OTEL_CTX]", "[anon:OTEL_CTX]", "/memfd:OTEL_CTX")
VARIABLE = "otel_thread_ctx_v1"
ATTACH, DETACH, GETREGS = 16, 17, 12
WALL = 0x40000000
N_REGISTERS, FS_BASE = 27, 21  # of struct user_regs_struct


@dataclass(frozen=True)
class ProcessContext:
    """Of a process. resource, attributes: as the protobuf message has them."""

    resource: dict[str, Any]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class ThreadContext:
    """Of a thread. attributes: keys by their names."""

    trace_id: str
    span_id: str
    flags: int
    attributes: dict[str, str]


def _maps(pid: int) -> Iterator[tuple[int, str]]:
    with open(f"/proc/{pid}/maps") as lines:
        for line in lines:
            fields = line.split(maxsplit=5)
            yield int(fields[0].split("-")[0], 16), fields[5].strip() if len(fields) > 5 else ""


def _read(pid: int, address: int, size: int) -> bytes:
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(address)
        return memory.read(size)


def _word(pid: int, address: int) -> int:
    return int.from_bytes(_read(pid, address, 8), "little")


def process_context(pid: int) -> ProcessContext | None:
    """None: the process publishes none. ValueError for one that is not to be used."""
    found = [at for at, name in _maps(pid) if name.startswith(NAMES)]
    if not found:
        return None
    if len(found) > 1:
        raise ValueError(f"{len(found)} process contexts")
    header = _read(pid, found[0], 32)
    signature, version, size, published, payload = struct.unpack("=8sIIQQ", header)
    if signature != b"OTEL_CTX" or version != 2 or published == 0:
        raise ValueError(f"{signature!r} {version} {published}")
    body = _read(pid, payload, size)
    # ProcessContext has no Python of its own: its fields are read as those of messages that have
    # fields of the same types.
    resource = ResourceSpans.FromString(_fields(body, 1)).resource
    scope = InstrumentationScope.FromString(_fields(body, 2, renumbered=3))
    return ProcessContext(attributes_of(resource.attributes), attributes_of(scope.attributes))


def _fields(body: bytes, number: int, renumbered: int | None = None) -> bytes:
    """The fields of a message with that number (all are messages); with another number."""
    kept, at = b"", 0
    while at < len(body):
        tag, end = body[at], at + 1
        if tag & 7 != 2:
            raise ValueError(f"field {tag >> 3} has wire type {tag & 7}")
        size = shift = 0
        while True:
            byte, end = body[end], end + 1
            size, shift = size | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        if tag >> 3 == number:
            kept += bytes([(renumbered or number) << 3 | 2]) + body[at + 1 : end + size]
        at = end + size
    return kept


@cache
def _relocation(library: str) -> tuple[str, int]:
    """Kind and place of what the linker fills in about the variable."""
    done = subprocess.run(["readelf", "-rW", library], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        if VARIABLE in line:
            place, _, kind = line.split()[:3]
            return kind, int(place, 16)
    raise ValueError(f"{library} has no {VARIABLE}")


def _variable(pid: int, thread_pointer: int) -> int:
    """The address of the thread's variable."""
    base, library = next((at, name) for at, name in _maps(pid) if "/_server." in name)
    kind, place = _relocation(library)
    if kind == "R_X86_64_TPOFF64":
        return (thread_pointer + _word(pid, base + place)) % 2**64
    if kind != "R_X86_64_TLSDESC":
        raise ValueError(kind)
    offset = int(struct.unpack("=8xq", _read(pid, base + place, 16))[0])
    if offset < 0:  # in the part of each thread that is there from its start
        return thread_pointer + offset
    module, offset = struct.unpack("=QQ", _read(pid, offset, 16))
    table = _word(pid, thread_pointer + 8)
    return _word(pid, table + 16 * module) + int(offset)


@contextmanager
def _stopped(thread: int) -> Iterator[int]:
    """Stops a thread; its thread pointer. PermissionError where that is not allowed."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.restype, ptrace.argtypes = ctypes.c_long, [ctypes.c_long, *[ctypes.c_void_p] * 3]
    if ptrace(ATTACH, thread, None, None) < 0:
        raise PermissionError(ctypes.get_errno(), "ptrace")
    try:
        os.waitpid(thread, WALL)
        registers = (ctypes.c_ulonglong * N_REGISTERS)()
        if ptrace(GETREGS, thread, None, registers) < 0:
            raise PermissionError(ctypes.get_errno(), "ptrace")
        yield int(registers[FS_BASE])
    finally:
        ptrace(DETACH, thread, None, None)


def thread_context(pid: int, thread: int) -> ThreadContext | None:
    """Whom that thread of the process works for just now; None: nobody."""
    process = process_context(pid)
    if process is None:
        return None
    keys = process.attributes["threadlocal.attribute_key_map"]
    with _stopped(thread) as thread_pointer:
        record = _word(pid, _variable(pid, thread_pointer))
        if not record:
            return None
        head = _read(pid, record, 28)
        trace, span, is_valid, flags, size = struct.unpack("=16s8sBBH", head)
        body = _read(pid, record + 28, size)
    if is_valid != 1:
        return None
    attributes = {}
    while body:
        attributes[keys[body[0]]] = body[2 : 2 + body[1]].decode()
        body = body[2 + body[1] :]
    return ThreadContext(trace.hex(), span.hex(), flags, attributes)
