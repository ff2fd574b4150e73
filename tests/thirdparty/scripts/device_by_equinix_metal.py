# SPDX-License-Identifier: GPL-3.0-or-later
"""equinix-metal, which checks each answer against its models. It takes a URL instead of a proxy."""

import os
import time

import equinix_metal as metal

configuration = metal.Configuration(
    host=f"{os.environ['PACKET_API_URL']}/metal/v1",
    api_key={"x_auth_token": os.environ["METAL_AUTH_TOKEN"]},
)
client = metal.ApiClient(configuration)
projects, devices, ips = metal.ProjectsApi(client), metal.DevicesApi(client), metal.IPAddressesApi(client)

assert metal.MetrosApi(client).find_metros().metros
assert metal.FacilitiesApi(client).find_facilities().facilities
assert metal.PlansApi(client).find_plans().plans
assert metal.OperatingSystemsApi(client).find_operating_systems().operating_systems
assert metal.OrganizationsApi(client).find_organizations().organizations
assert metal.UsersApi(client).find_current_user().id

project = projects.create_project(metal.ProjectCreateFromRootInput(name="equinix-metal"))
order = metal.DeviceCreateInMetroInput(
    hostname="equinix-metal", plan="c3.small.x86", operating_system="ubuntu_20_04", metro="sv", tags=["typed"]
)
device = devices.create_device(project.id, metal.CreateDeviceRequest(order))
while device.state != "active":
    time.sleep(0.5)
    device = devices.find_device_by_id(device.id)
assert device.metro.code == "sv"
assert devices.find_project_devices(project.id).devices[0].id == device.id
assert metal.EventsApi(client).find_device_events(device.id).events

wish = metal.IPReservationRequestInput(type="public_ipv4", quantity=1, metro="sv")
request = metal.RequestIPReservationRequest(wish)
reserved = ips.request_ip_reservation(project.id, request).actual_instance
assert ips.find_ip_reservations(project.id).ip_addresses
address = devices.create_ip_assignment(device.id, metal.IPAssignmentInput(address=reserved.address))
ips.delete_ip_address(address.id)
ips.delete_ip_address(reserved.id)
devices.delete_device(device.id)
