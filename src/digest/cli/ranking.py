"""`digest ranking`."""

from typing import Any

import typer

from digest.cli.common import Json, counted, group, opened, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    ranking = group(app, "ranking", "How stories are chosen.")
    ranking.command("refit")(refit)
    ranking.command("backtest")(backtest)


def refit(
    context: typer.Context,
    newsletter: str = typer.Argument("", help="Its name; may be left out when there is one."),
    as_json: bool = Json,
) -> None:
    """Estimate how counts grow here, and what outlets and authors usually get."""
    from digest.pipeline import refit_ranking

    with opened(context) as app:
        found = refit_ranking(app, newsletter or next(iter(app.settings.newsletters)))
    if as_json:
        print_json(_refitted(found))
        return
    print(f"{counted(found.articles, 'article')} counted both young and after two days")
    for point in found.points:
        print(f"  {point.hours:>4g} h  growth {point.growth:.3f}  ({point.articles} articles)")
    for kind, names in (("outlet", found.usual.outlets), ("author", found.usual.authors)):
        for name, above in sorted(names.items(), key=lambda entry: (-entry[1], entry[0]))[:5]:
            print(f"  {kind} {name}: {above:+.2f} points")
    points = ", ".join(f"[{point.hours:g}, {point.growth:g}]" for point in found.points)
    last = ", [48, 0]"
    print(f"\nfor [newsletters.NAME.ranking] of your config:\ngrowth = [{points}{last}]")


def _refitted(found: Any) -> dict[str, Any]:
    points = [{"hours": p.hours, "growth": p.growth, "articles": p.articles} for p in found.points]
    usual = {"outlets": dict(found.usual.outlets), "authors": dict(found.usual.authors)}
    return {"articles": found.articles, "growth": points, **usual}


def backtest(
    context: typer.Context,
    newsletter: str = typer.Argument("", help="Its name; may be left out when there is one."),
    weeks: int = typer.Option(4, "--weeks", "-n", min=1, max=52, help="Sent editions to look at."),
    as_json: bool = Json,
) -> None:
    """Show what the present weights choose beside what was sent."""
    from digest import pipeline

    with opened(context) as app:
        found = pipeline.backtest(app, newsletter or next(iter(app.settings.newsletters)), weeks)
    if as_json:
        print_json([_replayed(one) for one in found])
        return
    for one in found:
        print(f"{one.sent.key}: {one.kept} of {len(one.sent.top_stories)} top stories the same")
        before = {placed.lead.id for placed in one.sent.top_stories}
        for placed in one.now.top_stories:
            mark = " " if placed.lead.id in before else "+"
            print(f"  {mark} {placed.place:>2}. {placed.lead.title}")
        for placed in one.sent.top_stories:
            if placed.lead.id not in one.top:
                print(f"  - {placed.place:>2}. {placed.lead.title}")
        print()
    if not found:
        print("no edition has been sent yet")


def _replayed(one: Any) -> dict[str, Any]:
    sent = [placed.lead.id for placed in one.sent.top_stories]
    return {"edition": one.sent.key, "kept": one.kept, "sent": sent, "now": one.top}
