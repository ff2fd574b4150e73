# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that a machine holds, told by one shell command and read on the controller.

Only certificates are told, never what else is in a file: kubelets keep theirs in one with the private key.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..module_utils._pki import issuing, validity
from ..module_utils._reconcile import Attributes, ResourceError

DEFAULT_PATHS = ("/etc/kubernetes", "/var/lib/kubelet/pki")

_TELL = r"""
tell() {
  echo "file $1"
  awk '/-----BEGIN CERTIFICATE-----/ { on = 1 } on { print } /-----END CERTIFICATE-----/ { on = 0 }' "$1"
  sed -n 's/^ *\(client-certificate-data\|certificate-authority-data\): *\([A-Za-z0-9+/=]*\) *$/\1 \2/p' "$1"
}
look() {
  # What may not be looked at is no less there.
  said=$(LC_ALL=C ls -d "$1" 2>&1) || case $said in
    *"No such file"*) return 0 ;;
    *) echo "$said" >&2; return 1 ;;
  esac
  if [ -f "$1" ]; then tell "$1"; return; fi
  [ -d "$1" ] || return 0
  # What kubelets have replaced stays beside the current one.
  files=$(find "$1" ! -type d \( -name '*.crt' -o -name '*.pem' -o -name '*.conf' -o -name '*.kubeconfig' \) \
    ! -name 'kubelet-*-[0-9]*.pem')
  [ -z "$files" ] || echo "$files" | while read -r file; do tell "$file"; done
}
"""

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def script(paths: Sequence[str]) -> str:
    """POSIX sh that tells the certificates in these files and folders; what is not there is no error."""
    return "\n".join(["set -e", _TELL, *(f"look {shlex.quote(path)}" for path in paths), "echo end"])


def read(output: str, now: datetime, within: timedelta) -> list[Attributes]:
    """The certificates in the output of the script, those that end first before the others. Pure.

    `due` are those that end `within` this time. Raises ResourceError for what is no certificate, and where
    the output is not whole.
    """
    if not output.rstrip().endswith("end"):
        tail = " / ".join(output.splitlines()[-3:]) or "nothing"
        raise ResourceError(
            f"certificate_info: the machine did not answer to the end; its last words: {tail}"
        )
    found = [_described(*told, now, within) for told in _told(output)]
    return sorted(found, key=lambda one: (one["not_after"], one["path"], one["field"] or ""))


def _told(output: str) -> Iterator[tuple[str, str | None, bytes]]:
    """File, field of a kubeconfig (None for a file of certificates) and PEM of each."""
    path, lines = "", list[str]()
    for line in output.splitlines():
        word, _space, rest = line.partition(" ")
        if word == "file":
            path = rest
        elif word in ("client-certificate-data", "certificate-authority-data"):
            for pem in _blocks(_decoded(rest, path, word)):
                yield path, word, pem
        elif line == _BEGIN:
            lines = [line]
        elif lines:
            lines.append(line)
            if line == _END:
                yield path, None, "\n".join(lines).encode()
                lines = []


def _decoded(text: str, path: str, field: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ResourceError(f"certificate_info: {field} of {path} is not base 64 of a certificate") from error


def _blocks(text: str) -> list[bytes]:
    """The PEM texts in a text."""
    return [f"{_BEGIN}{part.partition(_END)[0]}{_END}\n".encode() for part in text.split(_BEGIN)[1:]]


def _described(path: str, field: str | None, pem: bytes, now: datetime, within: timedelta) -> Attributes:
    certificate = issuing.parse(pem, f"certificate_info: {path}")
    leaf = issuing.describe(certificate)
    left = certificate.not_valid_after_utc - now
    return {
        "path": path,
        "field": field,
        "common_name": leaf.subject.common_name,
        "organizations": list(leaf.subject.organizations),
        "issuer": issuing.describe_subject(certificate.issuer).common_name,
        "authority": issuing.is_authority(certificate),
        "dns_names": list(leaf.dns_names),
        "ip_addresses": list(leaf.ip_addresses),
        "usages": list(leaf.usages),
        "not_before": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": validity.text(certificate),
        "days_left": left // timedelta(days=1),
        "due": left <= within,
        "fingerprint": issuing.fingerprint(certificate),
    }
