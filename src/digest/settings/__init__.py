"""Settings: config.toml and the environment, as one frozen value.

Settings say how the program runs; feeds, articles and subscribers are data and live in the
database.
"""

from digest.settings.load import Located, example_config, load_settings
from digest.settings.ranking import Ranking
from digest.settings.tables import (
    Fetch,
    Mail,
    Newsletter,
    Notices,
    Publication,
    SectionRule,
    Settings,
    Smtp,
    Web,
)
from digest.settings.theme import Theme

__all__ = [
    "Fetch",
    "Located",
    "Mail",
    "Newsletter",
    "Notices",
    "Publication",
    "Ranking",
    "SectionRule",
    "Settings",
    "Smtp",
    "Theme",
    "Web",
    "example_config",
    "load_settings",
]
