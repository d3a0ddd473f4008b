"""The states of a person's consent to one newsletter, and who may be mailed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from digest.errors import WrongState
from digest.model import Incoming, Outcome, Subscription, SubscriptionState, SuppressionReason

PENDING_FOR = timedelta(days=7)  #: who has not confirmed by then is forgotten
RETURN_FOR = timedelta(days=30)  #: an unsubscribe can be taken back by its reader
UNDO_FOR = timedelta(days=30)  #: an import can be taken back


def confirm(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription made active at `now`; one already active comes back as it is.

    An ended one is not revived: an old confirmation link must not undo an unsubscribe.
    """
    if subscription.state is SubscriptionState.ACTIVE:
        return subscription
    if subscription.state is SubscriptionState.ENDED:
        raise WrongState("This subscription has ended. Subscribe again to get the newsletter.")
    return replace(
        subscription,
        state=SubscriptionState.ACTIVE,
        confirmed_at=now,
        ended_at=None,
        asked_at=None,
    )


def ask(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription waiting for their word; that they once left stays known."""
    return replace(subscription, state=SubscriptionState.PENDING, asked_at=now)


def end(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription ended at `now`; ending twice keeps the first time.

    Never refused, whatever the state: an opt-out always wins (promise P3).
    """
    if subscription.state is SubscriptionState.ENDED:
        return subscription
    return replace(subscription, state=SubscriptionState.ENDED, ended_at=now, asked_at=None)


def resume(subscription: Subscription, now: datetime) -> Subscription:
    """Return a subscription its reader ended taken up again, as it was; WrongState after a month.

    For who unsubscribed by mistake, or whose forwarded mail somebody else unsubscribed.
    """
    if subscription.state is SubscriptionState.ACTIVE:
        return subscription
    left, was = subscription.ended_at, subscription.confirmed_at
    if subscription.state is not SubscriptionState.ENDED or not left or not was:
        raise WrongState("This subscription was not ended here. Subscribe again.")
    if now - left > RETURN_FOR:
        raise WrongState("That is too long ago. Subscribe again to get the newsletter.")
    return replace(subscription, state=SubscriptionState.ACTIVE, ended_at=None)


def may_receive(subscription: Subscription, suppressed: SuppressionReason | None) -> bool:
    """Say whether an edition may go out: consent is active and the address not suppressed."""
    return subscription.state is SubscriptionState.ACTIVE and suppressed is None


def state_of(row: Incoming, consented: bool) -> SubscriptionState:  # noqa: FBT001
    """Return the state a row of a file asks for.

    Who has left is out. Who is in is active only on a stated basis or on evidence in the row.
    """
    if row.suppressed or row.state is SubscriptionState.ENDED:
        return SubscriptionState.ENDED
    if row.state is not SubscriptionState.PENDING and (consented or row.confirmed_at):
        return SubscriptionState.ACTIVE
    return SubscriptionState.PENDING


@dataclass(frozen=True, slots=True)
class Known:
    """How an address that a file brings stands on the list."""

    subscription: Subscription | None  #: to the newsletter of the import
    left: bool = False  #: they ended a subscription and have no other
    suppressed: SuppressionReason | None = None


def admit(known: Known, wanted: SubscriptionState) -> tuple[Outcome, SubscriptionState | None]:
    """Return what becomes of a row about somebody known, and the state to write, if any.

    A file may take people out; it brings nobody back: who left, or was asked since whether they
    come back, can only confirm it themselves.
    """
    mine = known.subscription
    now = mine.state if mine else None
    if wanted is SubscriptionState.ENDED:
        if now is SubscriptionState.ENDED:
            return Outcome.UNCHANGED, None
        return (Outcome.ENDED if mine else Outcome.KEPT_OUT), SubscriptionState.ENDED
    if known.suppressed:
        return Outcome.SUPPRESSED, None
    if known.left or (mine and (now is SubscriptionState.ENDED or mine.ended_at)):
        return Outcome.KEPT_OUT, None
    if mine is None or (wanted is SubscriptionState.ACTIVE and now is SubscriptionState.PENDING):
        return Outcome.UPDATED, wanted
    return Outcome.UNCHANGED, None


def cut_ip(text: str, six: int = 48) -> str:
    """Return the network of an address, /24 or /48: evidence enough; "" when it is none.

    Limits count by `six` 64: what one customer of a provider has.
    """
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{24 if address.version == 4 else six}", strict=False))
