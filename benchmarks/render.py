"""How much computing does one 40-story variant take, step by step, and beside npm mjml 4.18?

Computing time of all processes and threads together: a busy machine changes it little. Warm:
everything has run before. The reference needs Node and a folder with `npm install mjml@4.18` in it,
named by DIGEST_MJML_JS; it renders the same source in one process. Then the structure of its HTML
is compared with ours too: conditional comments opened, attributes, styles and rules sorted.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mjml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.make import a_placed, an_edition, an_image  # noqa: E402
from tests.render.editions import (  # noqa: E402
    BASE,
    TITLE,
    a_publication,
    a_section,
    two_placements,
)

from digest.render import Renderer  # noqa: E402
from digest.render.isolated import Isolated  # noqa: E402
from digest.render.lint import lint  # noqa: E402
from digest.render.press import Job, Press, merge_conditions  # noqa: E402
from digest.settings import Theme  # noqa: E402

BATCHES, RUNS = 6, 40
_REFERENCE = """
const fs = require('fs');
const mjml = require(process.argv[2] + '/node_modules/mjml');
const source = fs.readFileSync(process.argv[3], 'utf8');
let html = '', ms = Infinity;
for (let batch = 0; batch < 2 * BATCHES; batch++) {
  const begin = process.cpuUsage();
  for (let n = 0; n < RUNS; n++) html = mjml(source).html;
  const spent = process.cpuUsage(begin);
  ms = Math.min(ms, (spent.user + spent.system) / 1000 / RUNS);
}
const version = require(process.argv[2] + '/node_modules/mjml/package.json').version;
console.log(JSON.stringify({ version, ms, html }));
""".replace("RUNS", str(RUNS)).replace("BATCHES", str(BATCHES))


def milliseconds(step: Callable[[], object], pid: int = 0) -> float:
    """Return the computing time of a warm step, its best batch, with that of the process `pid`."""
    return min(_batch(step, pid) for _ in range(BATCHES))


def _batch(step: Callable[[], object], pid: int) -> float:
    begin = time.process_time() + _computed(pid)
    for _ in range(RUNS):
        step()
    return (time.process_time() + _computed(pid) - begin) * 1000 / RUNS


def _computed(pid: int) -> float:
    """Return the seconds a process has computed, as Linux counts them."""
    if not pid:
        return 0
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def a_job() -> Job:
    """Return the job the renderer gives its worker for 40 stories and two placements."""
    top = tuple(
        a_placed(
            n,
            f"A headline of the usual length about matter number {n}, which went on",
            image=an_image() if n < 5 else None,
            author_bio="Ada Berg covers ports and the people who work there.",
            url=f"https://news.example/2026/11/23/a-slug-of-the-usual-length-{n}/",
        )
        for n in range(1, 11)
    )
    names = ("World", "Science", "Culture", "Business", "Sport", "Climate")
    sections = tuple(a_section(name, 5) for name in names)
    edition = an_edition(top_stories=top, sections=sections, placements=two_placements())
    assert len(edition.stories) == 40
    return _caught(edition)


def _caught(edition: Any) -> Job:
    jobs: list[Job] = []
    renderer = Renderer()
    make = renderer._isolated.mail  # noqa: SLF001 - the job is what is measured

    def keep(job: Job) -> Any:
        jobs.append(job)
        return make(job)

    renderer._isolated.mail = keep  # type: ignore[method-assign]  # noqa: SLF001
    renderer.render_edition(edition, a_publication(), TITLE, BASE, Theme())
    renderer.close()
    return jobs[0]


def steps(job: Job) -> tuple[dict[str, float], str]:
    """Return the time of each step, and the MJML."""
    press, isolated = Press(), Isolated()
    press.mail(job)
    templates, values = press._open(job)  # noqa: SLF001 - one step at a time
    values["subject"] = "Harbour reopens"
    marked = templates.markup("edition/body.mjml", values)
    raw = mjml.mjml2html(marked.text, fonts={}, disable_comments=True)
    isolated.to_html(marked.text)
    pid = isolated._worker.process.pid  # noqa: SLF001
    taken = {
        "jinja": milliseconds(lambda: templates.markup("edition/body.mjml", values)),
        "lint": milliseconds(lambda: lint(marked)),
        "mjml": milliseconds(lambda: mjml.mjml2html(marked.text, fonts={}, disable_comments=True)),
        "mjml isolated, merged": milliseconds(lambda: isolated.to_html(marked.text), pid),
        "merge": milliseconds(lambda: merge_conditions(raw)),
        "text": milliseconds(lambda: templates.plain("edition/body.txt", values)),
        "chain": milliseconds(lambda: isolated.mail(job), pid),
    }
    isolated.close()
    return taken, marked.text


def reference(source: str) -> dict[str, Any]:
    """Return what npm mjml makes of the same source and how long it takes, or {}."""
    folder, node = os.environ.get("DIGEST_MJML_JS", ""), shutil.which("node")
    if not folder or not node:
        print("no reference: set DIGEST_MJML_JS to a folder with npm mjml 4.18, and install Node")
        return {}
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "run.js").write_text(_REFERENCE)
        (Path(work) / "source.mjml").write_text(source)
        words = [node, f"{work}/run.js", str(Path(folder).resolve()), f"{work}/source.mjml"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class _Shape(HTMLParser):
    """The structure of a page as lines that can be compared."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.lines: list[str] = []
        self.rules: set[str] = set()
        self._in_style = False
        opened = re.sub(r"<!--\[if[^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->", "", html)
        self.feed(re.sub(r"<!--.*?-->", "", opened, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag != "style":
            given = " ".join(f'{k}="{_value(k, v or "")}"' for k, v in sorted(attrs) if v)
            self.lines.append(f"<{tag} {given}>".replace(" >", ">"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # <br/> is <br>

    def handle_endtag(self, tag: str) -> None:
        if tag != "style":
            self.lines.append(f"</{tag}>")
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.rules |= {_tight(rule) for rule in re.findall(r"[^{}]+\{[^{}]*\}", data)}
        elif data.strip():
            self.lines.append(" ".join(data.split()))

    def handle_entityref(self, name: str) -> None:
        self.lines.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.lines.append(f"&#{name};")


def _value(name: str, value: str) -> str:
    if name == "style":
        return ";".join(sorted(_tight(part) for part in value.split(";") if part.strip()))
    return " ".join(sorted(value.split())) if name == "class" else value


def _tight(text: str) -> str:
    return re.sub(r"\s*([:;,{}])\s*", r"\1", " ".join(text.split())).replace(";}", "}").strip()


#: Differences we know, and why they do no harm.
_KNOWN = {
    r'class="[^"]*-outlook"': "only Outlook reads these class names, and no rule of ours does",
    r' vertical-align="middle"': "an attribute no client knows; the style beside it counts",
}


def differences(ours: str, theirs: str) -> Counter[str]:
    """Return what is not the same in the structure of two pages, and how often."""
    one, other = _Shape(ours), _Shape(theirs)
    found = Counter(f"rule only ours: {rule}" for rule in one.rules - other.rules)
    found += Counter(f"rule only theirs: {rule}" for rule in other.rules - one.rules)
    matcher = SequenceMatcher(None, one.lines, other.lines, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            found[_said(" ".join(one.lines[a:b]), " ".join(other.lines[c:d]))] += 1
    return found


def _said(ours: str, theirs: str) -> str:
    for pattern, why in _KNOWN.items():
        if re.sub(pattern, "", ours) == re.sub(pattern, "", theirs):
            return f"known: {why}"
    return f"ours {ours[:400] or 'nothing'} theirs {theirs[:400] or 'nothing'}"


def main() -> None:
    """Print the figures."""
    taken, source = steps(a_job())
    for name, ms in taken.items():
        print(f"{name:22} {ms:6.2f} ms  {ms / taken['chain']:6.0%} of the chain")
    figures: dict[str, Any] = {name: round(ms, 2) for name, ms in taken.items()}
    found = reference(source)
    if found:
        figures |= {
            "reference": found["version"],
            "reference_ms": round(found["ms"], 2),
            "mjml_times_faster": round(found["ms"] / taken["mjml"], 1),
            "chain_times_slower": round(taken["chain"] / found["ms"], 2),
        }
        ours = mjml.mjml2html(source, fonts={}, disable_comments=True)
        apart = differences(ours, found["html"])
        figures["differences_unknown"] = sum(n for why, n in apart.items() if "known:" not in why)
        print(f"npm mjml {found['version']}: {found['ms']:.2f} ms")
        print(f"structure beside the reference: {len(apart)} kinds of difference")
        for why, times in apart.items():
            print(f"  {times} times: {why}")
    print(json.dumps({"render": figures}))


if __name__ == "__main__":
    main()
