"""What programs send to the API; a field there is not is refused (T7)."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, IPvAnyAddress


def _near(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2100:
        raise ValueError("must be between 2000 and 2100")
    return value.astimezone(UTC)


#: Without line ends and other controls; a NUL cannot be stored.
_VISIBLE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, Field(max_length=500, pattern=_VISIBLE)]
Url = Annotated[str, Field(max_length=2000, pattern=r"^https?://[!-~]+$")]
Email = Annotated[str, Field(max_length=254, pattern=_VISIBLE)]
Slug = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Name = Annotated[str, Field(max_length=60, pattern=_VISIBLE)]
Instant = Annotated[AwareDatetime, AfterValidator(_near)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArticleIn(_Body):
    """An article; one with a known address is updated."""

    url: Url
    title: Annotated[Line, Field(min_length=1)]
    author: Line = ""
    author_bio: Annotated[str, Field(max_length=2000)] = ""
    summary: Annotated[str, Field(max_length=5000)] = ""
    content: Annotated[str, Field(max_length=500_000, description="HTML; it is cleaned.")] = ""
    image_url: Url | None = None
    image_caption: Line = ""
    image_alt: Line = ""
    categories: Annotated[list[Name], Field(max_length=20)] = []
    published_at: Instant | None = None
    updated_at: Instant | None = None
    language: Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z0-9-]*$")] = ""
    featured: bool = False
    sponsored: bool = False
    guid: Line = ""


class ArticlesIn(_Body):
    """Articles from a CMS."""

    articles: Annotated[list[ArticleIn], Field(min_length=1, max_length=100)]


class ArticleEdit(_Body):
    """What an editor decided of an article."""

    hidden: bool | None = None
    boost: Annotated[float, Field(ge=-50, le=50)] | None = None


class SubscriberIn(_Body):
    """A person who wants a newsletter: they get a mail and must confirm."""

    email: Email
    newsletter: Slug
    words: Annotated[Line, Field(description="What they agreed to, as your form says it.")] = ""
    ip: Annotated[IPvAnyAddress | None, Field(description="Theirs, for limits.")] = None


class Unsubscribe(_Body):
    """Which newsletter somebody no longer gets."""

    newsletter: Annotated[Slug | None, Field(description="None: every one.")] = None


class Build(_Body):
    """Which edition is built."""

    newsletter: Slug
    at: Annotated[Instant | None, Field(description="None: the next slot.")] = None


class Why(_Body):
    """Why an edition is stopped."""

    reason: Annotated[str, Field(max_length=200, pattern=_VISIBLE)] = ""


class PlacementIn(_Body):
    """A sponsor's text and the days it runs, both inclusive."""

    sponsor: Annotated[str, Field(min_length=1, max_length=60, pattern=_VISIBLE)]
    title: Annotated[str, Field(min_length=1, max_length=100, pattern=_VISIBLE)]
    text: Annotated[str, Field(min_length=1, max_length=300, pattern=_VISIBLE)]
    url: Annotated[str, Field(max_length=2000, pattern=r"^https://[!-~]+$")]
    button: Annotated[str, Field(max_length=30, pattern=_VISIBLE)] = ""
    newsletter: Annotated[Slug | None, Field(description="None: every one.")] = None
    starts_on: date | None = None
    ends_on: date | None = None


class Pushed(BaseModel):
    """What pushing articles did."""

    new: int
    updated: int
    unchanged: int
    refused: list[str]


class Asked(BaseModel):
    """The same for every address: what counts comes to it by mail."""

    status: str = "asked"
