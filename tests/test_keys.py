"""Keys that programs open the API with."""

import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_key_is_shown_once_listed_by_name_and_revoked(digest: Run) -> None:
    digest("init", ".")
    made = digest("keys", "add", "cms", "--scope", "articles:write", "--scope", "articles:read")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("digest_")
    (key,) = json.loads(digest("keys", "list", "--json").stdout)
    assert key["name"] == "cms"
    assert key["scopes"] == ["articles:write", "articles:read"]
    assert key["revoked_at"] is None
    assert digest("keys", "add", "cms", "--scope", "articles:read").returncode == 1
    assert digest("keys", "add", "x", "--scope", "everything").returncode == 2
    assert digest("keys", "revoke", "cms").returncode == 0
