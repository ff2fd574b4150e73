# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m packetd` is `packetd`."""

import sys

from packetd.cli import main

sys.exit(main())
