"""Hand messages to Amazon SES, one signed request each (SES v2, raw content)."""

from typing import Any

from digest.deliver.transports.base import check_fit
from digest.errors import ConfigError, DeliveryError, TransportDown
from digest.model import Message, Receipt
from digest.settings.tables import Mail, Ses

_CONNECT, _ANSWER = 30, 600  #: seconds; less for the answer makes copies
_LATER = ("TooManyRequestsException", "Throttling", "ThrottlingException")
_WAIT = ("LimitExceededException", "ServiceUnavailable", "ServiceUnavailableException")
_REFUSED = ("MessageRejected", "BadRequestException", "ValidationException")


class SesTransport:
    """A client of one region; SES writes a Message-ID of its own and knows no second copy."""

    def __init__(self, settings: Ses) -> None:
        self._settings = settings
        self._client: Any = None

    def send(self, message: Message) -> Receipt:
        """Hand one message over; without an answer nobody knows whether it was taken."""
        from botocore import exceptions as known

        check_fit(message)
        try:
            said = self._opened().send_email(**self._request(message))
        except known.ClientError as error:
            raise _refusal(error.response) from error
        except (known.ReadTimeoutError, known.ConnectionClosedError) as error:
            raise TransportDown(f"no answer from SES: {error}", uncertain=True) from error
        except known.ParamValidationError as error:
            raise DeliveryError(f"not sent: {error}", permanent=True) from error
        except (known.NoCredentialsError, known.NoRegionError) as error:
            raise TransportDown(f"SES: {error}", lasting=True) from error
        except known.BotoCoreError as error:
            raise TransportDown(f"cannot reach SES: {error}") from error
        return Receipt(f"SES took it as {said['MessageId']}")

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> Any:
        """Return the client; its keys come from where every program of AWS looks for them."""
        if self._client is None:
            from botocore.config import Config
            from botocore.session import Session

            once = Config(
                connect_timeout=_CONNECT,
                read_timeout=_ANSWER,
                retries={"total_max_attempts": 1},  # the ledger decides when to try again
            )
            given = {"endpoint_url": self._settings.endpoint_url or None, "config": once}
            region = self._settings.region or None
            self._client = Session().create_client("sesv2", region_name=region, **given)
        return self._client

    def _request(self, message: Message) -> dict[str, Any]:
        request: dict[str, Any] = {
            "Destination": {"ToAddresses": [message.recipient]},
            "FeedbackForwardingEmailAddress": message.sender,
            "Content": {"Raw": {"Data": message.content}},
        }
        if self._settings.configuration_set:
            request["ConfigurationSetName"] = self._settings.configuration_set
        return request


def open_ses(mail: Mail) -> SesTransport:
    """Return a transport for SES; ConfigError without the extra."""
    try:
        import botocore  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(
            "mail.transport: SES needs the extra: pip install 'digest[ses]'"
        ) from error
    return SesTransport(mail.ses)


def _refusal(response: dict[str, Any]) -> DeliveryError | TransportDown:
    """Return what an answer means: for this message, for a while, or until a person mends it."""
    name = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = f"{name}: {response.get('Error', {}).get('Message', '')}"[:500]
    if name in _REFUSED:
        return DeliveryError(said, permanent=True, code=554)
    if name in _LATER:
        return DeliveryError(said, permanent=False, code=450)
    if name in _WAIT:
        return TransportDown(said)
    if status >= 500:  # it may have been taken before that
        return TransportDown(said, uncertain=True)
    return TransportDown(said, lasting=True)
