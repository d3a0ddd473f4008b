"""The ways out: every transport, by the name it has in the settings."""

from collections.abc import Callable, Mapping

from digest.deliver.lanes import Lanes, Loop, PlainLanes
from digest.deliver.smtp.lanes import SmtpLanes
from digest.deliver.transports.base import Transport
from digest.deliver.transports.folder import open_folder
from digest.deliver.transports.memory import open_memory
from digest.deliver.transports.ses import open_ses
from digest.deliver.transports.smtp import dialler, open_smtp
from digest.settings.tables import Mail

#: Each call opens one transport with at most one connection; nothing is connected before `send`.
TRANSPORTS: Mapping[str, Callable[[Mail], Transport]] = {
    "smtp": open_smtp,
    "folder": open_folder,
    "memory": open_memory,
    "ses": open_ses,
}


def lanes_for(mail: Mail, loop: Loop) -> Lanes:
    """Return the ways out for many messages at once over the transport of the settings."""
    if mail.transport == "smtp":
        return SmtpLanes(loop, dialler(mail), mail.connections)
    return PlainLanes(loop, lambda: TRANSPORTS[mail.transport](mail), mail.connections)
