# SPDX-License-Identifier: GPL-3.0-or-later
"""A module and a server that shows a certificate of packetd's own authority."""

from __future__ import annotations

from typing import Any

from ansible_runs import Ansible, ok, task

URL = "https://api.packet.net"


def ask(ansible: Ansible, packetd: Any, **options: Any) -> Any:
    ansible.environment |= {"HTTPS_PROXY": packetd.proxy_url, "NO_PROXY": ""}
    return ansible.play([task("user_info", api_url=URL, **options)])


def test_a_certificate_of_an_unknown_authority_is_refused(ansible: Ansible, packetd: Any) -> None:
    told = ask(ansible, packetd).tasks["user_info"]["msg"]
    assert f"{URL} shows a certificate that is not trusted" in told
    assert "give its authority in ca_path" in told


def test_an_authority_that_is_named_is_trusted(ansible: Ansible, packetd: Any) -> None:
    assert ok(ask(ansible, packetd, ca_path=str(packetd.ca))).tasks["user_info"]["users"]


def test_certificates_are_not_looked_at_where_the_task_says_so(ansible: Ansible, packetd: Any) -> None:
    assert ok(ask(ansible, packetd, validate_certs=False)).tasks["user_info"]["users"]
