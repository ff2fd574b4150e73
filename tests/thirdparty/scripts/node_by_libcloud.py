# SPDX-License-Identifier: GPL-3.0-or-later
"""apache-libcloud, which knows only https://api.equinix.com: a node from its making to its end."""

import os
import time

import requests
from libcloud.compute.base import Node
from libcloud.compute.drivers.equinixmetal import EquinixMetalNodeDriver
from libcloud.compute.types import NodeState

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHq4mUeP1yYdZ7wGZ0sV3b8oNfJt5c2RkLx9aT6uQ1hE libcloud@example.com"
TOKEN = os.environ["METAL_AUTH_TOKEN"]
made = requests.post(
    "https://api.equinix.com/metal/v1/projects",
    json={"name": "libcloud"},
    headers={"X-Auth-Token": TOKEN},
    timeout=60,
)
driver = EquinixMetalNodeDriver(TOKEN, project=made.json()["id"])


def wait(node: Node, state: str) -> None:
    # The driver takes 202 for a refusal, so what it returns says nothing.
    while next(found for found in driver.list_nodes() if found.id == node.id).state != state:
        time.sleep(0.5)


assert driver.project_id or driver.projects
size = next(size for size in driver.list_sizes() if size.id == "c3.small.x86")
image = next(image for image in driver.list_images() if image.id == "ubuntu_20_04")
metro = next(location for location in driver.list_locations() if location.extra["code"] == "sv")
pair = driver.create_key_pair("libcloud", KEY)
assert pair.public_key == KEY
node = driver.create_node("libcloud", size, image, metro)
wait(node, NodeState.RUNNING)
driver.ex_update_node(node, description="with arguments in the query")
driver.stop_node(node)
wait(node, NodeState.STOPPED)
driver.start_node(node)
wait(node, NodeState.RUNNING)
assert driver.ex_list_events_for_node(node)["events"]
assert driver.ex_list_ip_assignments_for_node(node)["ip_addresses"]
driver.destroy_node(node)
while driver.list_nodes():
    time.sleep(0.5)
