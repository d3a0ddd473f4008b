"""The explanation as one HTML page: a bar chart for each story, no script, nothing fetched."""

from html import escape

from digest.explain.told import decisions, left_reason, section_stories, window_line
from digest.model import MICRO, Edition, LeftOut, Part, PlacedStory

#: Text and bars keep 4.5:1 and 3:1 on their grounds (WCAG 2.2, 1.4.3 and 1.4.11).
_STYLE = """
:root { color-scheme: light dark; --page: #f6f5f2; --card: #fff; --ink: #1b1b1b; --soft: #575757;
  --line: #d9d6cf; --bar: #1f5fa8; --less: #a8431f; --track: #ecebe6 }
@media (prefers-color-scheme: dark) { :root { --page: #141414; --card: #1e1e1e; --ink: #eee;
  --soft: #b0b0b0; --line: #3a3a3a; --bar: #6aa9ee; --less: #f0906c; --track: #2b2b2b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }
main { max-width: 760px; margin: 0 auto; padding: 24px 16px 64px }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px }
h2 { font-size: 14px; letter-spacing: .06em; text-transform: uppercase; margin: 40px 0 12px }
h3 { font-size: 18px; line-height: 1.3; margin: 0; overflow-wrap: anywhere }
p { margin: 0 } .soft { color: var(--soft); font-size: 14px }
a { color: inherit; text-underline-offset: 3px }
article { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 16px; margin: 0 0 12px }
article header { display: flex; gap: 12px; margin: 0 0 12px }
header > div { flex: 1; min-width: 0 }
.place { font-size: 22px; line-height: 1.1; font-weight: 700; min-width: 1em }
header > .score { flex: none; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums }
.score b { font-size: 18px; display: block; line-height: 1.3 }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th, td { text-align: left; padding: 2px 0; vertical-align: top; font-weight: 400;
  font-size: 14px; line-height: 1.4 }
th { width: 82px } td.n { width: 62px; text-align: right;
  font-variant-numeric: tabular-nums; padding-right: 10px }
svg { display: block; width: 100%; height: 12px; margin-top: 5px; background: var(--track);
  border-radius: 2px } .more { fill: var(--bar) } .less { fill: var(--less) }
.zero { stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke }
ul { list-style: none; margin: 0; padding: 0 }
li { border-top: 1px solid var(--line); padding: 8px 0; overflow-wrap: anywhere }
.mark { display: inline-block; border: 1px solid currentColor; border-radius: 3px;
  padding: 0 6px; font-size: 12px; margin-left: 6px }
"""


def as_html(edition: Edition) -> str:
    """Return the whole explanation as a self-contained page."""
    widest = _widest(edition)
    parts = [f"<p class=soft>{escape(_sentence(window_line(edition)))}</p>"]
    heading = ""
    for section, placed in section_stories(edition):
        if section != heading:
            heading = section
            parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append(_story(placed, widest))
    if edition.overrides:
        rows = "".join(_item(*one) for one in decisions(edition))
        parts.append(f"<h2>By hand</h2><ul>{rows}</ul>")
    rows = "".join(_left(edition, left) for left in edition.left_out)
    parts.append(f"<h2>Left out</h2><ul>{rows or '<li>Nothing.</li>'}</ul>")
    title = escape(f"Why: {edition.key}")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f"<main>\n<h1>{escape(edition.subject)}</h1>\n"
        f"<p class=soft>{escape(edition.key)}, {edition.state.value}</p>\n"
        + "\n".join(parts)
        + "\n</main>\n</html>\n"
    )


def _widest(edition: Edition) -> tuple[int, int]:
    """Return the least and the greatest contribution: every chart has the same scale."""
    micros = [part.micro for placed in edition.stories for part in placed.ranked.parts]
    return min([0, *micros]), max([MICRO, *micros])


def _story(placed: PlacedStory, widest: tuple[int, int]) -> str:
    lead = placed.lead
    mark = "<span class=mark>update</span>" if placed.update else ""
    bars = "".join(_bar(part, widest) for part in placed.ranked.telling)
    rule = f"in {placed.category}: {lead.category_by}" if lead.category_by else ""
    notes = "".join(f"<p class=soft>{escape(_sentence(n))}</p>" for n in (placed.note, rule) if n)
    others = len(placed.ranked.story.others)
    told = f", told by {others + 1} articles" if others else ""
    spoken = f' lang="{escape(lead.language)}"' if lead.language else ""
    by = ", ".join(filter(None, (lead.outlet, lead.author, placed.category)))
    return (
        f"<article><header><span class=place>{placed.place}</span><div>"
        f'<h3><a href="{escape(lead.url)}"{spoken}>{escape(lead.title)}</a>{mark}</h3>'
        f"<p class=soft>{escape(by)}{told}<br>{escape(lead.id)}</p></div>"
        f"<div class=score><b>{_points(placed.ranked.score)}</b>"
        f"<span class=soft>points</span></div></header>"
        f"<table>{bars}</table>{notes}</article>"
    )


def _bar(part: Part, widest: tuple[int, int]) -> str:
    """Draw one contribution from zero, to the right or, when it takes away, to the left."""
    least, most = widest
    span = most - least
    zero = -100 * least / span
    width = 100 * abs(part.micro) / span
    start = zero - width if part.micro < 0 else zero
    kind = "less" if part.micro < 0 else "more"
    line = f'<path class=zero d="M{zero:.2f} 0V10"/>' if least < 0 else ""
    fact = f"<span class=soft>{escape(part.fact)}</span>" if part.fact else ""
    return (
        f"<tr><th scope=row>{escape(part.signal)}<td class=n>{_points(part.micro)}<td>"
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class={kind} x="{start:.2f}" width="{width:.2f}" height="10"/>{line}</svg>{fact}'
    )


def _left(edition: Edition, left: LeftOut) -> str:
    score = f", {_points(left.score)} points" if left.score else ""
    reason = _sentence(left_reason(edition, left))
    return _item(left.title, f"{reason} ({left.article_id}{score})")


def _item(about: str, told: str) -> str:
    return f"<li>{escape(about)}<br><span class=soft>{escape(told)}</span></li>"


def _points(micro: int) -> str:
    return f"{micro / MICRO:.2f}".replace("-", "\N{MINUS SIGN}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
