"""How a newsletter chooses: weights, caps, and what an outlet measured of itself."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from digest.settings.values import Table


class Ranking(Table):
    """Weights and caps; weights left out keep their default."""

    weights: dict[str, float] = {}
    per_author: Annotated[int, Field(ge=1)] = 2
    per_outlet: Annotated[int, Field(ge=1)] = 2
    per_category: Annotated[int, Field(ge=1)] = 3
    already_sent: Annotated[int, Field(ge=0, le=52)] = 4
    section_weights: dict[str, float] = {}
    growth: tuple[tuple[float, float], ...] = ()
    categories: dict[str, tuple[Annotated[str, Field(min_length=2)], ...]] = {}

    @model_validator(mode="after")
    def _finite(self) -> Self:
        for name, weight in self.weights.items():
            if not 0 <= weight <= 100:
                raise ValueError(f"weights.{name}: {weight} is not between 0 and 100")
        for name, points in self.section_weights.items():
            if not -100 <= points <= 100:
                raise ValueError(f"section_weights.{name}: {points} is not between -100 and 100")
        for (hours, more), (later, less) in pairwise(self.growth):
            if not (0 <= hours < later and more >= less >= 0):
                raise ValueError(f"growth: [{later}, {less}] after [{hours}, {more}]: not falling")
        return self
