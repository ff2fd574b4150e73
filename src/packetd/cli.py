# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `packetd`."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from packetd.settings import Listen, Serving, Settings, State

_DEFAULT_API = "127.0.0.1:8080"
_DEFAULT_PROXY = "127.0.0.1:8081"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    from packetd.drivers import DriverError
    from packetd.ownership import ServerError

    try:
        parsed.run(parsed)
    except (ServerError, DriverError, OSError) as error:
        print(f"packetd: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(parsed: argparse.Namespace) -> None:
    from packetd.server import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for library in ("alembic", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    serve(
        Settings(
            state=_state(parsed),
            driver=parsed.driver,
            api=parsed.api,
            proxy=parsed.proxy,
            egress=parsed.egress,
            record_delay=parsed.delay,
            provisioning_limit=parsed.provisioning_limit,
            workers=parsed.workers,
        )
    )


def _env(parsed: argparse.Namespace) -> None:
    state, server = _state(parsed), _running(parsed)
    token = state.admin_token.read_text().strip()
    certificate = str(state.ca_certificate.resolve())
    # The devices, and what runs on them, are reached directly: the proxy leads to the API alone.
    network = server.network
    devices = (network.public, network.elastic, network.private) if network else ()
    variables = {
        "PACKET_API_URL": server.api,
        "PACKET_API_TOKEN": token,
        "PACKET_AUTH_TOKEN": token,
        "METAL_AUTH_TOKEN": token,
        "HTTPS_PROXY": server.proxy,
        "SSL_CERT_FILE": certificate,
        "REQUESTS_CA_BUNDLE": certificate,
        "NO_PROXY": ",".join(("localhost", "127.0.0.0/8", "127.0.0.1", "::1", *devices)),
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _status(parsed: argparse.Namespace) -> None:
    from packetd import reports

    reports.print_status(_state(parsed), _running(parsed), as_json=parsed.json)


def _devices(parsed: argparse.Namespace) -> None:
    from packetd import reports

    reports.print_devices(_state(parsed), as_json=parsed.json)


def _token(parsed: argparse.Namespace) -> None:
    from packetd import reports

    state = _state(parsed)
    if parsed.action == "create":
        reports.create_token(state, parsed.description, read_only=parsed.read_only)
    elif parsed.action == "revoke":
        reports.revoke_token(state, parsed.id)
    else:
        reports.print_tokens(state, as_json=parsed.json)


def _destroy(parsed: argparse.Namespace) -> None:
    from packetd.destruction import destroy

    destroy(_state(parsed), parsed.driver)


def _image_build(parsed: argparse.Namespace) -> None:
    from packetd.drivers.docker import image

    print(image.build(parsed.slug, lambda message: print(message, file=sys.stderr, flush=True)))


def _state(parsed: argparse.Namespace) -> State:
    return State(parsed.state)


def _running(parsed: argparse.Namespace) -> Serving:
    from packetd.ownership import ServerError, serving

    server = serving(_state(parsed))
    if server is None:
        start = f"packetd serve --state {parsed.state}"
        raise ServerError(f"no packetd is serving {parsed.state}; start one with: {start}")
    return server


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="packetd", description="The Packet API over your own machines.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    with_state = argparse.ArgumentParser(add_help=False)
    with_state.add_argument(
        "--state",
        type=Path,
        default=State.default(),
        metavar="DIR",
        help="where everything is kept (default: %(default)s, of $PACKET_STATE/packetd)",
    )
    with_json = argparse.ArgumentParser(add_help=False)
    with_json.add_argument("--json", action="store_true", help="print JSON")

    _add_serve(commands.add_parser("serve", parents=[with_state], help="serve in the foreground"))
    env = commands.add_parser("env", parents=[with_state], help="print exports that point clients here")
    env.set_defaults(run=_env)
    status = commands.add_parser("status", parents=[with_state, with_json], help="say how the server is")
    status.set_defaults(run=_status)
    devices = commands.add_parser("devices", parents=[with_state, with_json], help="list all devices")
    devices.set_defaults(run=_devices)

    token = commands.add_parser("token", help="make, list and revoke API tokens")
    actions = token.add_subparsers(required=True, dest="action", metavar="ACTION")
    create = actions.add_parser("create", parents=[with_state], help="make a token and print it")
    create.add_argument("--description", default="", help="what it is for")
    create.add_argument("--read-only", action="store_true", help="refuse it for changes")
    actions.add_parser("list", parents=[with_state, with_json], help="list tokens, never their text")
    revoke = actions.add_parser("revoke", parents=[with_state], help="end a token at once")
    revoke.add_argument("id", help="as listed")
    token.set_defaults(run=_token)

    destroy = commands.add_parser(
        "destroy", parents=[with_state], help="remove all machines and networks of a state"
    )
    destroy.add_argument("--driver", choices=("record", "docker"), help="for a state that lost its database")
    destroy.set_defaults(run=_destroy)

    image = commands.add_parser("image", help="make what devices are installed from")
    image_actions = image.add_subparsers(required=True, metavar="ACTION")
    build = image_actions.add_parser("build", help="make the image of an operating system")
    build.add_argument("slug", nargs="?", default="debian_12", help="default: %(default)s")
    build.set_defaults(run=_image_build)
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    add = serve.add_argument
    add("--driver", choices=("record", "docker"), default="record", help="hardware (default: %(default)s)")
    address = "where to listen (default: %(default)s); port 0 lets the system choose"
    add("--api", type=_listen, default=_DEFAULT_API, metavar="HOST:PORT", help=address)
    add("--proxy", type=_listen, default=_DEFAULT_PROXY, metavar="HOST:PORT", help=address)
    add("--egress", action="store_true", help="docker: let devices reach what the host reaches")
    delay = "record: how long an installation takes (default: %(default)g)"
    add("--delay", type=_seconds, default=0.0, metavar="SECONDS", help=delay)
    limit = "a device that is not up by then has failed (default: %(default)g)"
    add("--provisioning-limit", type=_seconds, default=1200.0, metavar="SECONDS", help=limit)
    add("--workers", type=_count, default=8, metavar="N", help="devices made at once (default: %(default)s)")
    serve.set_defaults(run=_serve)


def _listen(text: str) -> Listen:
    try:
        return Listen.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 256")
    return int(text)
