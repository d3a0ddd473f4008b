"""The states of a person's consent to one newsletter, and who may be mailed."""

from dataclasses import replace
from datetime import datetime

from digest.errors import WrongState
from digest.model import Subscription, SubscriptionState, SuppressionReason


def confirm(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription made active at `now`; one already active comes back as it is.

    An ended one is not revived: an old confirmation link must not undo an unsubscribe.
    """
    if subscription.state is SubscriptionState.ACTIVE:
        return subscription
    if subscription.state is SubscriptionState.ENDED:
        raise WrongState("This subscription has ended. Subscribe again to get the newsletter.")
    return replace(subscription, state=SubscriptionState.ACTIVE, confirmed_at=now)


def end(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription ended at `now`; ending twice keeps the first time.

    Never refused, whatever the state: an opt-out always wins (promise P3).
    """
    if subscription.state is SubscriptionState.ENDED:
        return subscription
    return replace(subscription, state=SubscriptionState.ENDED, ended_at=now)


def may_receive(subscription: Subscription, suppressed: SuppressionReason | None) -> bool:
    """Say whether an edition may go out: consent is active and the address not suppressed."""
    return subscription.state is SubscriptionState.ACTIVE and suppressed is None
