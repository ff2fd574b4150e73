# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due for the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._pki import issuing, keys
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.validity import Lifetime
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from cryptography.x509 import Certificate

END = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = keys.generate("ecdsa-p256")


def ending(end: datetime) -> Certificate:
    return issuing.self_signed(KEY, issuing.subject("x", []), now=end - timedelta(days=100), until=end)


@pytest.mark.parametrize(
    ("left", "renew_before", "standing"),
    [
        (timedelta(days=31), 30, "current"),
        (timedelta(days=30), 30, "current"),
        (timedelta(days=29), 30, "ends 2026-06-01"),
        (timedelta(seconds=1), 0, "current"),
        (timedelta(0), 0, "ended 2026-06-01"),
        (timedelta(days=-1), 30, "ended 2026-06-01"),
    ],
)
def test_it_is_due_from_so_many_days_before_its_end(
    left: timedelta, renew_before: int, standing: str
) -> None:
    lifetime = Lifetime(timedelta(days=100), timedelta(days=renew_before))
    assert lifetime.standing(ending(END), END - left, None) == standing


@pytest.mark.parametrize(
    ("later", "standing"),
    [
        (timedelta(0), "current"),
        (timedelta(minutes=5), "current"),
        (timedelta(minutes=6), "ends 2026-06-01"),
    ],
)
def test_it_is_not_due_where_the_next_would_end_no_later(later: timedelta, standing: str) -> None:
    lifetime = Lifetime(timedelta(days=100), timedelta(days=30))
    assert lifetime.standing(ending(END), END - timedelta(days=1), ending(END + later)) == standing


@pytest.mark.parametrize(("days", "renew_before"), [(1, 0), (36500, 36499)])
def test_what_may_be_asked_for(days: int, renew_before: int) -> None:
    lifetime = Lifetime.from_params({"days": days, "renew_before": renew_before})
    assert lifetime == Lifetime(timedelta(days=days), timedelta(days=renew_before))


@pytest.mark.parametrize(
    ("days", "renew_before", "told"),
    [
        (0, 0, "days is 0; allowed are 1 to 36500"),
        (36501, 0, "days is 36501; allowed are 1 to 36500"),
        (
            30,
            30,
            "renew_before is 30; allowed are 0 up to less than days, which is 30, "
            "or each run would issue a new certificate",
        ),
        (
            30,
            -1,
            "renew_before is -1; allowed are 0 up to less than days, which is 30, "
            "or each run would issue a new certificate",
        ),
    ],
)
def test_what_may_not_be_asked_for(days: int, renew_before: int, told: str) -> None:
    with pytest.raises(ResourceError) as caught:
        Lifetime.from_params({"days": days, "renew_before": renew_before})
    assert str(caught.value) == told
