# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing on a machine, over a folder that stands for its root and commands that stand for apt."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import prerequisites
from lab.failure import LabError
from lab.prerequisites import REQUIREMENTS

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
FEDORA = 'PRETTY_NAME="Fedora Linux 44"\nID=fedora\nVERSION_ID=44\n'

APT_GET = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >>"{root}/apt.log"
case "$*" in
*install*) {install} ;;
esac
"""


class Machine:
    """A folder with etc, usr and bin; nothing outside of it is seen."""

    def __init__(self, root: Path, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "etc").mkdir()
        (root / "etc" / "os-release").write_text(system)
        (root / "usr" / "include").mkdir(parents=True)
        (root / "bin").mkdir()
        monkeypatch.setenv("PATH", str(root / "bin"))
        monkeypatch.setattr(prerequisites, "SYSTEM_PATHS", ())
        monkeypatch.setattr("os.geteuid", lambda: 0)
        self.command("env", '#!/bin/sh\nexport "$1"; shift; exec "$@"\n')

    def command(self, name: str, text: str = "") -> Path:
        path = self.root / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def provide(self, provides: str) -> Path:
        if provides.startswith("/"):
            path = self.root / provides.lstrip("/")
            path.touch()
            return path
        return self.command(provides)

    def apt(self, install: str) -> None:
        self.command("apt-get", APT_GET.replace("{install}", install).replace("{root}", str(self.root)))

    @property
    def asked(self) -> list[str]:
        log = self.root / "apt.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, DEBIAN, monkeypatch)


def test_a_machine_that_has_everything_is_left_alone(
    debian: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    debian.apt("exit 1")
    for requirement in REQUIREMENTS:
        debian.provide(requirement.provides)
    assert prerequisites.missing(debian.root) == []
    prerequisites.install(debian.root)
    assert debian.asked == []
    assert capsys.readouterr().out == ""


def test_only_what_is_missing_is_installed_and_said(
    debian: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = {"skopeo", "libseccomp-dev"}
    for requirement in REQUIREMENTS:
        if requirement.package not in lacking:
            debian.provide(requirement.provides)
    debian.apt('cd "{root}"; : >usr/include/seccomp.h; : >bin/skopeo; /bin/chmod +x bin/skopeo')
    prerequisites.install(debian.root)
    update, install = debian.asked
    assert update.startswith("noninteractive ")
    assert update.endswith(" update")
    assert install.startswith("noninteractive ")
    assert install.endswith(" install --no-install-recommends skopeo libseccomp-dev")
    assert capsys.readouterr().out == "installing 2 packages with apt: skopeo, libseccomp-dev\n"
    assert prerequisites.missing(debian.root) == []


def test_dockers_own_packages_serve_as_well(debian: Machine) -> None:
    debian.provide("dockerd")
    assert "docker.io" not in [requirement.package for requirement in prerequisites.missing(debian.root)]


def test_another_system_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, FEDORA, monkeypatch)
    machine.apt("exit 1")
    with pytest.raises(LabError) as error:
        prerequisites.install(machine.root)
    assert "this is Fedora Linux 44" in str(error.value)
    for requirement in REQUIREMENTS:
        assert f"{requirement.provides} ({requirement.package})" in str(error.value)
    assert machine.asked == []


def test_a_system_that_does_not_say_what_it_is(debian: Machine) -> None:
    (debian.root / "etc" / "os-release").unlink()
    with pytest.raises(LabError, match="this is another system"):
        prerequisites.install(debian.root)


def test_what_apt_says_last_is_the_error(debian: Machine) -> None:
    debian.apt("echo first; echo 'E: Unable to locate package skopeo' >&2; exit 100")
    with pytest.raises(LabError, match=r"apt-get .* failed: E: Unable to locate package skopeo$"):
        prerequisites.install(debian.root)


def test_an_installation_that_gives_nothing_is_an_error(debian: Machine) -> None:
    debian.apt("exit 0")
    with pytest.raises(LabError, match=r"and yet there is no dockerd, mmdebstrap"):
        prerequisites.install(debian.root)


def test_without_root_and_sudo_it_says_so(debian: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    debian.apt("exit 0")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="needs root, and there is no sudo"):
        prerequisites.install(debian.root)
    assert debian.asked == []
    debian.command("sudo", '#!/bin/sh\nexec "$@"\n')
    with pytest.raises(LabError, match="and yet there is no"):
        prerequisites.install(debian.root)
    assert len(debian.asked) == 2


def test_debians_own_registry_is_kept_from_taking_the_port(debian: Machine) -> None:
    (debian.root / "run" / "systemd" / "system").mkdir(parents=True)
    debian.command("systemctl", f'#!/bin/sh\necho "systemctl $*" >>"{debian.root}/apt.log"\n')
    debian.apt("echo 'E: out of space'; exit 100")
    with pytest.raises(LabError, match="out of space"):
        prerequisites.install(debian.root)
    assert [line.split()[:2] for line in debian.asked if "systemctl" in line] == [
        ["systemctl", "mask"],
        ["systemctl", "unmask"],
    ]
    debian.apt("exit 0")
    with pytest.raises(LabError, match="and yet there is no"):
        prerequisites.install(debian.root)
    assert debian.asked[-1] == "systemctl disable --quiet docker-registry.service"


def test_the_programs_of_a_database_come_without_one(debian: Machine) -> None:
    for command in ("mkdir", "sh", "rm"):
        debian.command(command, f'#!/bin/sh\necho "{command} $*" >>"{debian.root}/apt.log"\n')
    debian.apt(
        '/bin/mkdir -p "{root}/usr/lib/postgresql/15/bin"; : >"{root}/usr/lib/postgresql/15/bin/postgres"'
    )
    prerequisites.install(debian.root, prerequisites.TEST_REQUIREMENTS[:1])
    kept = "/etc/postgresql-common/createcluster.d/lab.conf"
    assert [line for line in debian.asked if "noninteractive" not in line] == [
        "mkdir --parents /etc/postgresql-common/createcluster.d",
        f"sh -c echo create_main_cluster = false >{kept}",
        f"rm --force {kept}",
    ]
    assert debian.asked[-2].endswith(" install --no-install-recommends postgresql-15")
