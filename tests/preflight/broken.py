"""Editions broken on purpose, one thing at a time, each with exactly what must be found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from digest.deliver.head import Head, Recipient
from digest.deliver.message import build, compile_message
from digest.model import Edition, Finding, Rendered, Severity
from digest.preflight import Outside, check
from digest.settings.tables import Publication
from digest.text import TOKEN
from tests.make import NOW, a_placed, a_placement
from tests.render.editions import BASE, TITLE, a_full_edition, a_publication

B, W, N = Severity.BLOCKER, Severity.WARNING, Severity.INFO
Expected = set[tuple[str, Severity]]
Render = Callable[[Edition, Publication], Rendered]
HEAD = Head(
    "Atlas Weekly",
    "weekly@news.example",
    "editor@news.example",
    "weekly@news.example",
    "news.example",
    "weekly",
    TITLE,
    BASE,
    "editor@news.example",
    7,
)
SIGNED = (
    "from:to:subject:date:message-id:mime-version:content-type:reply-to:list-id:"
    "list-unsubscribe:list-unsubscribe-post:feedback-id"
)
#: What the DNS says of a sender who has done everything.
RECORDS = {
    ("news.example", "TXT"): ("v=spf1 include:relay.example ~all", "some-token=1"),
    ("relay.example", "TXT"): ("v=spf1 ip4:192.0.2.0/24 ~all",),
    ("_dmarc.news.example", "TXT"): ("v=DMARC1; p=none; rua=mailto:dmarc@news.example",),
    ("s1._domainkey.news.example", "TXT"): (f"v=DKIM1; k=rsa; p={'A' * 392}",),
    ("news.example", "MX"): ("10 mx.news.example.",),
}


def outside(
    changed: Mapping[tuple[str, str], tuple[str, ...] | None] | None = None, **given: Any
) -> Outside:
    """Answer for the DNS: a sound sender's records with some changed."""
    records: dict[tuple[str, str], tuple[str, ...] | None] = {**RECORDS, **(changed or {})}
    values: dict[str, Any] = {"selector": "s1", "signer": "news.example"}
    return Outside(lambda name, kind: records.get((name, kind), ()), **(values | given))


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong, and what must be said of it."""

    name: str
    expected: Expected
    html: tuple[str, str] | None = None
    page: str = ""  #: in place of the HTML
    text: tuple[str, str] | None = None
    subject: str | None = None
    head: tuple[str, str] | None = None
    edition: dict[str, Any] = field(default_factory=dict)
    publication: dict[str, Any] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)

    def found(self, render: Render, sound: Rendered) -> tuple[Finding, ...]:
        """Break the sound edition and look it over."""
        edition, publication = a_full_edition(**self.edition), a_publication(**self.publication)
        whole = not (self.edition or self.publication)
        rendered = sound if whole else render(edition, publication)
        content = copy_of(rendered)
        if self.html:
            rendered = replace(rendered, html=swapped(rendered.html, *self.html))
        if self.page:
            rendered = replace(rendered, html=self.page)
        if self.text:
            rendered = replace(rendered, text=swapped(rendered.text, *self.text))
        if self.subject is not None:
            rendered = replace(rendered, subject=self.subject)
        if self.head:
            content = swapped(content.decode(), *self.head).encode("utf-8", "surrogateescape")
        return check(edition, rendered, publication, **({"content": content} | self.check))


def copy_of(rendered: Rendered) -> bytes:
    """Return a message as it would leave."""
    recipient = Recipient("ada@reader.example", "P" * 32, 1, NOW)
    return build(compile_message(rendered, HEAD), recipient).content


def swapped(text: str, old: str, new: str) -> str:
    """Replace what must be there."""
    assert old in text, f"{old} is no longer in the mail; the test proves nothing"
    return text.replace(old, new)


def _body(name: str, markup: str, *expected: tuple[str, Severity]) -> Broken:
    return Broken(name, set(expected), html=("</body>", f"{markup}</body>"))


def _html(name: str, old: str, new: str, *expected: tuple[str, Severity]) -> Broken:
    return Broken(name, set(expected), html=(old, new))


def _text(name: str, old: str, new: str, *expected: tuple[str, Severity]) -> Broken:
    return Broken(name, set(expected), text=(old, new))


def _subject(name: str, subject: str, *expected: tuple[str, Severity]) -> Broken:
    return Broken(name, set(expected), subject=subject)


def _head(name: str, old: str, new: str, *expected: tuple[str, Severity]) -> Broken:
    return Broken(name, set(expected), head=(old, new))


def _dns(name: str, changed: Any, *expected: tuple[str, Severity], **given: Any) -> Broken:
    return Broken(name, set(expected), check={"outside": outside(changed, **given)})


_TXT = ("news.example", "TXT")
_DMARC = ("_dmarc.news.example", "TXT")
_KEY = ("s1._domainkey.news.example", "TXT")
_MX = ("news.example", "MX")
_LOGO = ("default._bimi.news.example", "TXT")
_IMG = '<img src="https://a.example/i.png" width="9" height="9" alt="x">'
_PICTURE = (
    '<html lang="en" dir="ltr"><head><meta name="color-scheme"><meta '
    'name="supported-color-schemes"><style>@media (prefers-color-scheme:dark){a{b:c}}'
    f'[data-ogsc] a{{b:c}}</style></head><body><h1>Atlas Weekly</h1>{_IMG}<div role="article" '
    f'lang="en" dir="ltr">1 Main Street, 10115 Berlin <a href="{BASE}/u/0{TOKEN}">Out</a> '
    '<a href="https://news.example/1">A</a></div></body></html>'
)

SUBJECTS = [
    _subject("no subject", "", ("HDR-14", B)),
    _subject("a long subject", "A subject that goes on and on " * 3, ("HDR-14", W)),
    _subject("a loud subject", "HARBOUR REOPENS TODAY", ("HDR-14", W)),
    _subject("a reply that is none", "Re: your harbour", ("HDR-14", W)),
    _subject("a forward that is none", "Fwd: your harbour", ("HDR-14", W)),
    _subject("three exclamation marks", "Harbour reopens!!!", ("HDR-14", W)),
    _subject("the token in the subject", f"For {TOKEN}", ("MIME-06", B)),
    _subject("two lines", "One\nTwo", ("MIME-07", B)),
]
HEADERS = [
    _head("no sender", "From: Atlas Weekly <weekly@news.example>\r\n", "",
          ("HDR-01", B), ("HDR-02", B), ("HDR-03", B)),
    _head("two dates", "Date: ", "Date: Mon, 23 Nov 2026 06:30:00 +0000\r\nDate: ", ("HDR-01", B)),
    _head("a date that is none", "Date: ", "Date: some ", ("HDR-04", B)),
    _head("two readers", "To: ada@", "To: x@reader.example, ada@", ("HDR-05", B)),
    _head("a copy for another", "To: ada@", "Cc: x@reader.example\r\nTo: ada@", ("HDR-05", B)),
    _head("hardly signed", "Precedence", "DKIM-Signature: v=1; h=from:from\r\nPrecedence",
          ("HDR-08", B)),
    _head("From signed once", "Precedence", f"DKIM-Signature: v=1; h={SIGNED}\r\nPrecedence",
          ("HDR-08", B)),
    _head("a body left open", "Precedence",
          f"DKIM-Signature: v=1; l=9; h=from:{SIGNED}\r\nPrecedence", ("HDR-08", B)),
    Broken("bounces elsewhere", {("HDR-17", W)}, check={"envelope": "bounces@relay.example"}),
    _head("no recipient", "To: ada@reader.example\r\n", "", ("HDR-01", B)),
    _head("two senders", "From: Atlas Weekly <", "From: x@news.example, Atlas Weekly <",
          ("HDR-02", B)),
    _head("a sender without a name", "From: Atlas Weekly <weekly@news.example>",
          "From: weekly@news.example", ("HDR-02", W)),
    _head("an address as a name", "From: Atlas Weekly <", 'From: "weekly@news.example" <',
          ("HDR-02", W)),
    _head("a badge in the name", "From: Atlas Weekly <", "From: =?utf-8?q?Atlas_=E2=9C=85?= <",
          ("HDR-02", W)),
    _head("a Message-ID of no shape", "Message-ID: <", "Message-ID: ", ("HDR-03", B)),
    _head("somebody else's Message-ID", "d1@news.example>", "d1@relay.example>", ("HDR-03", B)),
    _head("no way out by mail", ">,\r\n <mailto:editor@news.example?", ">,\r\n <x:", ("HDR-06", B)),
    _head("two clicks", "List-Unsubscribe=One-Click", "List-Unsubscribe=Two", ("HDR-07", B)),
    _head("no one-click", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "",
          ("HDR-01", B)),
    _head("an encoded word in a structured header", "Precedence: bulk",
          "Precedence: =?utf-8?q?bulk?=", ("HDR-09", B)),
    _head("an encoded address", "Reply-To: editor@", "Reply-To: =?utf-8?q?editor?=@",
          ("HDR-09", B)),
    _head("a bare line feed", "Precedence: bulk\r\n", "Precedence: bulk\n", ("HDR-10", B)),
    _head("an endless line", "\r\nPrecedence", f"\r\nX-Long: {'x' * 1000}\r\nPrecedence",
          ("HDR-10", B)),
    _head("a list without an id", "<weekly.news.example>", "weekly", ("HDR-11", W)),
    _head("a reader in Feedback-ID", "Feedback-ID: e7", "Feedback-ID: ada@reader.example",
          ("HDR-12", W)),
    _head("no Precedence", "Precedence: bulk\r\n", "", ("HDR-13", W)),
    _head("robots may answer", "Auto-Submitted: auto-generated", "Auto-Submitted: no",
          ("HDR-13", W)),
    _head("a domain beyond ASCII", "Reply-To: editor@news.example",
          "Reply-To: editor@n\u00e4ws.example", ("HDR-16", B)),
    _head("HTML first", "Content-Type: text/plain;", "Content-Type: text/html;", ("MIME-01", B)),
    _head("another charset", 'text/html; charset="utf-8"', 'text/html; charset="iso-8859-1"',
          ("MIME-01", B)),
    _head("no end to the parts", 'boundary="', 'boundary="x', ("MIME-01", B)),
    _head("a free mailbox", "From: Atlas Weekly <weekly@news.example>",
          "From: Atlas Weekly <weekly@gmail.com>", ("AUTH-09", B), ("HDR-03", B)),
]  # fmt: skip
BODIES = [
    _text("other stories in the text", "https://news.example/", "https://other.example/",
          ("MIME-02", B)),
    _html("another sponsor's link", "https://larkspur.example/save", "https://x.example/",
          ("MIME-02", B)),
    _body("far too long", "<p>word</p>" * 12_000, ("MIME-05", B)),
    _body("nearly too long", "<p>word</p>" * 5_600, ("MIME-05", W)),
    _html("much style", "</head>", f"<style>{'a{color:red}' * 800}</style></head>", ("MIME-05", B)),
    _html("a rule in a rule", "</head>",
          "<style>@media print{@supports (a:b){a{b:c}}}</style></head>", ("MIME-05", B)),
    _html("no token in the HTML", TOKEN, "real", ("MIME-06", B), ("CNT-01", B)),
    _text("no token in the text", TOKEN, "real", ("MIME-06", B), ("CNT-01", B)),
    _body("a template sign", "{{ name }}", ("MIME-06", B)),
    _text("a template sign in the text", "Ada Berg", "{% if author %}", ("MIME-06", B)),
    _body("a C1 control", "\x92", ("MIME-07", B)),
    _body("an isolate in HTML", "\u2068", ("MIME-07", B)),
    _text("words turned round", "Ada", "\u202eAda", ("MIME-07", B)),
    _html("no visible way out", ">Unsubscribe</a>", "></a>", ("CNT-01", B), ("A11Y-03", B)),
    _html("a hidden way out", f'href="{BASE}/u/0', f'hidden href="{BASE}/u/0',
          ("CNT-01", B), ("CNT-06", W)),
    _text("no way out in the text", f"{BASE}/u/0{TOKEN}", "Reply.", ("CNT-01", B), ("MIME-06", B)),
    _html("no postal address", "1 Main Street", "Somewhere", ("CNT-02", B)),
    _text("no publication", "Atlas Weekly", "Someone", ("CNT-02", B)),
    _body("a script link", '<a href="javascript:alert(1)">x</a>', ("CNT-03", B)),
    _body("an empty link", '<a href="">x</a>', ("CNT-03", B)),
    _body("an IP host", '<a href="https://192.0.2.7/x">x</a>', ("CNT-03", B)),
    _body("an IPv6 host", '<a href="https://[2001:db8::1]/x">x</a>', ("CNT-03", B)),
    _body("an IP as a number", '<a href="https://3221225991/x">x</a>', ("CNT-03", B)),
    _body("a password", '<a href="https://me:you@news.example/">x</a>', ("CNT-03", B)),
    _body("a relative link", '<a href="/relative">x</a>', ("CNT-03", B)),
    _body("mail to nobody", '<a href="mailto:">x</a>', ("CNT-03", B)),
    _body("a picture inside", '<img src="data:image/png;base64,AA" alt="x" width="1" height="1">',
          ("CNT-03", B)),
    _body("http", '<a href="http://news.example/">x</a>', ("CNT-03", W)),
    _body("this machine", '<a href="http://127.0.0.1:8025/">x</a>', ("CNT-03", W)),
    Broken("this machine, to the world", {("CNT-03", B)},
           html=("</body>", '<a href="http://127.0.0.1:8025/">x</a></body>'),
           check={"public": True}),
    _body("another address shown", '<a href="https://x.example/">www.bank.example/login</a>',
          ("CNT-04", W)),
    _html("a sponsor without a label", "Sponsor · Larkspur Bank", "Larkspur Bank", ("CNT-05", B)),
    _text("a sponsor without a label in the text", "SPONSOR · NIMBUS CONF", "NIMBUS CONF",
          ("CNT-05", B)),
    _body("hidden words", '<div style="display:none">cheap</div>', ("CNT-06", W)),
    _body("white on white",
          '<p style="color:#ffffff;background:#ffffff;font-size:16px">cheap</p>', ("CNT-06", W)),
    Broken("a picture and hardly a word", {("CNT-07", W), ("MIME-02", B), ("CNT-05", B)},
           page=_PICTURE),
    _body("a script", "<script>x</script>", ("CNT-08", B)),
    _body("a form", '<form action="https://a.example"></form>', ("CNT-08", B)),
    _body("a handler", '<p onclick="x">x</p>', ("CNT-08", B)),
    _body("an address without end", f'<a href="https://news.example/{"x" * 2000}">x</a>',
          ("CNT-11", B)),
    _html("no language", '<html lang="en"', "<html", ("A11Y-01", B)),
    _html("no direction inside", 'role="article" lang="en" dir="ltr"', 'role="article"',
          ("A11Y-01", B)),
    _html("tables read out", 'role="presentation"', "", ("A11Y-02", B)),
    _body("a picture without words", '<img src="https://a.example/i" width="1" height="1">',
          ("A11Y-03", B)),
    _body("a link without words", f'<a href="https://a.example">{_IMG.replace("x", "", 1)}</a>'
          .replace('alt="x"', 'alt=""'), ("A11Y-03", B)),
    _body("two first headings", "<h1>Second</h1>", ("A11Y-04", B)),
    _html("a skipped heading", "h2", "h3", ("A11Y-04", B)),
    _body("grey on white", '<p style="color:#999999;background:#ffffff;font-size:16px">x</p>',
          ("A11Y-05", B)),
    _body("tiny words", '<p style="font-size:9px">x</p>', ("A11Y-06", W)),
    _body("read more, read more, read more",
          "".join(f'<a href="https://news.example/{n}">Read more</a>' for n in range(3)),
          ("A11Y-07", B)),
    _html("no word of dark devices", 'name="color-scheme"', "",
          ("A11Y-08", W)),
    _html("no dark style", "prefers-color-scheme", "x", ("A11Y-08", W)),
    _html("a picture of any size", 'width="592"', 'width="100%"', ("A11Y-09", B)),
    _body("a picture without a height", '<img src="https://a.example/i" width="1" alt="x">',
          ("A11Y-09", B)),
    _body("a wide table", '<table role="presentation" width="700"></table>', ("A11Y-10", B)),
    _body("a wide box", '<div style="color:#000000;min-width: 900px">x</div>', ("A11Y-10", B)),
    _body("lines that never break", '<p style="white-space:nowrap">x</p>', ("A11Y-10", B)),
    _body("a black button", '<a style="background:#111111" href="https://a.example/">x</a>',
          ("A11Y-11", W)),
]  # fmt: skip
EDITIONS = [
    Broken("no postal address set", {("CNT-02", B)}, publication={"postal_address": ""}),
    Broken("a story that is a script", {("CNT-03", B), ("CNT-10", B)},
           edition={"sections": (), "top_stories": (a_placed(url="javascript:x"),)}),
    Broken("a nameless sponsor", {("CNT-05", B)},
           edition={"placements": (a_placement(sponsor=" "),)}),
    Broken("no story", {("CNT-10", B)}, edition={"top_stories": (), "sections": ()}),
    Broken("a story without a title", {("CNT-10", B), ("A11Y-03", B)},
           edition={"top_stories": (a_placed(1, " "),)}),
    Broken("a story without an address", {("CNT-10", B), ("CNT-03", B)},
           edition={"top_stories": (a_placed(url=""),)}),
    Broken("a story twice", {("CNT-10", B)}, edition={"top_stories": (a_placed(1), a_placed(2))}),
    Broken("no stand-first", {("CNT-09", W)}, edition={"stand_first": ""}),
    Broken("a short stand-first", {("CNT-09", W)}, edition={"stand_first": "Ships and wolves."}),
    Broken("a long stand-first", {("CNT-09", W)}, edition={"stand_first": "Ships, wolves. " * 12}),
    Broken("the subject again", {("CNT-09", W)},
           edition={"stand_first": "Harbour reopens after the storm, and four more stories"}),
]  # fmt: skip
OUTSIDE = [
    _dns("no key", {_KEY: ()}, ("AUTH-01", B)),
    _dns("a weak key", {_KEY: ("v=DKIM1; p=AAAA",)}, ("AUTH-01", B)),
    _dns("a key taken back", {_KEY: ("v=DKIM1; p=",)}, ("AUTH-01", B)),
    _dns("a relay that may sign", {}, ("AUTH-01", W), selector="", signer=""),
    _dns("somebody else's key", {("s1._domainkey.relay.example", "TXT"): RECORDS[_KEY]},
         ("AUTH-01", B), signer="relay.example"),
    _dns("no SPF", {_TXT: ()}, ("AUTH-02", B)),
    _dns("two SPF records", {_TXT: ("v=spf1 -all", "v=spf1 ~all")}, ("AUTH-02", B)),
    _dns("SPF for everyone", {_TXT: ("v=spf1 +all",)}, ("AUTH-02", B)),
    _dns("SPF too costly", {_TXT: (f"v=spf1 {'a mx ' * 6}~all",)}, ("AUTH-02", B)),
    _dns("SPF that includes too much", {("relay.example", "TXT"): (f"v=spf1 {'mx ' * 10}~all",)},
         ("AUTH-02", B)),
    _dns("no DMARC", {_DMARC: ()}, ("AUTH-03", B)),
    _dns("DMARC without a policy", {_DMARC: ("v=DMARC1; rua=mailto:x@y.example",)},
         ("AUTH-03", B)),
    _dns("DMARC nobody reads", {_DMARC: ("v=DMARC1; p=reject",)}, ("AUTH-03", W)),
    _dns("nowhere to answer", {_MX: ()}, ("AUTH-06", W)),
    _dns("no mail, please", {_MX: ("0 .",)}, ("AUTH-06", W)),
    _dns("a logo nobody shows", {_LOGO: ("v=BIMI1; l=https://a.example/l.svg; a=x",)},
         ("AUTH-08", N)),
    _dns("a logo that is no drawing",
         {_LOGO: ("v=BIMI1; l=http://a.example/l.png; a=x",),
          _DMARC: ("v=DMARC1; p=reject; rua=mailto:x@y.example",)}, ("AUTH-08", N)),
    _dns("a logo without a certificate",
         {_LOGO: ("v=BIMI1; l=https://a.example/l.svg",),
          _DMARC: ("v=DMARC1; p=reject; rua=mailto:x@y.example",)}, ("AUTH-08", N)),
    _dns("a DNS that is silent",
         dict.fromkeys((_TXT, _DMARC, _KEY, _MX)),
         ("AUTH-01", N), ("AUTH-02", N), ("AUTH-03", N), ("AUTH-06", N)),
    Broken("a page that is gone", {("CNT-11", B)},
           check={"outside": Outside(reached={"https://news.example/1": "gone"})}),
    Broken("a server in trouble", {("CNT-11", N)},
           check={"outside": Outside(reached={"https://news.example/1": "?", "https://a/": ""})}),
    Broken("a picture that cannot be copied", {("CNT-12", N)},
           check={"outside": Outside(not_copied={"https://a.example/i.jpg": "it is gone"})}),
    Broken("a picture over http", {("CNT-12", W)},
           check={"outside": Outside(not_copied={"http://a.example/i.jpg": ""})}),
]  # fmt: skip
BROKEN = (*SUBJECTS, *HEADERS, *BODIES, *EDITIONS, *OUTSIDE)
