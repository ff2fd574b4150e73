# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives up what the process may do and does not need; its children cannot get it back.

Linux's capabilities belong to threads, so this comes before any thread is started. The numbers are
those of the kernel's capability.h and prctl.h, which never change.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Collection

from packetd.ownership import ServerError

# A root without it could not enter a state directory of another user, below a home of mode 0700, say.
DAC_OVERRIDE = 1
# To listen on port 80 of the devices' gateway.
NET_BIND_SERVICE = 10
# Bridges, routes, packet filters.
NET_ADMIN = 12
NET_RAW = 13

_PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 23, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SETPCAP = 8
_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def drop(kept: Collection[int], user: str | None = None) -> None:
    """Keep only these capabilities, of those that there are, and become ``user`` if one is named.

    Programs that are started have no others either, not even setuid ones. Raises ServerError.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    if _permitted() >> _SETPCAP & 1:
        _bound(kept)
    if user is not None:
        _become(user)
    _restrict(kept)


def _bound(kept: Collection[int]) -> None:
    number = 0
    # Beyond the last capability that this kernel knows, the answer is an error.
    while (held := _libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0)) >= 0:
        if held and number not in kept:
            _prctl(_PR_CAPBSET_DROP, number)
        number += 1


def _become(user: str) -> None:
    try:
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except KeyError:
        raise ServerError(f"--user {user}: there is no such user") from None
    except PermissionError:
        raise ServerError(f"--user {user}: only root can become another user") from None


def _prctl(option: int, argument: int) -> None:
    if _libc.prctl(option, argument, 0, 0, 0) != 0:
        raise _failure(f"prctl {option}")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """Half of the three sets of a thread: of capabilities 0 to 31, or 32 to 63."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _current() -> ctypes.Array[_Sets]:
    sets = (_Sets * 2)()
    if _libc.capget(ctypes.byref(_Header(_VERSION_3, 0)), sets) != 0:
        raise _failure("capget")
    return sets


def _permitted() -> int:
    low, high = _current()
    return int(low.permitted | high.permitted << 32)


def _restrict(kept: Collection[int]) -> None:
    """Take from the sets of this thread all that is not kept; nothing is added."""
    sets = _current()
    for half, part in enumerate(sets):
        mask = sum(1 << number - 32 * half for number in kept if number // 32 == half)
        part.effective = part.permitted = part.permitted & mask
        part.inheritable = 0
    if _libc.capset(ctypes.byref(_Header(_VERSION_3, 0)), sets) != 0:
        raise _failure("capset")


def _failure(call: str) -> ServerError:
    reason = os.strerror(ctypes.get_errno())
    return ServerError(f"privileges that are not needed cannot be given up: {call}: {reason}")
