"""Make a picture as small as its place in a mail needs; run apart: its bytes may be hostile."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from digest.errors import IngestError

_READ = ("JPEG", "PNG", "GIF", "WEBP")
_PIXELS = 50_000_000  #: a picture of more is refused before it is unpacked
_SHARP = 2  #: pixels of the file for one of the layout
_QUALITIES = (85, 78, 70, 60, 50)
_SHARES = (1, 0.75, 0.5)  #: of the pixels, when no quality is small enough
_UPPER = (0.5, 0.33)  #: what a cut keeps in its middle: faces are rarely at the bottom


@dataclass(frozen=True, slots=True)
class Small:
    """A picture made small: JPEG, or PNG when it is drawn; no metadata."""

    content: bytes
    suffix: str
    width: int
    height: int


def shrink(content: bytes, width: int, most: int, shape: float = 0) -> Small:
    """Return a picture for a place of `width` pixels in at most `most` bytes, twice as sharp.

    With `shape`, width by height, it is cut to that. Of a moving picture the first frame stays.
    IngestError when it cannot be read, is too large, or does not fit.
    """
    image = _read(content, width)
    if shape:
        image = ImageOps.fit(image, _size_of(image, shape), centering=_UPPER)
    for share in _SHARES:
        sized = _narrowed(image, round(width * _SHARP * share))
        for suffix, tried in _written(sized):
            if len(tried) <= most:
                return Small(tried, suffix, *sized.size)
    raise IngestError(f"the picture does not fit in {most:,} bytes")


def _read(content: bytes, width: int) -> Image.Image:
    """Return the pixels upright, in RGB or RGBA, or in the few colours of a drawing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit is our own
            image = Image.open(BytesIO(content), formats=_READ)
            if image.width * image.height > _PIXELS:
                raise IngestError(f"the picture has more than {_PIXELS:,} pixels")
            image.draft("RGB", (width * _SHARP, width * _SHARP))
            return _plain(ImageOps.exif_transpose(image))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise IngestError("is no JPEG, PNG, GIF or WebP picture that can be read") from exc


def _plain(image: Image.Image) -> Image.Image:
    """Return an image in the colours of screens, without anything that came with it."""
    drawn = image.mode in ("1", "L", "P") or image.has_transparency_data
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError):  # a broken profile: the colours as they are
            given, screen = (
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
            )
            image = ImageCms.profileToProfile(image, given, screen, outputMode="RGB") or image
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.info = {"drawn": drawn}
    return image


def _size_of(image: Image.Image, shape: float) -> tuple[int, int]:
    """Return the largest size of a shape inside an image."""
    wide = min(image.width, round(image.height * shape))
    return max(1, wide), max(1, round(wide / shape))


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)


def _written(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield the file in ever fewer bytes; a drawing first without loss."""
    if image.info.get("drawn"):
        yield "png", _saved(image, "PNG", optimize=True)
    if image.mode == "RGBA":
        ground = Image.new("RGB", image.size, "#ffffff")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    for quality in _QUALITIES:
        yield "jpg", _saved(image, "JPEG", quality=quality, optimize=True, progressive=True)


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    output = BytesIO()
    bare = image.copy()
    bare.info = {}  # a comment or profile would be written again
    bare.save(output, kind, **how)
    return output.getvalue()
