# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes a site of the pages (make docs)."""

from pathlib import Path
from zlib import compress

project = "packet.kubernetes"
copyright = "2026, The packet.kubernetes authors"  # noqa: A001 as Sphinx calls it
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]

pygments_style = "ansible"
highlight_language = "YAML+Jinja"
default_role = "any"
nitpicky = True

html_theme = "alabaster"
html_theme_options = {"page_width": "1240px", "sidebar_width": "290px", "fixed_sidebar": True}
html_title = "packet.kubernetes"
html_show_sphinx = False
html_copy_source = False
html_use_index = False

# What the pages refer to in Ansible's own documentation, so that a build needs nothing from elsewhere.
OF_ANSIBLE = {
    "std:label": {
        "action_plugins": "plugins/action.html",
        "ansible_configuration_settings": "reference_appendices/config.html",
        "callback_plugins": "plugins/callback.html",
        "common_return_values": "reference_appendices/common_return_values.html",
        "filter_plugins": "plugins/filter.html",
        "lookup_plugins": "plugins/lookup.html",
    },
    "std:envvar": {
        f"ANSIBLE_CACHE_PLUGIN{part}": f"reference_appendices/config.html#envvar-ANSIBLE_CACHE_PLUGIN{part}"
        for part in ("", "_CONNECTION", "_PREFIX", "_TIMEOUT")
    },
}

_INVENTORY = Path(__file__).parents[2] / "build" / "docs" / "ansible.inv"
_INVENTORY.parent.mkdir(parents=True, exist_ok=True)
_INVENTORY.write_bytes(
    b"# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n"
    b"# The remainder of this file is compressed using zlib.\n"
    + compress(
        "".join(
            f"{name} {kind} -1 {place} -\n"
            for kind, names in OF_ANSIBLE.items()
            for name, place in names.items()
        ).encode()
    )
)
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", str(_INVENTORY))}
