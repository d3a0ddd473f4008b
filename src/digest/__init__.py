"""Build a newsletter digest: rank stored articles, render the edition, send it once."""

__version__ = "0.1.0"
