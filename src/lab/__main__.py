# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make up`, `make down` and `make clean` run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from lab import prerequisites
from lab.down import clean, down
from lab.failure import LabError
from lab.up import Wanted, ground, serve, up


def main() -> int:
    """Runs one command; a failure is one clear message and exit code 1."""
    try:
        _command(_parser().parse_args())()
    except LabError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run it again to go on from here", file=sys.stderr)
        return 130
    return 0


def _command(arguments: argparse.Namespace) -> Callable[[], object]:
    match arguments.command:
        case "up":
            return lambda: up(_wanted(arguments))
        case "serve":
            return lambda: serve(_wanted(arguments))
        case "ground":
            return lambda: ground(arguments.kubernetes)
        case "tools":
            return lambda: prerequisites.install(requirements=prerequisites.TEST_REQUIREMENTS)
        case "down":
            return down
        case _:
            return clean


def _wanted(arguments: argparse.Namespace) -> Wanted:
    return Wanted(arguments.control_planes, arguments.workers, arguments.kubernetes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A cluster on devices of your own Packet API")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("up", "everything, from nothing to a verified cluster"),
        ("serve", "packetd and the mirror, and an inventory for a cluster"),
    ):
        make = commands.add_parser(name, help=purpose)
        make.add_argument("--control-planes", type=int, default=Wanted.control_planes)
        make.add_argument("--workers", type=int, default=Wanted.workers)
        make.add_argument("--kubernetes", default=Wanted.kubernetes, help="version, such as %(default)s")
    base = commands.add_parser("ground", help="what a cluster needs beneath: packages, docker, image, mirror")
    base.add_argument("--kubernetes", default=Wanted.kubernetes, help="version, such as %(default)s")
    commands.add_parser("tools", help="packages that the tests need besides")
    commands.add_parser("down", help="removes what up made")
    commands.add_parser("clean", help="down, and removes the caches too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
