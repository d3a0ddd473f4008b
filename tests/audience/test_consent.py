from dataclasses import replace
from datetime import timedelta

import pytest

from digest.audience.consent import confirm, end, may_receive
from digest.errors import WrongState
from digest.model import Subscription, SubscriptionState, SuppressionReason
from tests.make import NOW

LATER = NOW + timedelta(hours=1)
PENDING = Subscription(1, "weekly", SubscriptionState.PENDING, "AAAAAAAAAAA", NOW)


def test_confirming_makes_a_pending_subscription_active() -> None:
    active = confirm(PENDING, LATER)
    assert active == replace(PENDING, state=SubscriptionState.ACTIVE, confirmed_at=LATER)


def test_confirming_twice_keeps_the_first_time() -> None:
    active = confirm(PENDING, NOW)
    assert confirm(active, LATER) is active


def test_confirming_does_not_revive_an_ended_subscription() -> None:
    with pytest.raises(WrongState, match="Subscribe again"):
        confirm(end(confirm(PENDING, NOW), NOW), LATER)


@pytest.mark.parametrize("before", [PENDING, confirm(PENDING, NOW)])
def test_an_opt_out_is_never_refused(before: Subscription) -> None:
    ended = end(before, LATER)
    assert ended.state is SubscriptionState.ENDED
    assert ended.ended_at == LATER
    assert ended.confirmed_at == before.confirmed_at
    assert end(ended, LATER + timedelta(days=1)) is ended


def test_only_active_and_unsuppressed_readers_receive() -> None:
    active = confirm(PENDING, NOW)
    assert may_receive(active, None)
    assert not may_receive(PENDING, None)
    assert not may_receive(end(active, LATER), None)
    assert not any(may_receive(active, reason) for reason in SuppressionReason)
