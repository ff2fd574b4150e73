# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules are tried on many examples; how long one takes says how busy the machine is, and nothing else."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
