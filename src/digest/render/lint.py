"""x."""
from digest.render.theme import Marked
def lint(marked: Marked) -> list[str]:
    """x."""
    return []
