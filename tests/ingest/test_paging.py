"""What to ask a WordPress site next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ingest import paging
from tests.make import NOW

POSTS = "https://n.example/wp-json/wp/v2/posts"
EMBED = "_embed=author,wp:featuredmedia,wp:term,replies"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (POSTS, True),
        (POSTS + "/?categories=5", True),
        ("https://n.example/?rest_route=/wp/v2/posts", True),
        ("https://n.example/blog/wp-json/wp/v2/news", True),
        (POSTS + "/17", False),
        ("https://n.example/feed/", False),
        ("https://n.example/wp-json/", False),
    ],
)
def test_a_list_of_posts_is_known_by_its_address(url: str, expected: bool) -> None:
    assert paging.is_posts(url) == expected


def test_all_posts_are_asked_for_first_and_then_those_that_changed() -> None:
    first = paging.first(POSTS + "?categories=5&page=3", None)
    assert first == f"{POSTS}?categories=5&per_page=100&{EMBED}"
    later = paging.first(POSTS, NOW)
    assert later.endswith("&modified_after=2026-11-23T05:30:00Z&orderby=modified")
    assert paging.bare(later) == f"{POSTS}?per_page=100&{EMBED}"


def test_the_api_may_live_behind_a_parameter() -> None:
    url = paging.posts_of("https://n.example/?rest_route=/", tags="7")
    assert url == f"https://n.example/?rest_route=/wp/v2/posts&tags=7&per_page=100&{EMBED}"
    assert paging.is_posts(url)


def test_the_window_is_asked_for_whole() -> None:
    asked = paging.published(POSTS + "?categories=5", NOW)
    assert asked == f"{POSTS}?categories=5&per_page=100&{EMBED}&after=2026-11-23T06:30:00Z"
    assert paging.bare(asked) == f"{POSTS}?categories=5&per_page=100&{EMBED}"


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        (POSTS + "?categories=5", "https://n.example/wp-json/{}?range=last7days&limit=100"),
        (
            "https://n.example/?rest_route=/wp/v2/posts&tags=7",
            "https://n.example/?rest_route=/{}&range=last7days&limit=100",
        ),
    ],
)
def test_the_popular_posts_of_a_site_are_beside_its_posts(posts: str, expected: str) -> None:
    asked = paging.popular(posts)
    assert asked == expected.format("wordpress-popular-posts/v1/popular-posts")


@pytest.mark.parametrize(
    ("page", "given", "offered", "more"),
    [
        (1, 100, 3, True),
        (3, 100, 3, False),
        (1, 40, 0, False),
        (1, 100, 0, True),
        (5, 100, 9, False),
    ],
)
def test_pages_are_asked_for_while_there_are_some_and_at_most_five(
    page: int, given: int, offered: int, more: bool
) -> None:
    asked = paging.first(POSTS, None)
    found = paging.following(asked, page, given=given, offered=offered)
    assert found == (f"{asked}&page={page + 1}" if more else "")


def test_a_site_that_does_not_know_modified_after_is_not_read_whole_again() -> None:
    asked = paging.first(POSTS, NOW)
    old = NOW - timedelta(days=2)
    assert paging.following(asked, 1, given=100, offered=9, since=NOW, oldest=old) == ""
    assert paging.following(asked, 1, given=100, offered=9, since=NOW, oldest=NOW)


@given(
    st.integers(1, 600), st.integers(0, 600), st.integers(0, 9_999), st.sampled_from([None, NOW])
)
def test_asking_ends(per_page: int, given: int, offered: int, since: object) -> None:
    asked = paging.first(f"{POSTS}?per_page={per_page}", since)  # type: ignore[arg-type]
    page = 1
    while asked := paging.following(asked, page, given=given, offered=offered):
        page += 1
    assert page <= paging.PAGES
    assert (page - 1) * per_page < paging.ITEMS
