# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in a browser: alive, and without a complaint. Pictures of them are kept in tests/output/web."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, complaints, keep_picture, sign_in, wait_for
from packetd_process import Packetd
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packetd]:
    """One whose machines take their time, so that there is something to see."""
    process = Packetd(tmp_path_factory.mktemp("server") / "packetd", "--delay", "8")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = chromium(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(autouse=True)
def nothing_is_complained_of(browser: Chrome) -> Iterator[None]:
    """No test leaves a message in the console."""
    yield
    assert complaints(browser) == []


def mark(browser: Chrome) -> None:
    """Something that is gone when the page is loaded again."""
    browser.execute_script("window.neverLoadedAgain = true")


def is_marked(browser: Chrome) -> bool:
    return bool(browser.execute_script("return window.neverLoadedAgain === true"))


def test_a_device_becomes_active_before_ones_eyes(
    browser: Chrome, server: Packetd, project: str, order: dict[str, Any]
) -> None:
    browser.get(server.api_url + "/")
    keep_picture(browser, "start")
    sign_in(browser, server.api_url, server.token)
    wait_for(browser, "#live", "tests")
    browser.find_element(By.LINK_TEXT, "tests").click()
    wait_for(browser, "#live", "No devices.")
    mark(browser)
    order["tags"] = ["rack-7", HOSTILE]
    status, device = server.call("POST", f"/projects/{project}/devices", order)
    assert status == 201
    wait_for(browser, "#live td .state", "provisioning")
    keep_picture(browser, "project-provisioning")
    wait_for(browser, "#live td .state", "active")
    wait_for(browser, "#live", "Device phoned home and is ready to go")
    assert HOSTILE in browser.find_element(By.ID, "live").text
    assert is_marked(browser)
    keep_picture(browser, "project-active")
    browser.find_element(By.LINK_TEXT, order["hostname"]).click()
    wait_for(browser, "h1 .state", "active")
    mark(browser)
    server.call("POST", f"/devices/{device['id']}/actions", {"type": "power_off"})
    wait_for(browser, "h1 .state", "inactive")
    assert is_marked(browser)
    keep_picture(browser, "device")


def test_whoever_uses_the_keyboard_keeps_their_place(
    browser: Chrome, server: Packetd, project: str, order: dict[str, Any]
) -> None:
    server.call("POST", f"/projects/{project}/devices", order)
    sign_in(browser, server.api_url, server.token)
    browser.get(f"{server.api_url}/_packetd/web/projects/{project}")
    browser.execute_script("document.querySelector('#live a').focus()")
    wait_for(browser, "#live td .state", "active")
    assert browser.switch_to.active_element.text == order["hostname"]


def test_pausing_keeps_a_page_as_it_is(browser: Chrome, server: Packetd, project: str) -> None:
    sign_in(browser, server.api_url, server.token)
    browser.find_element(By.ID, "pause").click()
    wait_for(browser, "#status", "Paused")
    server.call("PUT", f"/projects/{project}", {"name": "renamed"})
    seen = browser.find_element(By.ID, "live").text
    assert "renamed" not in seen
    browser.find_element(By.ID, "pause").click()
    wait_for(browser, "#live", "renamed")


def test_other_pages(browser: Chrome, server: Packetd, project: str, order: dict[str, Any]) -> None:
    server.call("POST", f"/projects/{project}/devices/batch", {"batches": [{**order, "quantity": 60}]})
    sign_in(browser, server.api_url, server.token)
    for title in ("Projects", "Devices", "Events"):
        browser.find_element(By.LINK_TEXT, title).click()
        wait_for(browser, "h1", title)
        keep_picture(browser, title.lower())
    browser.find_element(By.CSS_SELECTOR, ".who button").click()
    wait_for(browser, "h1", "The Packet API")
    assert browser.get_cookies() == []


def test_the_reference(browser: Chrome, server: Packetd) -> None:
    browser.get(server.api_url + "/_packetd/web/docs")
    wait_for(browser, "h1", "The API")
    keep_picture(browser, "reference")
    browser.get(server.api_url + "/_packetd/web/docs#devices")
    browser.find_element(By.CSS_SELECTOR, "[id='devices.create'] summary").click()
    wait_for(browser, "[id='devices.create']", "operating_system")
    keep_picture(browser, "reference-operation")


def test_without_javascript_the_page_loads_itself_again(
    browser: Chrome, server: Packetd, project: str, order: dict[str, Any], tmp_path: Path
) -> None:
    plain = chromium(tmp_path / "profile", "--blink-settings=scriptEnabled=false")
    try:
        sign_in(plain, server.api_url, server.token)
        plain.get(f"{server.api_url}/_packetd/web/projects/{project}")
        wait_for(plain, "#live", "No devices.")
        server.call("POST", f"/projects/{project}/devices", order)
        wait_for(plain, "#live", order["hostname"])
    finally:
        plain.quit()


def test_dark_and_narrow(server: Packetd, project: str, order: dict[str, Any], tmp_path: Path) -> None:
    server.call("POST", f"/projects/{project}/devices", order)
    small = chromium(tmp_path / "profile", "--force-dark-mode", "--window-size=500,900")
    try:
        sign_in(small, server.api_url, server.token)
        small.get(f"{server.api_url}/_packetd/web/projects/{project}")
        wait_for(small, "#live", order["hostname"])
        keep_picture(small, "narrow")
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert small.execute_script(wide) == 0
        small.get(f"{server.api_url}/_packetd/web/docs")
        assert small.execute_script(wide) == 0
        keep_picture(small, "narrow-reference")
        assert complaints(small) == []
    finally:
        small.quit()
