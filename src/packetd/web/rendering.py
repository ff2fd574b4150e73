# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates, what they may use, and the headers of every page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

# Where the pages are; no path of the API begins so.
ROOT = "/_packetd/web"

_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
SAFE = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer browsers would send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
}
_TYPES = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
_FILES = {name: (files("packetd.web") / "static" / name).read_bytes() for name in _TYPES}
_UNITS = ((60, 1, "s"), (60 * 60, 60, "min"), (48 * 60 * 60, 60 * 60, "h"))


def file(name: str) -> Response | None:
    """One of the files that pages refer to; None for others."""
    if name not in _FILES:
        return None
    # Its URL changes with its content.
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], headers={**SAFE, **kept}, media_type=_TYPES[name])


def _url_of_file(name: str) -> str:
    return f"{ROOT}/{name}?{hashlib.sha256(_FILES[name]).hexdigest()[:12]}"


def _version() -> str:
    try:
        return version("packet-kubernetes")
    except PackageNotFoundError:
        return "from a checkout that is not installed"


def age(moment: str) -> str:
    """How long ago a moment of the API was, e.g. "5 min"."""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    for below, unit, name in _UNITS:
        if seconds < below:
            return f"{max(0, seconds) // unit} {name}"
    return f"{seconds // 86400} d"


def clock(moment: str) -> str:
    """A moment of the API in the form that people read."""
    return moment.replace("T", " ").replace("Z", " UTC")


_ENVIRONMENT = Environment(
    loader=PackageLoader("packetd.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(age=age, clock=clock, number="{:,}".format)
_ENVIRONMENT.globals.update(root=ROOT, file=_url_of_file, version=_version())


def render(template: str, values: Mapping[str, Any]) -> str:
    """The HTML of a template."""
    return _ENVIRONMENT.get_template(template).render(values)


def page(template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """A page that nobody keeps a copy of."""
    kept = {"Cache-Control": "no-store"}
    return Response(render(template, values), status, {**SAFE, **kept}, media_type="text/html")
