# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, for tests of the pages; what it complained of is there to be asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 60.0
PICTURES = Path(__file__).parents[2] / "output" / "web"
# Nothing of it may look for a network, of which there is none.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


def chromium(profile: Path, *options: str) -> Chrome:
    """A browser that knows nothing of earlier ones; ``profile`` is an empty folder."""
    wanted = ChromeOptions()
    wanted.binary_location = _command("chromium")
    for option in (*_OPTIONS, f"--user-data-dir={profile}", *options):
        wanted.add_argument(option)
    wanted.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=wanted, service=Service(_command("chromedriver")))


def _command(name: str) -> str:
    path = shutil.which(name)
    assert path, f"there is no {name}; make tools installs it"
    return path


def sign_in(browser: Chrome, url: str, token: str) -> None:
    """From the start page to the list of projects, whoever was signed in before."""
    browser.get(url + "/")
    browser.delete_all_cookies()
    browser.get(url + "/")
    browser.find_element(By.ID, "token").send_keys(token)
    browser.find_element(By.CSS_SELECTOR, ".sign-in button").click()
    wait_for(browser, "h1", "Projects")


def wait_for(browser: Chrome, selector: str, text: str) -> None:
    """Wait until something of this selector has a text in it."""

    def there(_browser: Any) -> bool:
        # Looked for in one step: between two, the page may change.
        script = "return [...document.querySelectorAll(arguments[0])].map(node => node.innerText).join('\\n')"
        return text in browser.execute_script(script, selector)

    WebDriverWait(browser, SECONDS, poll_frequency=0.1).until(there, f"no {selector} has {text!r}")


def keep_picture(browser: Chrome, name: str) -> None:
    """A picture of what is seen, for whoever wants to look at it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert browser.save_screenshot(str(PICTURES / f"{name}.png"))


def complaints(browser: Chrome) -> list[str]:
    """What is in the console since the last time: scripts that failed, files that are not there, and
    all that the Content-Security-Policy forbade."""
    return [entry["message"] for entry in browser.get_log("browser")]
