# SPDX-License-Identifier: GPL-3.0-or-later
"""What the things of the API are and the rules they follow: pure, without storage or transport."""
