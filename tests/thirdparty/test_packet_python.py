# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests in packet-python's source distribution: those with recorded answers, and those for a live API."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sources
from clients import Clients, running, wanted
from expectations import ThirdPartyError, cases
from packetd_process import Packetd

TEARDOWN = "tearDownClass"
DELAYS = {"test_batch": "20"}
"""Seconds that machines take to install, where a test wants it so: this one sleeps for 10 and then removes
only devices that are not active yet, as real machines never were by then."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("name", cases("packet-python", _names(sources.packet_python() / "test")))


def _names(folder: Path) -> Iterator[str]:
    """As pytest calls them, and the clean-up of each class besides."""
    for file in sorted(folder.glob("test_*.py")):
        classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
        for class_ in classes:
            methods = [node.name for node in class_.body if isinstance(node, ast.FunctionDef)]
            if tests := [method for method in methods if method.startswith("test")]:
                cleaned = [TEARDOWN] if TEARDOWN in methods else []
                yield from (f"{file.stem}::{class_.name}::{method}" for method in (*tests, *cleaned))


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    clients: Clients,
    new_server: Callable[..., Packetd],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, Future[dict[str, str | None]]]]:
    """Each file is a process of its own."""
    folder = sources.packet_python()
    libraries = sources.python_library("requests-mock==1.12.1")
    reports = tmp_path_factory.mktemp("reports")
    files = sorted({name.partition("::")[0] for name in wanted(request)})
    slow = {file: Clients(new_server("--delay", delay)) for file, delay in DELAYS.items() if file in files}

    def run(file: str) -> dict[str, str | None]:
        report = reports / f"{file}.xml"
        options = ["-p", "no:cacheprovider", f"--junit-xml={report}", f"test/{file}.py"]
        ended = slow.get(file, clients).run(
            [sys.executable, "-B", "-m", "pytest", "--quiet", "-c", "setup.cfg", *options],
            cwd=folder,
            PYTHONPATH=str(libraries),
            PACKET_PYTHON_TEST_ACTUAL_API="1",
        )
        if not report.exists():
            raise ThirdPartyError(f"{file} came to no end: {ended.output}")
        return _read(report, file)

    with running(run, files, at_once=len(files)) as results:
        yield results


def _read(report: Path, file: str) -> dict[str, str | None]:
    """What failed of each test of a file, None where nothing did."""
    results: dict[str, str | None] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        class_ = f"{file}::{case.attrib['classname'].rpartition('.')[2]}"
        test = f"{class_}::{case.attrib['name']}"
        results.setdefault(test, None)
        results.setdefault(f"{class_}::{TEARDOWN}", None)
        for problem in case:
            if problem.tag in ("failure", "error", "skipped"):
                of_class = problem.attrib["message"].startswith("failed on teardown")
                results[f"{class_}::{TEARDOWN}" if of_class else test] = problem.text or problem.tag
    return results


def test_packet_python(runs: Mapping[str, Future[dict[str, str | None]]], name: str) -> None:
    results = runs[name.partition("::")[0]].result()
    if problem := results.get(name, "it has not been run"):
        raise ThirdPartyError(problem)
