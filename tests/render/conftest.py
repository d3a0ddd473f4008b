"""One renderer for all tests of this folder."""

from collections.abc import Iterator

import pytest

from digest.render import Renderer


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.close()
