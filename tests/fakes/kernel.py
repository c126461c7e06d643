"""A kernel that refuses some system calls, as the sandbox around a function may: by a seccomp filter."""

import ctypes
import errno
import os
import struct
import subprocess
import sys

# Numbers of x86_64; the instructions of a filter: linux/seccomp.h, linux/bpf_common.h.
NUMBERS = {
    "setsid": 112,
    "sendmsg": 46,
    "socketpair": 53,
    "flock": 73,
    "prctl": 157,
    "sched_setaffinity": 203,
    "sched_getaffinity": 204,
    "fallocate": 285,
    "prlimit64": 302,
    "memfd_create": 319,
}
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def refuse(*calls: str, error: int = errno.EPERM) -> None:
    """From now on the kernel answers these calls of this process, and of all its children, with `error`."""
    steps = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    for call in calls:
        steps.append(struct.pack("HBBI", _JUMP_IF_EQUAL, 0, 1, NUMBERS[call]))
        steps.append(struct.pack("HBBI", _RETURN, 0, 0, _ERRNO | error))
    steps.append(struct.pack("HBBI", _RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run_refusing(calls: tuple[str, ...], program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program to which these calls are refused from its first line on."""
    start = f"from tests.fakes.kernel import refuse\nrefuse(*{calls!r})\n{program}"
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False, timeout=120)
