# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud controller manager: nodes know their devices, Services and the control planes get elastic IPs."""
