"""Pictures become small, upright and plain; what is none or a trap is refused."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digest.errors import IngestError
from digest.ingest.shrink import shrink


def a_picture(size: tuple[int, int] = (1600, 900), kind: str = "JPEG", **how: Any) -> bytes:
    """Return a picture with a red left half on noise, which does not compress away."""
    image = Image.effect_noise(size, 60).convert("RGB")
    image.paste("#c00000", (0, 0, size[0] // 2, size[1]))
    output = BytesIO()
    image.save(output, kind, **how)
    return output.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_is_twice_as_wide_as_its_place_and_within_the_budget(kind: str) -> None:
    small = shrink(a_picture(kind=kind), 592, 150_000)
    assert (small.width, small.height) == opened(small.content).size == (1184, 666)
    assert len(small.content) <= 150_000
    assert small.suffix == "jpg"


def test_nothing_is_made_larger_than_it_was() -> None:
    assert shrink(a_picture((300, 200)), 592, 150_000).width == 300


def test_the_same_bytes_come_out_each_time() -> None:
    given_bytes = a_picture()
    assert shrink(given_bytes, 592, 90_000) == shrink(given_bytes, 592, 90_000)


def test_a_drawing_stays_without_loss_and_transparent() -> None:
    image = Image.new("RGBA", (800, 400), (0, 0, 0, 0))
    image.paste((200, 0, 0, 255), (100, 100, 300, 300))
    output = BytesIO()
    image.save(output, "PNG")
    small = shrink(output.getvalue(), 592, 150_000)
    assert small.suffix == "png"
    assert opened(small.content).getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_picture_too_rich_for_the_budget_loses_pixels_too() -> None:
    small = shrink(a_picture((2400, 1600), "PNG"), 592, 60_000)
    assert len(small.content) <= 60_000
    assert small.width < 1184


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(IngestError, match="does not fit in 2,000 bytes"):
        shrink(a_picture(), 592, 2_000)


@pytest.mark.parametrize(("turned", "corner"), [(1, "left"), (3, "right"), (6, "top"), (8, "low")])
def test_a_camera_held_sideways_gives_an_upright_picture(turned: int, corner: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    small = shrink(a_picture((400, 300), exif=exif.tobytes()), 200, 150_000)
    image = opened(small.content).convert("RGB")
    wide, high = image.size
    assert (wide > high) is (turned in (1, 3))
    spot = {"left": (5, high // 2), "right": (wide - 5, high // 2),
            "top": (wide // 2, 5), "low": (wide // 2, high - 5)}[corner]  # fmt: skip
    red, green, _ = image.getpixel(spot)  # type: ignore[misc]
    assert red > 2 * green


def test_what_the_camera_wrote_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 52.5 N 13.4 E"
    given_bytes = a_picture(exif=exif.tobytes(), comment=b"secret", icc_profile=b"secret")
    small = shrink(given_bytes, 592, 150_000)
    assert b"taken at home" in given_bytes
    assert b"secret" in given_bytes
    assert b"taken" not in small.content
    assert b"secret" not in small.content
    assert not opened(small.content).getexif()


def test_a_tall_picture_is_cut_to_the_shape_of_its_place() -> None:
    small = shrink(a_picture((600, 1200)), 120, 150_000, 4 / 3)
    assert (small.width, small.height) == (240, 180)


def test_a_moving_picture_becomes_its_first_frame() -> None:
    frames = [Image.new("RGB", (400, 300), colour) for colour in ("#c00000", "#0000c0")]
    output = BytesIO()
    frames[0].save(output, "GIF", save_all=True, append_images=frames[1:])
    small = shrink(output.getvalue(), 200, 150_000)
    red, _, blue = opened(small.content).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
    assert red > blue


def a_bomb(side: int) -> bytes:
    """Return a tiny PNG that says it unpacks to a huge one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 12_000, 50_000, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(IngestError):
        shrink(a_bomb(side), 592, 150_000)


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"%PDF-1.4", b"II*\0",
     a_picture(kind="TIFF"), a_picture(kind="BMP"), a_picture()[:500]],
)  # fmt: skip
def test_what_is_no_picture_we_show_is_refused(content: bytes) -> None:
    with pytest.raises(IngestError):
        shrink(content, 592, 150_000)


@settings(deadline=None, max_examples=60)
@given(st.integers(8, 1000), st.binary(min_size=1, max_size=20), st.sampled_from(["JPEG", "PNG"]))
def test_a_damaged_picture_is_refused_or_shown_and_nothing_else(
    at: int, damage: bytes, kind: str
) -> None:
    content = a_picture((60, 40), kind)
    at = min(at, len(content))
    try:
        small = shrink(content[:at] + damage + content[at + len(damage) :], 20, 150_000)
    except IngestError:
        return
    assert opened(small.content).size == (small.width, small.height)
