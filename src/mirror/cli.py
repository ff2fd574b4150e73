# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `kube-mirror`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from mirror import catalogue, listing, toolchain
from mirror.build import build
from mirror.errors import MirrorError
from mirror.progress import say
from mirror.registry import Address
from mirror.serve import serve
from mirror.store import Store, default_root, explain
from mirror.sync import Upstream, sync


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code. Errors are one clear line on stderr."""
    options = _parser().parse_args(arguments)
    store = Store(options.store)
    # So that whatever was begun is also cleaned up when somebody ends us.
    signal.signal(signal.SIGTERM, _ended)
    # Shells start what runs in their background deaf to this one, and Python leaves that as it is.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        options.run(options, store)
    except MirrorError as error:
        say(f"kube-mirror: {error}")
        return 1
    except OSError as error:
        say(f"kube-mirror: {explain(error, store)}")
        return 1
    except KeyboardInterrupt:
        say("kube-mirror: interrupted; run again to go on")
        return 130
    return 0


def _ended(_signal: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _build(options: argparse.Namespace, store: Store) -> None:
    known = catalogue.read(options.catalogue)
    build(known, store, tuple(options.kubernetes or [known.default]), options.jobs)


def _sync(options: argparse.Namespace, store: Store) -> None:
    known = catalogue.read(options.catalogue)
    upstream = Upstream(options.download_url, options.github_url, dict(options.registry_url))
    sync(known, store, tuple(options.kubernetes or [known.default]), upstream)


def _serve(options: argparse.Namespace, store: Store) -> None:
    serve(store, options.listen, options.registry)


def _list(options: argparse.Namespace, store: Store) -> None:
    print(listing.as_json(store) if options.json else listing.as_text(store), end="")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "kube-mirror", description="Makes and serves what Kubernetes clusters pull."
    )
    commands = parser.add_subparsers(required=True, metavar="build|sync|serve|list")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--store",
        type=Path,
        default=default_root(),
        metavar="DIR",
        help="where it is kept (default: %(default)s)",
    )
    versions = argparse.ArgumentParser(add_help=False)
    versions.add_argument(
        "--kubernetes",
        action="append",
        metavar="VERSION",
        help="a version of the catalogue, such as v1.36.3; may be repeated (default: the catalogue's)",
    )
    versions.add_argument(
        "--catalogue",
        type=Path,
        default=catalogue.PACKAGED,
        metavar="FILE",
        help="another catalogue than the mirror's",
    )

    command = commands.add_parser("build", parents=[common, versions], help="compile it from Go modules")
    command.add_argument(
        "-j",
        "--jobs",
        type=_positive,
        default=toolchain.cores(),
        help="compilers at once (default: all cores)",
    )
    command.set_defaults(run=_build)

    command = commands.add_parser("sync", parents=[common, versions], help="copy it from upstream")
    command.add_argument(
        "--download-url", default="https://dl.k8s.io", metavar="URL", help="default: %(default)s"
    )
    command.add_argument(
        "--github-url", default="https://github.com", metavar="URL", help="default: %(default)s"
    )
    command.add_argument(
        "--registry-url",
        action="append",
        type=_mapping,
        default=[],
        metavar="NAME=URL",
        help="take images of registry NAME from URL, such as registry.k8s.io=http://127.0.0.1:5000/registry.k8s.io",
    )
    command.set_defaults(run=_sync)

    command = commands.add_parser("serve", parents=[common], help="serve it, until SIGTERM")
    command.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT", help="for files")
    command.add_argument("--registry", type=_address, required=True, metavar="HOST:PORT", help="for images")
    command.set_defaults(run=_serve)

    command = commands.add_parser("list", parents=[common], help="what is there")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_list)
    return parser


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _mapping(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if not name or not url.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=URL with an http or https URL")
    return name, url.rstrip("/")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
