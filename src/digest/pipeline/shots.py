"""Pictures of a preview as readers see it: wide and narrow, light and dark, stripped of things."""

import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageChops

from digest.errors import NotFound, RenderError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 60
_TALL = 12_000  #: pixels; what is below the mail is cut off
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_LIGHT, _DARK = "preferredColorScheme=1", "preferredColorScheme=0"


@dataclass(frozen=True, slots=True)
class _Shot:
    """One way to look at a mail."""

    name: str
    width: int
    setting: str = _LIGHT  #: of the engine
    styled: bool = True
    pictures: bool = True
    schemes: bool = True  #: knows colour schemes; Gmail does not, and turns colours round itself


_WAYS = {
    "light": {},
    "dark": {"setting": _DARK},
    "forced-dark": {"setting": f"{_LIGHT},forceDarkModeEnabled=true", "schemes": False},
    "no-images": {"pictures": False},
    "no-styles": {"styled": False},
}


def take_shots(page: Path, out: Path) -> list[Path]:
    """Write one PNG for each way to look at `page`; NotFound when there is no Chromium."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise NotFound(f"there is no Chromium to take pictures with; tried {', '.join(_BROWSERS)}")
    out.mkdir(parents=True, exist_ok=True)
    html = page.read_text(encoding="utf-8")
    shots = [
        _Shot(f"{width}-{name}", width, **given)  # type: ignore[arg-type]
        for width in (640, 375)
        for name, given in _WAYS.items()
    ]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda shot: _take(browser, html, page.parent, shot, out), shots))


def _take(browser: str, html: str, beside: Path, shot: _Shot, out: Path) -> Path:
    target = (out / f"{shot.name}.png").absolute()
    with tempfile.TemporaryDirectory(prefix="digest-shot-") as folder:
        frame = Path(folder) / "frame.html"
        frame.write_text(_framed(html, beside, shot), encoding="utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={folder}/profile"]
        command += [f"--blink-settings={shot.setting}", f"--window-size={shot.width + 300},{_TALL}"]
        command += [f"--screenshot={target}", frame.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise RenderError(f"{browser} took no picture of {shot.name}: {error}") from error
    _crop(target, shot.width)
    return target


def _framed(html: str, beside: Path, shot: _Shot) -> str:
    """Return a page that shows the mail in a frame of its width: windows cannot be that narrow."""
    if not shot.styled:
        html = re.sub(r"(?s)<style.*?</style>", "", html)
    if not shot.pictures:
        html = re.sub(r"(<img\b[^>]*?\ssrc=)\"[^\"]*\"", r"\1\"data:,\"", html)
    if not shot.schemes:
        html = html.replace("color-scheme", "unknown")
    based = html.replace("<head>", f'<head><base href="{beside.absolute().as_uri()}/">', 1)
    known = '<meta name="color-scheme" content="light dark">' if shot.schemes else ""
    return (
        f"<!doctype html>{known}"
        "<style>body{margin:0}iframe{border:0;display:block}</style>"
        f'<iframe width="{shot.width}" height="{_TALL}" srcdoc="{escape(based)}"></iframe>'
    )


def _crop(path: Path, width: int) -> None:
    """Cut off what lies beside and below the mail."""
    with Image.open(path) as whole:
        picture = whole.convert("RGB").crop((0, 0, width, whole.height))
    ground = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, ground).getbbox()
    picture.crop((0, 0, width, min(picture.height, (box[3] if box else 0) + 24))).save(path)
