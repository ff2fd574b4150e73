# SPDX-License-Identifier: GPL-3.0-or-later
"""What was kept of devices is what they are: after every commit, whatever it was that was written.

Users, the provisioner and time do what they like, in any order; whenever something was stored, each
device and each list is asked for twice: as users get it, and made anew.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from in_process import InProcess
from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.api import device_views, kept_devices
from packetd.drivers import DriverError, Machine
from packetd.drivers.record import RecordDriver
from packetd.model.ports import BOND, NAMES, port_id
from packetd.store import Store, open_sqlite
from packetd.store.tables import (
    Assignment,
    Batch,
    Device,
    HardwareReservation,
    Project,
    Reservation,
    SpotPrice,
    SSHKey,
    VirtualNetwork,
    Volume,
    VolumeAttachment,
    now,
)

_CHOICE = st.integers(min_value=0, max_value=1000)
_MOST_DEVICES = 3
_PLACE = {"plan": "c3.small.x86", "operating_system": "debian_12", "facility": "sv15"}
_KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9 one",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFf0Iq5pX1P8mYwTnXh7o0yYk0Vb7q9c0e7b8X3aQ2Zt two",
)
# Orders, which need no device that is there.
_ORDERS: tuple[dict[str, Any], ...] = (
    {"hostname": "plain"},
    {"hostname": "no-keys", "no_ssh_keys": True, "tags": ["a"]},
    {"hostname": "reserved", "hardware_reservation_id": "next-available"},
    {"hostname": "spot", "spot_instance": True, "spot_price_max": 0.5},
    {"hostname": "private", "ip_addresses": [{"address_family": 4, "public": False}]},
    {
        "hostname": "elastic",
        "ip_addresses": [
            {"address_family": 4, "public": False},
            {"address_family": 4, "public": True, "cidr": 32, "ip_reservations": ["{block}"]},
        ],
    },
)
# What users ask for; names in braces stand for the id of such a thing.
_Call = tuple[str, str, Any]
_OF_DEVICES: tuple[_Call, ...] = (
    ("PUT", "/devices/{device}", {"hostname": "other", "tags": ["x", "y"]}),
    ("PUT", "/devices/{device}", {"description": "what for", "customdata": {"a": [1]}}),
    ("PUT", "/devices/{device}", {"locked": True}),
    ("PUT", "/devices/{device}", {"locked": False, "userdata": "#!/bin/sh\n", "billing_cycle": "daily"}),
    ("PUT", "/devices/{device}", {"always_pxe": True, "ipxe_script_url": "http://192.0.2.1/x"}),
    ("PUT", "/devices/{device}", {"network_frozen": True}),
    ("PUT", "/devices/{device}", {"network_frozen": False, "spot_instance": False}),
    ("PUT", "/devices/{device}", {"termination_time": "2000-01-01T00:00:00Z"}),
    ("PUT", "/devices/{device}", {"termination_time": "2100-01-01T00:00:00Z"}),
    ("DELETE", "/devices/{device}", None),
    ("DELETE", "/devices/{device}?force_delete=true", None),
    *(
        ("POST", "/devices/{device}/actions", {"type": action})
        for action in ("power_off", "power_on", "reboot", "rescue", "reinstall")
    ),
    ("POST", "/devices/{device}/actions", {"type": "reinstall", "operating_system": "ubuntu_22_04"}),
    ("POST", "/devices/{device}/bgp/sessions", {"address_family": "ipv4"}),
)
_OF_PEOPLE: tuple[_Call, ...] = (
    ("PUT", "/projects/{project}", {"name": "renamed", "customdata": {"p": 1}}),
    ("PUT", "/user", {"first_name": "Ada"}),
    ("PUT", "/user", {"first_name": "Grace", "last_name": "H."}),
    ("POST", "/projects/{project}/ssh-keys", {"label": "one", "key": _KEYS[0]}),
    ("POST", "/ssh-keys", {"label": "two", "key": _KEYS[1]}),
    ("PUT", "/ssh-keys/{key}", {"label": "renamed", "tags": ["k"]}),
    ("DELETE", "/ssh-keys/{key}", None),
)
_OF_ADDRESSES: tuple[_Call, ...] = (
    ("POST", "/projects/{project}/ips", {"type": "public_ipv4", "quantity": 2, "metro": "sv"}),
    ("POST", "/projects/{project}/ips", {"type": "global_ipv4", "quantity": 1}),
    ("PUT", "/ips/{block}", {"details": "mine", "tags": ["b"], "customdata": {"c": 1}}),
    ("DELETE", "/ips/{block}", None),
    ("POST", "/devices/{device}/ips", {"address": "{address}"}),
    ("POST", "/devices/{device}/ips", {"address": "{address}", "manageable": False}),
    ("DELETE", "/ips/{assignment}", None),
)
_OF_PORTS: tuple[_Call, ...] = (
    ("POST", "/projects/{project}/virtual-networks", {"metro": "sv"}),
    ("PUT", "/virtual-networks/{vlan}", {"description": "net", "tags": ["v"]}),
    ("DELETE", "/virtual-networks/{vlan}", None),
    ("POST", "/ports/{port}/assign", {"vnid": "{vlan}"}),
    ("POST", "/ports/{port}/assign", {"vnid": "{vlan}"}),
    ("POST", "/ports/{port}/unassign", {"vnid": "{vlan}"}),
    ("POST", "/ports/{port}/native-vlan", {"vnid": "{vlan}"}),
    ("DELETE", "/ports/{port}/native-vlan", None),
    (
        "POST",
        "/ports/{port}/vlan-assignments/batches",
        {"vlan_assignments": [{"vlan": "{vlan}", "state": "assigned", "native": True}]},
    ),
    ("POST", "/ports/{port}/disbond", {}),
    ("POST", "/ports/{port}/bond", {"bulk_enable": True}),
    ("POST", "/ports/{port}/convert/layer-2", {}),
    ("POST", "/ports/{port}/convert/layer-3", {}),
    ("POST", "/ports/{port}/convert/layer-3", {"request_ips": [{"address_family": 4, "public": True}]}),
)
_OF_VOLUMES: tuple[_Call, ...] = (
    ("POST", "/projects/{project}/storage", {"facility": "sv15", "plan": "storage_1", "size": 10}),
    ("PUT", "/storage/{volume}", {"size": 20, "description": "disk"}),
    ("DELETE", "/storage/{volume}", None),
    ("POST", "/storage/{volume}/attachments", {"device_id": "{device}"}),
    ("DELETE", "/storage/attachments/{attachment}", None),
    ("DELETE", "/batches/{batch}?remove_associated_instances=true", None),
)
_THINGS: dict[str, Any] = {
    "project": Project.id,
    "device": Device.id,
    "key": SSHKey.id,
    "block": Reservation.id,
    "assignment": Assignment.id,
    "vlan": VirtualNetwork.id,
    "volume": Volume.id,
    "attachment": VolumeAttachment.id,
    "batch": Batch.id,
}


class Watched(Store):
    """Tells of every commit."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.committed: Callable[[], None] = lambda: None

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
        self.committed()


