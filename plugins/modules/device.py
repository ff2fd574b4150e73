#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device
short_description: Manage devices of the Packet API, many at once
version_added: 0.1.0
description:
  - Creates, changes and removes devices. All that are missing are ordered together, as batches of the API,
    and waited for together; progress is shown meanwhile.
  - A device is known by its hostname, the project and O(identity_tags), or by its id alone. All pages of the
    project's devices are looked through before and after ordering, so a run that was interrupted makes
    nothing twice when it is run again.
  - A device that is still being provisioned is waited for. One that could not be provisioned is an error that
    says why.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
notes:
  - Runs on the controller, whatever the host. The keyword C(environment) of Ansible does not reach it.
  - Options at the top apply to all O(devices); what is said in O(devices) prevails.
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
  - packet.kubernetes._wait
options:
  devices:
    description:
      - The devices.
    type: list
    elements: dict
    default: []
    suboptions:
      hostname:
        description:
          - Its hostname. Letters, digits, hyphens and dots.
          - Needed, unless O(devices[].id) is given; with that, the device gets this hostname.
        type: str
      id:
        description:
          - Id of a device that exists, by which it is then known, whatever its hostname and its tags are.
        type: str
      plan:
        description:
          - As O(plan), for this device alone.
        type: str
      operating_system:
        description:
          - As O(operating_system), for this device alone.
        type: str
      metro:
        description:
          - As O(metro), for this device alone.
        type: str
      facility:
        description:
          - As O(facility), for this device alone.
        type: str
      tags:
        description:
          - Tags of this device besides O(tags).
        type: list
        elements: str
      user_data:
        description:
          - As O(user_data), for this device alone.
        type: str
      custom_data:
        description:
          - As O(custom_data), for this device alone.
        type: dict
      description:
        description:
          - As O(description), for this device alone.
        type: str
      billing_cycle:
        description:
          - As O(billing_cycle), for this device alone.
        type: str
      locked:
        description:
          - As O(locked), for this device alone.
        type: bool
      always_pxe:
        description:
          - As O(always_pxe), for this device alone.
        type: bool
      ipxe_script_url:
        description:
          - As O(ipxe_script_url), for this device alone.
        type: str
      network_frozen:
        description:
          - As O(network_frozen), for this device alone.
        type: bool
      termination_time:
        description:
          - As O(termination_time), for this device alone.
        type: str
      hardware_reservation_id:
        description:
          - As O(hardware_reservation_id), for this device alone.
        type: str
      spot_instance:
        description:
          - As O(spot_instance), for this device alone.
        type: bool
      spot_price_max:
        description:
          - As O(spot_price_max), for this device alone.
        type: float
      features:
        description:
          - As O(features), for this device alone.
        type: dict
      ip_addresses:
        description:
          - As O(ip_addresses), for this device alone.
        type: list
        elements: dict
        suboptions:
          address_family:
            description:
              - IPv4 or IPv6.
            type: int
            choices: [4, 6]
            default: 4
          public:
            description:
              - Whether it is reached from outside.
            type: bool
            default: true
          cidr:
            description:
              - Length of the prefix.
            type: int
          ip_reservations:
            description:
              - Reservations from which to take it.
            type: list
            elements: str
      public_ipv4_subnet_size:
        description:
          - As O(public_ipv4_subnet_size), for this device alone.
        type: int
        choices: [28, 29, 30, 31, 32]
      project_ssh_keys:
        description:
          - As O(project_ssh_keys), for this device alone.
        type: list
        elements: str
      user_ssh_keys:
        description:
          - As O(user_ssh_keys), for this device alone.
        type: list
        elements: str
      no_ssh_keys:
        description:
          - As O(no_ssh_keys), for this device alone.
        type: bool
  identity_tags:
    description:
      - Tags that a device must have, all of them, to be one of those that this task speaks of. New devices
        get them.
      - Without, a device is known by its hostname and the project alone.
    type: list
    elements: str
    default: []
  purge:
    description:
      - Whether to remove all devices of the project that carry all O(identity_tags) and are not listed in
        O(devices).
      - With O(state=absent) that is all that carry them. Needs O(identity_tags).
    type: bool
    default: false
  plan:
    description:
      - Slug of the plan, such as V(c3.small.x86). Needed to make a device; cannot be changed later.
    type: str
  operating_system:
    description:
      - >-
        Slug of the operating system, such as V(debian_12). Needed to make a device; cannot be changed later.
    type: str
  metro:
    description:
      - >-
        Code of the metro, such as V(sv). This, C(facility) or C(hardware_reservation_id) is needed to make a
        device; cannot be changed later.
    type: str
  facility:
    description:
      - Code of the facility, V(any) for wherever there is room. Cannot be changed later.
    type: str
  tags:
    description:
      - Tags. If given, the device has these and the O(identity_tags) and no others.
    type: list
    elements: str
  user_data:
    description:
      - User data, which cloud-init runs when the device is installed.
      - Diffs and results show a digest of it only, as it may hold secrets.
    type: str
  custom_data:
    description:
      - Data of your own to be kept with the device. What is there is replaced as a whole.
    type: dict
  description:
    description:
      - What the device is for.
    type: str
  billing_cycle:
    description:
      - How the device is billed. The API's default is V(hourly).
    type: str
  locked:
    description:
      - Whether the API refuses to remove or reinstall the device.
    type: bool
  always_pxe:
    description:
      - Whether the device boots from the network each time.
    type: bool
  ipxe_script_url:
    description:
      - URL of an iPXE script to boot, for the operating system V(custom_ipxe).
    type: str
  network_frozen:
    description:
      - Whether the ports and addresses of the device stay as they are.
    type: bool
  termination_time:
    description:
      - >-
        When the API removes the device, such as V(2026-12-31T12:00:00Z); UTC where no zone is said. An empty
        string takes it back.
    type: str
  hardware_reservation_id:
    description:
      - Id of a machine that is reserved for the project, on which the device is to be made; the place need
        not be given then. Cannot be changed later.
      - V(next-available) stands for any that fits, and is looked at only when a device is made.
    type: str
  spot_instance:
    description:
      - Whether the device is bought on the spot market, which may take it back. Cannot be changed later.
    type: bool
  spot_price_max:
    description:
      - What an hour may cost at most, in dollars, with O(spot_instance). Cannot be changed later.
      - If not set, a new one may cost what it does on demand.
    type: float
  features:
    description:
      - Features that the machine shall have, by name, each V(required) or V(preferred). Cannot be changed
        later.
    type: dict
  ip_addresses:
    description:
      - Which addresses a new device gets. If not set, a public and a private IPv4 and a public IPv6 address.
      - Looked at only when a device is made; M(packet.kubernetes.ip_assignment) brings elastic addresses to
        one that exists.
    type: list
    elements: dict
    suboptions:
      address_family:
        description:
          - IPv4 or IPv6.
        type: int
        choices: [4, 6]
        default: 4
      public:
        description:
          - Whether it is reached from outside.
        type: bool
        default: true
      cidr:
        description:
          - Length of the prefix, to have more than one address.
        type: int
      ip_reservations:
        description:
          - Reservations from which to take it, by id or as V(198.51.100.0/30).
        type: list
        elements: str
  public_ipv4_subnet_size:
    description:
      - Length of the prefix of the public IPv4 addresses of a new device, where O(ip_addresses) does not say
        it. An API may not have all of them.
    type: int
    choices: [28, 29, 30, 31, 32]
  project_ssh_keys:
    description:
      - The SSH keys of the project that a new device lets in, by label or id.
      - If neither this nor O(user_ssh_keys) is set, it lets in all of the project and its people. Looked at
        only when a device is made.
    type: list
    elements: str
  user_ssh_keys:
    description:
      - Likewise keys of users. A label is that of a key of your own; an id that of a key, or of a user with
        all their keys.
    type: list
    elements: str
  no_ssh_keys:
    description:
      - Whether a new device lets in no key at all.
    type: bool
  replace:
    description:
      - Whether a device is removed and made anew where something differs that cannot be changed, such as
        O(plan) or O(operating_system). Without, that is an error. All that was on it is lost, and it gets
        other addresses.
      - The new device is as the task says; what it does not say is as for any new device.
      - Locked devices are refused.
    type: bool
    default: false
  state:
    description:
      - Whether the devices shall exist.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Have the machines of a cluster, and no others
  packet.kubernetes.device:
    project: kubernetes
    plan: c3.small.x86
    operating_system: debian_12
    metro: sv
    identity_tags:
      - cluster=blue
    purge: true
    devices:
      - hostname: blue-control-plane-0
        tags: [role=control-plane]
      - hostname: blue-worker-0
        plan: m3.large.x86
        tags: [role=worker]
  register: result

