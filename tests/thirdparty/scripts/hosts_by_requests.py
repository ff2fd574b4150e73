# SPDX-License-Identifier: GPL-3.0-or-later
"""Both hosts, and hrefs that lead back to the host that gave them."""

import os

import requests

HEADERS = {"X-Auth-Token": os.environ["METAL_AUTH_TOKEN"]}

for host, prefix in (("https://api.packet.net", ""), ("https://api.equinix.com", "/metal/v1")):
    made = requests.post(f"{host}{prefix}/projects", json={"name": "requests"}, headers=HEADERS, timeout=60)
    assert made.status_code == 201, made.text
    href = made.json()["href"]
    assert href.startswith(f"{prefix}/projects/"), href
    removed = requests.delete(f"{host}{href}", headers=HEADERS, timeout=60)
    assert removed.status_code == 204, removed.text
