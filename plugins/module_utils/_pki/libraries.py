# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries that are not part of Python, asked for in one place.

This module util is PRIVATE to the collection. Everything in this room imports them inside its functions, so
that a module can say which one is missing.
"""

from __future__ import annotations

from importlib import import_module

from ansible.module_utils.basic import missing_required_lib

from .._reconcile import ResourceError

_PACKAGES = {"yaml": "PyYAML"}
"""Where the package is called otherwise than what one imports."""


def need(*modules: str) -> None:
    """Raises ResourceError in Ansible's usual words if one of these modules cannot be imported."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise ResourceError(missing_required_lib(_PACKAGES.get(module, module))) from error