- name: Show their addresses
  ansible.builtin.debug:
    msg: "{{ result.devices | items2dict(key_name='hostname', value_name='public_ipv4') }}"

- name: Have a machine of another plan, by a new device
  packet.kubernetes.device:
    project: kubernetes
    plan: m3.large.x86
    operating_system: debian_12
    metro: sv
    devices:
      - hostname: build
    replace: true

- name: Remove two devices
  packet.kubernetes.device:
    project: kubernetes
    devices:
      - hostname: old-0
      - hostname: old-1
    state: absent

- name: Use two machines that are reserved, and let in one key alone
  packet.kubernetes.device:
    project: kubernetes
    plan: m3.large.x86
    operating_system: debian_12
    hardware_reservation_id: next-available
    facility: any
    project_ssh_keys:
      - of the operators
    devices:
      - hostname: storage-0
      - hostname: storage-1

- name: Rename a device
  packet.kubernetes.device:
    project: kubernetes
    devices:
      - id: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
        hostname: storage-2

- name: Remove all machines of a cluster
  packet.kubernetes.device:
    project: kubernetes
    identity_tags:
      - cluster=blue
    purge: true
    state: absent
"""

RETURN = r"""
devices:
  description:
    - The devices in the order of O(devices), empty with O(state=absent).
    - In check mode a device that does not exist yet has just the attributes that were asked for.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    hostname:
      description: Its hostname.
      type: str
      sample: blue-worker-0
    state:
      description: V(active) when it is ready, V(inactive) when somebody has powered it off.
      type: str
      sample: active
    plan:
      description: Slug of the plan.
      type: str
      sample: c3.small.x86
    operating_system:
      description: Slug of the operating system.
      type: str
      sample: debian_12
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facility:
      description: Code of the facility.
      type: str
      sample: sv15
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [cluster=blue, role=worker]
    description:
      description: What it is for.
      type: str
    billing_cycle:
      description: How it is billed.
      type: str
      sample: hourly
    locked:
      description: Whether it is safe from removal.
      type: bool
    always_pxe:
      description: Whether it boots from the network each time.
      type: bool
    ipxe_script_url:
      description: The iPXE script that it boots.
      type: str
    network_frozen:
      description: Whether its ports and addresses stay as they are.
      type: bool
    features:
      description: The features that were asked for, each V(required) or V(preferred).
      type: dict
    hardware_reservation_id:
      description: Id of the reserved machine that it is on.
      type: str
    spot_instance:
      description: Whether it is bought on the spot market.
      type: bool
    spot_price_max:
      description: What an hour of it may cost at most, in dollars.
      type: float
    termination_time:
      description: When the API removes it.
      type: str
      sample: "2026-12-31T12:00:00Z"
    custom_data:
      description: The data kept with it.
      type: dict
    user_data:
      description: A digest of its user data.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    public_ipv4:
      description: Its public IPv4 address.
      type: str
      sample: 198.51.100.3
    private_ipv4:
      description: Its private IPv4 address.
      type: str
      sample: 10.99.0.3
    public_ipv6:
      description: Its public IPv6 address.
      type: str
    ip_addresses:
      description:
        - All its addresses, with C(address), C(cidr), C(gateway), C(address_family), C(public) and
          C(management), which is true of its own and false of elastic ones.
      type: list
      elements: dict
    created_at:
      description: When it was ordered.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""
