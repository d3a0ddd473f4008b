"""What every table of config.toml shares."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A frozen table that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