class Clock:
    """Says what time it is for those who show devices."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


clock = Clock()


class Keeping(RuleBasedStateMachine):
    """A project with a few devices, to which all happens that can."""

    template: Path

    @initialize()
    def begin(self) -> None:
        clock.ahead = timedelta()
        self.directory = Path(tempfile.mkdtemp(prefix="packetd-kept-"))
        shutil.copytree(self.template, self.directory, dirs_exist_ok=True)
        self.store = Watched(self.directory / "packetd.sqlite")
        self.broken = False
        self.packetd = InProcess(self.directory, self.store, self._hinder)
        with self.store.read() as session:
            self.project = session.scalars(select(Project.id)).one()
            self.organization = session.scalars(select(Project.organization_id)).one()
        self.stale: list[str] = []
        self.store.committed = self.look

    def _hinder(self, _machine: Machine) -> None:
        if self.broken:
            raise DriverError("it is broken")

    def look(self) -> None:
        """Compare everything that was kept with what it would be if it were made now."""
        for prefix in ("", "/metal/v1"):
            listing = f"{prefix}/projects/{self.project}/devices?per_page=1000"
            devices = self._compare(listing)["devices"]
            for device in devices:
                self._note(f"{prefix}/devices/{device['id']}", device)
        self._compare(f"/organizations/{self.organization}/devices?search=e&sort_by=hostname")

    def _compare(self, path: str) -> Any:
        fresh = self.packetd.fresh(path)
        assert fresh[0] == 200, fresh
        self._note(path, fresh[1])
        return fresh[1]

    def _note(self, path: str, fresh: Any) -> None:
        """Exceptions would end in the provisioner's threads."""
        kept = self.packetd.call("GET", path)
        if kept != (200, fresh):
            self.stale.append(f"{path}: {kept} was kept; it is {fresh}")

    def _call(self, method: str, path: str, body: Any) -> None:
        status, answer = self.packetd.call(method, path, body)
        assert status < 500 or status == 503, (method, path, body, answer)
        self._check()

    def _check(self) -> None:
        assert not self.stale, self.stale[0]

    def _things(self, choice: int) -> dict[str, str]:
        """One of each kind, as far as there are any."""
        with self.store.read() as session:
            kinds = {name: session.scalars(select(id_).order_by(id_)).all() for name, id_ in _THINGS.items()}
            networks = session.scalars(select(Reservation.network).where(Reservation.network.is_not(None)))
            kinds["address"] = [str(network).partition("/")[0] for network in networks]
        things = {name: str(ids[choice % len(ids)]) for name, ids in kinds.items() if ids}
        if "device" in things:
            # The bond, mostly: the others can do less.
            things["port"] = port_id(things["device"], (*NAMES, BOND, BOND)[choice % (len(NAMES) + 2)])
        return things

    @rule(choice=_CHOICE, order=st.sampled_from(_ORDERS))
    def order(self, choice: int, order: dict[str, Any]) -> None:
        body = _filled({**_PLACE, **order}, self._things(choice))
        with self.store.read() as session:
            count = len(session.scalars(select(Device.id)).all())
        if count >= _MOST_DEVICES or body is None:
            return
        if choice % 2:
            self._call("POST", f"/projects/{self.project}/devices", body)
        else:
            batch = {"batches": [{**body, "quantity": 1}]}
            self._call("POST", f"/projects/{self.project}/devices/batch", batch)

    @rule(choice=_CHOICE, what=st.sampled_from(_OF_DEVICES))
    def ask_of_a_device(self, choice: int, what: _Call) -> None:
        self._ask(choice, what)

    @rule(choice=_CHOICE, what=st.sampled_from(_OF_PEOPLE))
    def ask_of_people(self, choice: int, what: _Call) -> None:
        self._ask(choice, what)

    @rule(choice=_CHOICE, what=st.sampled_from(_OF_ADDRESSES))
    def ask_of_addresses(self, choice: int, what: _Call) -> None:
        self._ask(choice, what)

    @rule(choice=_CHOICE, what=st.sampled_from(_OF_PORTS))
    def ask_of_a_port(self, choice: int, what: _Call) -> None:
        self._ask(choice, what)

    @rule(choice=_CHOICE, what=st.sampled_from(_OF_VOLUMES))
    def ask_of_a_volume(self, choice: int, what: _Call) -> None:
        self._ask(choice, what)

    def _ask(self, choice: int, what: _Call) -> None:
        method, path, body = what
        things = self._things(choice)
        filled, sent = _filled(path, things), _filled(body, things)
        if filled is not None and (sent is not None or body is None):
            self._call(method, filled, sent)

    @rule(times=st.integers(min_value=1, max_value=3))
    def work(self, times: int) -> None:
        """Steps of the provisioner."""
        for _ in range(times):
            self.packetd.step()
        self._check()

    @rule(choice=_CHOICE)
    def phone_home(self, choice: int) -> None:
        if device := self._things(choice).get("device"):
            self.packetd.provisioner.phone_home(device)
            self._check()

    @rule(what=st.sampled_from(("break_hardware", "mend_hardware", "let_a_day_pass", "outbid", "hardware")))
    def happen(self, what: str) -> None:
        getattr(self, f"_{what}")()
        self._check()

    def _break_hardware(self) -> None:
        self.broken = True

    def _mend_hardware(self) -> None:
        self.broken = False

    def _let_a_day_pass(self) -> None:
        """What is shown for a day only ends by itself."""
        clock.ahead += timedelta(hours=25)
        self.look()

    def _outbid(self) -> None:
        with self.store.write() as session:
            session.add(SpotPrice(plan="c3.small.x86", facility="sv15", price=5.0))
        self.packetd.market.turn()

    def _hardware(self) -> None:
        """Reserved machines come, and go unless there is a device on them."""
        with self.store.write() as session:
            for reservation in session.scalars(select(HardwareReservation)).all():
                if reservation.device is None:
                    session.delete(reservation)
            session.add(HardwareReservation(project_id=self.project, plan="c3.small.x86", facility="sv15"))

    def teardown(self) -> None:
        if hasattr(self, "packetd"):
            self.store.committed = lambda: None
            self.packetd.close()
            shutil.rmtree(self.directory)


