# SPDX-License-Identifier: GPL-3.0-or-later
"""What every controller needs: the cluster's API, the Packet API, one leader, health, metrics and logs."""
