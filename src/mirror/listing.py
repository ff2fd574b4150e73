# SPDX-License-Identifier: GPL-3.0-or-later
"""`kube-mirror list`: what the store holds."""

import msgspec

from mirror.store import Store


def as_text(store: Store) -> str:
    """A line for each file (path, bytes, sha256) and image (name, bytes, digest, contents), tabs between."""
    lines = []
    for record in store.all_records():
        lines += [f"file\t{file.path}\t{file.size}\t{file.sha256}\n" for file in record.files]
    for record in store.all_records():
        lines += [
            f"image\t{image.name}:{image.tag}\t{image.size}\t{image.digest}\t{image.inside}\n"
            for image in record.images
        ]
    return "".join(lines)


def as_json(store: Store) -> str:
    """The records of all components, as a JSON array."""
    return msgspec.json.format(msgspec.json.encode(store.all_records())).decode() + "\n"
