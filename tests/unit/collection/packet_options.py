# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the Packet API's Kinds share, whatever answers them: options, keys, a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.packet.kubernetes.plugins.module_utils._module import STATE

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


class Instant:
    """A clock on which waiting takes no time, but what happens meanwhile happens."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._meanwhile = meanwhile
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._meanwhile()


def options(spec: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """The options as Ansible would hand them to a module: checked, with defaults."""
    result = ArgumentSpecValidator({"state": STATE, **spec}).validate(given)
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)
