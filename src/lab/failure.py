# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of the lab."""


class LabError(Exception):
    """What went wrong and what to do about it, in a sentence or two."""
