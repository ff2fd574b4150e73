# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `packetd`."""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packetd.model import faults
from packetd.settings import DEFAULT_USERDATA_LIMIT, Limits, Listen, Serving, Settings, State

if TYPE_CHECKING:
    from packetd.machines import Differences

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
    from packetd.quiet import OnceAMinute
    from packetd.server import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for library in ("alembic", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It warns of each request that is not HTTP, of which anybody may send any number.
    logging.getLogger("uvicorn.error").addFilter(OnceAMinute())
    serve(
        Settings(
            state=_state(parsed),
            driver=parsed.driver,
            api=parsed.api,
            proxy=parsed.proxy,
            egress=parsed.egress,
            record_delay=parsed.delay,
            record_power_delay=parsed.power_delay,
            provisioning_limit=parsed.provisioning_limit,
            workers=parsed.workers,
            userdata_limit=parsed.userdata_limit,
            rate_limit=parsed.rate_limit,
            lease=parsed.lease,
            user=parsed.user,
            limits=Limits(parsed.connections, parsed.request_bytes, parsed.request_seconds),
            address_quota=parsed.address_quota,
            device_quota=parsed.device_quota,
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
        "NO_PROXY": ",".join(("localhost", "127.0.0.0/8", "127.0.0.1", "::1", *devices)),
        "SSL_CERT_FILE": certificate,
        "REQUESTS_CA_BUNDLE": certificate,
        "CURL_CA_BUNDLE": certificate,
    }
    # Some clients prefer the small letters, and a user may have set those to another proxy.
    variables |= {name.lower(): variables[name] for name in ("HTTPS_PROXY", "NO_PROXY")}
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
        reports.create_token(
            state,
            parsed.description,
            read_only=parsed.read_only,
            user=parsed.user,
            project=parsed.project,
        )
    elif parsed.action == "revoke":
        reports.revoke_token(state, parsed.id)
    else:
        reports.print_tokens(state, as_json=parsed.json)


def _fault(parsed: argparse.Namespace) -> None:
    from packetd import fault_commands

    server = fault_commands.Server(_running(parsed).api, _state(parsed).admin_token.read_text().strip())
    if parsed.action == "add":
        fields = {option.name for option in faults.options(faults.KINDS[parsed.effect])}
        given = {name: value for name, value in vars(parsed).items() if name in fields}
        server.add({"effect": parsed.effect, **given})
    elif parsed.action == "clear":
        server.clear(parsed.ids)
    else:
        server.list(as_json=parsed.json)


def _user(parsed: argparse.Namespace) -> None:
    from packetd import reports

    if parsed.action == "create":
        reports.create_user(_state(parsed), parsed.email, parsed.name, parsed.organization)
    else:
        reports.print_users(_state(parsed), as_json=parsed.json)


def _hardware(parsed: argparse.Namespace) -> None:
    from packetd import hardware_commands

    state = _state(parsed)
    if parsed.action == "add":
        hardware_commands.add_hardware(
            state,
            project=parsed.project,
            plan=parsed.plan,
            facility=parsed.facility,
            count=parsed.count,
            spare=parsed.spare,
            rest=parsed.rest,
        )
    elif parsed.action == "remove":
        hardware_commands.remove_hardware(state, parsed.id)
    elif parsed.action == "service":
        hardware_commands.change_hardware(state, parsed.id, need_of_service=not parsed.done)
    else:
        hardware_commands.print_hardware(state, as_json=parsed.json)


def _stock(parsed: argparse.Namespace) -> None:
    from packetd import hardware_commands

    if parsed.action == "set":
        hardware_commands.set_stock(_state(parsed), parsed.plan, parsed.facility, parsed.servers)
    else:
        hardware_commands.print_stock(_state(parsed), as_json=parsed.json)


def _spot_price(parsed: argparse.Namespace) -> None:
    from packetd import hardware_commands

    if parsed.action == "set":
        hardware_commands.set_spot_price(_state(parsed), parsed.plan, parsed.facility, parsed.price)
    else:
        hardware_commands.print_spot_prices(_state(parsed), as_json=parsed.json)


def _destroy(parsed: argparse.Namespace) -> None:
    from packetd.destruction import destroy

    destroy(_state(parsed), parsed.driver)


def _backup(parsed: argparse.Namespace) -> None:
    from packetd.backup import back_up

    print(f"{back_up(_state(parsed), parsed.file)} rows in {parsed.file}")


def _restore(parsed: argparse.Namespace) -> None:
    from packetd.backup import restore

    _print_differences(restore(_state(parsed), parsed.file, replace=parsed.replace))


def _machines(parsed: argparse.Namespace) -> None:
    from packetd.machines import compare

    _print_differences(compare(_state(parsed), remove_unknown=parsed.remove_unknown))


def _print_differences(found: Differences) -> None:
    for machine in found.unknown:
        print(f"unknown\t{machine}")
    for device in found.missing:
        print(f"missing\t{device}")


def _image_build(parsed: argparse.Namespace) -> None:
    from packetd.drivers.docker import image

    print(image.build(parsed.slug, lambda message: print(message, file=sys.stderr, flush=True)))


def _state(parsed: argparse.Namespace) -> State:
    return State(parsed.state, parsed.database)


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
    with_state.add_argument(
        "--database",
        metavar="URL",
        help="postgresql+psycopg://USER@HOST/NAME, for several servers over one database"
        " (default: $PACKETD_DATABASE, which may contain the password, or SQLite in DIR)",
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
    create.add_argument("--user", metavar="ID|EMAIL", help="whose it is (default: the first user)")
    create.add_argument("--project", metavar="ID", help="reaches this project and nothing else")
    actions.add_parser("list", parents=[with_state, with_json], help="list tokens, never their text")
    revoke = actions.add_parser("revoke", parents=[with_state], help="end a token at once")
    revoke.add_argument("id", help="as listed")
    token.set_defaults(run=_token)
    _add_user(commands.add_parser("user", help="make and list users"), with_state, with_json)

    _add_fault(commands.add_parser("fault", help="let calls and machines fail"), with_state, with_json)

    backup = commands.add_parser(
        "backup", parents=[with_state], help="write the whole database into a file, also while serving"
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="replaced when it exists; has secrets in it")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser(
        "restore",
        parents=[with_state],
        help="bring a backup back, also while serving; prints what `packetd machines` prints",
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="forget what the state holds now")
    restore.set_defaults(run=_restore)

    machines = commands.add_parser(
        "machines",
        parents=[with_state],
        help="print machines that belong to no device (unknown), and devices without their machine (missing)",
    )
    machines.add_argument("--remove-unknown", action="store_true", help="remove the unknown ones for good")
    machines.set_defaults(run=_machines)
    _add_hardware(commands.add_parser("hardware", help="reserve machines"), with_state, with_json)
    _add_stock(commands.add_parser("stock", help="how many machines there are"), with_state, with_json)
    _add_spot_price(commands.add_parser("spot-price", help="what machines cost"), with_state, with_json)

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


def _add_user(user: argparse.ArgumentParser, *shared: argparse.ArgumentParser) -> None:
    with_state, with_json = shared
    actions = user.add_subparsers(required=True, dest="action", metavar="ACTION")
    create = actions.add_parser("create", parents=[with_state], help="make a user and print the id")
    create.add_argument("email", help="their address, by which others invite them")
    create.add_argument("--name", default="", help="first and last name")
    create.add_argument("--organization", metavar="NAME", help="what they own; made if it is not there")
    actions.add_parser("list", parents=[with_state, with_json], help="list users")
    user.set_defaults(run=_user)


def _add_serve(serve: argparse.ArgumentParser) -> None:
    add = serve.add_argument
    add("--driver", choices=("record", "docker"), default="record", help="hardware (default: %(default)s)")
    address = "where to listen (default: %(default)s); port 0 lets the system choose"
    add("--api", type=_listen, default=_DEFAULT_API, metavar="HOST:PORT", help=address)
    add("--proxy", type=_listen, default=_DEFAULT_PROXY, metavar="HOST:PORT", help=address)
    add("--egress", action="store_true", help="docker: let devices reach what the host reaches")
    delay = "record: how long an installation takes (default: %(default)g)"
    add("--delay", type=_seconds, default=0.0, metavar="SECONDS", help=delay)
    power = "record: how long switching, restarting and removing a machine take (default: %(default)g)"
    add("--power-delay", type=_seconds, default=0.0, metavar="SECONDS", help=power)
    userdata = "refuse user data that is larger (default: %(default)s)"
    count = _count_up_to(2**30)
    add("--userdata-limit", type=count, default=DEFAULT_USERDATA_LIMIT, metavar="BYTES", help=userdata)
    limit = "a device that is not up by then has failed (default: %(default)g)"
    add("--provisioning-limit", type=_seconds, default=1200.0, metavar="SECONDS", help=limit)
    add(
        "--workers",
        type=_count_up_to(256),
        default=8,
        metavar="N",
        help="devices made at once (default: %(default)s)",
    )
    rate = "answer 429 to what a token sends beyond N requests in a minute (default: no limit)"
    add("--rate-limit", type=_count_up_to(1_000_000), metavar="N", help=rate)
    lease = "a server over the same database that was silent for so long is dead (default: %(default)g)"
    add("--lease", type=_seconds, default=10.0, metavar="SECONDS", help=lease)
    add("--user", metavar="NAME", help="record: become this user once the ports are taken (needs root)")
    limits = Limits()
    crowd = "at the same time, at the API and again at the proxy (default: %(default)s)"
    add("--connections", type=_count_up_to(100_000), default=limits.connections, metavar="N", help=crowd)
    size = "answer 413 to larger bodies (default: %(default)s)"
    add("--request-bytes", type=_count_up_to(2**30), default=limits.request_bytes, metavar="N", help=size)
    patience = "for a client to send a request or to take an answer (default: %(default)g)"
    add("--request-seconds", type=_seconds, default=limits.request_seconds, metavar="SECONDS", help=patience)
    quota = "elastic addresses a project may hold; requests beyond are pending (default: %(default)s)"
    add("--address-quota", type=_count_up_to(2**32), default=128, metavar="N", help=quota)
    add(
        "--device-quota",
        type=_count_up_to(2**32),
        metavar="N",
        help="devices a project may have (default: any)",
    )
    serve.set_defaults(run=_serve)


def _add_fault(
    fault: argparse.ArgumentParser, with_state: argparse.ArgumentParser, with_json: argparse.ArgumentParser
) -> None:
    actions = fault.add_subparsers(required=True, dest="action", metavar="ACTION")
    add = actions.add_parser("add", help="let something go wrong, from now on; prints the fault's id")
    effects = add.add_subparsers(required=True, dest="effect", metavar="EFFECT")
    for name, kind in faults.KINDS.items():
        effect = effects.add_parser(name, parents=[with_state], help=kind.__doc__, description=kind.__doc__)
        for option in faults.options(kind):
            how = {"action": "store_const", "const": "true"} if option.flag else {"metavar": "VALUE"}
            effect.add_argument(
                f"--{option.name.replace('_', '-')}",
                required=option.required,
                default=argparse.SUPPRESS,
                help=option.help,
                **how,
            )
    actions.add_parser(
        "list", parents=[with_state, with_json], help="what may go wrong, and how often it did"
    )
    clear = actions.add_parser("clear", parents=[with_state], help="lift faults")
    clear.add_argument("ids", nargs="*", metavar="ID", help="as listed (default: all)")
    fault.set_defaults(run=_fault)


_Parser = argparse.ArgumentParser


def _add_hardware(hardware: _Parser, with_state: _Parser, with_json: _Parser) -> None:
    actions = hardware.add_subparsers(required=True, dest="action", metavar="ACTION")
    add = actions.add_parser("add", parents=[with_state], help="reserve machines and print their ids")
    add.add_argument("--project", required=True, metavar="ID", help="whose they are")
    add.add_argument("--plan", required=True, help="what they are")
    add.add_argument("--facility", required=True, metavar="CODE", help="where they are")
    many = "how many (default: %(default)s)"
    add.add_argument("--count", type=_count_up_to(1000), default=1, metavar="N", help=many)
    add.add_argument("--spare", action="store_true", help="used by nobody until activated")
    rest = "how long after a device is gone another can be made (default: %(default)g)"
    add.add_argument("--rest", type=_seconds, default=0.0, metavar="SECONDS", help=rest)
    actions.add_parser("list", parents=[with_state, with_json], help="list reserved machines")
    service = actions.add_parser("service", parents=[with_state], help="take one out of use")
    service.add_argument("id", help="as listed")
    service.add_argument("--done", action="store_true", help="put it back")
    remove = actions.add_parser("remove", parents=[with_state], help="reserve one no longer")
    remove.add_argument("id", help="as listed")
    hardware.set_defaults(run=_hardware)


def _add_stock(stock: _Parser, with_state: _Parser, with_json: _Parser) -> None:
    actions = stock.add_subparsers(required=True, dest="action", metavar="ACTION")
    count = actions.add_parser("set", parents=[with_state], help="say how many are not reserved")
    count.add_argument("plan")
    count.add_argument("facility")
    count.add_argument("servers", type=_servers, help="a number, or unlimited")
    actions.add_parser("list", parents=[with_state, with_json], help="list what was set")
    stock.set_defaults(run=_stock)


def _add_spot_price(spot_price: _Parser, with_state: _Parser, with_json: _Parser) -> None:
    actions = spot_price.add_subparsers(required=True, dest="action", metavar="ACTION")
    price = actions.add_parser("set", parents=[with_state], help="set a price; who pays less is outbid")
    price.add_argument("plan")
    price.add_argument("facility")
    price.add_argument("price", type=_price, help="dollars an hour")
    actions.add_parser("list", parents=[with_state, with_json], help="list the prices that were set")
    spot_price.set_defaults(run=_spot_price)


def _servers(text: str) -> int | None:
    if text == "unlimited":
        return None
    if not re.fullmatch("[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number up to 999999, nor unlimited")
    return int(text)


def _price(text: str) -> float:
    price = float(text)
    if not 0 <= price < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a price in dollars an hour")
    return price


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


def _count_up_to(most: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
        return int(text)

    return count