def _filled(template: Any, things: dict[str, str]) -> Any:
    """A template with the ids of things in it; None where there is no such thing."""
    if isinstance(template, dict):
        filled = {name: _filled(value, things) for name, value in template.items()}
        return None if None in filled.values() else filled
    if isinstance(template, list):
        items = [_filled(item, things) for item in template]
        return None if None in items else items
    if not isinstance(template, str):
        return template
    try:
        return template.format_map(things)
    except KeyError:
        return None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state with two devices, of which one has a bit of everything: there is much to change in it."""
    directory = tmp_path_factory.mktemp("template")
    packetd = InProcess(directory, open_sqlite(directory / "packetd.sqlite"))
    project = packetd.call("GET", "/projects")[1]["projects"][0]["id"]
    packetd.make(f"/projects/{project}/ssh-keys", {"label": "zero", "key": _KEYS[0]})
    ids = [packetd.make(f"/projects/{project}/devices", {**_PLACE, "hostname": name})["id"] for name in "ab"]
    packetd.step()
    for device in ids:
        packetd.provisioner.phone_home(device)
    block = packetd.make(f"/projects/{project}/ips", {"type": "public_ipv4", "quantity": 2, "metro": "sv"})
    packetd.make(f"/devices/{ids[0]}/ips", {"address": block["address"]})
    vlan = packetd.make(f"/projects/{project}/virtual-networks", {"metro": "sv"})
    packetd.make(f"/ports/{port_id(ids[0], BOND)}/assign", {"vnid": vlan["id"]})
    volume = {"facility": "sv15", "plan": "storage_1", "size": 10}
    made = packetd.make(f"/projects/{project}/storage", volume)
    packetd.step()
    packetd.make(f"/storage/{made['id']}/attachments", {"device_id": ids[0]})
    packetd.close()
    logging.disable(logging.CRITICAL)
    yield directory
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ("examples", "steps"),
    [pytest.param(6, 50, id="few"), pytest.param(500, 80, marks=pytest.mark.soak, id="many")],
)
def test_nothing_that_is_kept_is_out_of_date(
    template: Path, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int
) -> None:
    for module in (device_views, kept_devices):
        monkeypatch.setattr(module, "now", clock)
    Keeping.template = template
    run_state_machine_as_test(
        Keeping,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_is_offered_of_systems_is_nothing_of_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packetd = InProcess(tmp_path, open_sqlite(tmp_path / "packetd.sqlite"))
    project = packetd.call("GET", "/projects")[1]["projects"][0]["id"]
    device = packetd.make(f"/projects/{project}/devices", {**_PLACE, "hostname": "n"})["id"]
    kept = packetd.call("GET", f"/devices/{device}")
    # An operator removes the image that it was installed from.
    monkeypatch.setattr(RecordDriver, "operating_systems", lambda _self: frozenset())
    assert packetd.fresh(f"/devices/{device}") == kept
    assert packetd.call("GET", "/operating-systems")[1]["operating_systems"][0]["provisionable_on"] == []
    packetd.close()
