# SPDX-License-Identifier: GPL-3.0-or-later
"""HOST:PORT as users write it."""

import socket

import pytest

from mirror.errors import MirrorError
from mirror.registry import Address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8090", "127.0.0.1", 8090), ("[::1]:0", "::1", 0), ("mirror:80", "mirror", 80)],
)
def test_an_address_reads_as_it_is_written(text: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.host, address.port) == (host, port)
    assert str(address) == text


@pytest.mark.parametrize("text", ["8090", ":8090", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        Address.parse(text)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(MirrorError, match=f"cannot listen on {address}: Address already in use"):
            address.free()
