"""Every error this program raises on purpose, in one family."""

from datetime import timedelta


class DigestError(Exception):
    """Something went wrong that a person can act on."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class ConfigError(DigestError):
    """The configuration or a template cannot be used."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class StoreError(DigestError):
    """The database cannot be used."""


class NotFound(DigestError):
    """There is no such thing."""


class WrongState(DigestError):
    """That is not possible in the present state."""


class NotIn(DigestError):
    """Name, password or code is wrong."""


class TooMany(DigestError):
    """Too many tries: wait a while, then try again."""


class Locked(DigestError):
    """This database is a copy and must not send."""


class InvalidToken(DigestError):
    """This link is not valid or too old."""


class InvalidAddress(DigestError):
    """This is not an e-mail address we can write to."""


class BadFile(DigestError):
    """This file of subscribers cannot be read as it is."""


class BadRow(DigestError):
    """One row of a file of subscribers cannot be used."""


class BadFilter(DigestError):
    """This is no expression that picks subscribers."""


class IngestError(DigestError):
    """A feed or file could not be read."""

    def __init__(self, message: str = "", *, retry_after: timedelta | None = None) -> None:
        #: how long the server asked us to stay away, when it did
        self.retry_after = retry_after
        super().__init__(message)


class RenderError(DigestError):
    """A template cannot be rendered."""


class DeliveryError(DigestError):
    """A server refused one message."""

    def __init__(self, message: str, *, permanent: bool, code: int = 0) -> None:
        self.permanent = permanent
        self.code = code
        super().__init__(message)


class TransportDown(DigestError):
    """Nothing can be sent now."""

    def __init__(self, message: str, *, uncertain: bool = False, lasting: bool = False) -> None:
        #: the message in hand may have been accepted: its final dot went out, no reply came
        self.uncertain = uncertain
        #: the server refuses us, our login or our sender: a person must mend it first
        self.lasting = lasting
        super().__init__(message)
