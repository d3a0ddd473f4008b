"""Where themes lie: each is a folder of files that come before the usual ones."""

from pathlib import Path

DEFAULT = "default"  #: the usual files themselves


def default_theme() -> Path:
    """Return the folder of the templates that come with the program."""
    packed = Path(__file__).parents[1] / "_templates" / "email"
    return packed if packed.is_dir() else Path(__file__).parents[3] / "templates" / "email"


def folders_of(folders: tuple[Path, ...], theme: str) -> tuple[Path, ...]:
    """Return where a theme's files are searched: its own in every folder, then the usual ones."""
    own = (folder / "themes" / theme for folder in folders)
    return (*(folder for folder in own if folder.is_dir()), *folders)


def known_themes(folders: tuple[Path, ...]) -> list[str]:
    """Return the names a config may give."""
    found = {path.name for folder in folders for path in folder.glob("themes/*") if path.is_dir()}
    return sorted(found | {DEFAULT})
