"""Draw the flat, layered illustrations that stand in for the demo outlet's press photographs."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageOps

Colour = tuple[int, ...]
Crest = list[tuple[float, float]]
WIDTH, HEIGHT = 2400, 1350  # every scene is laid out, and supersampled, at this size
DAY = """2b2d5bf2a38affe3b07a5a8c1f1b3dff6f59 4fa3adf6e7c8fff6d86a9ea316404de9724c
ee9f8bfff0dafffbe8d98e8e4a2c4d2a9d8f e0952ffbe6b2fff7dcc4763a3f2a2b2f8f9b
27496da9d6e5fdf6e34f7ea812263affb703 7fb09af1efd0fffbe05b8a721b3a33f26b38
1d2f5f8fa3c8ffd27a48659a0f1a3af77f00 8fcfc0fdf5e6ff9a766fae9f1f4f4bff6b5a"""
NIGHT = """0a10303f4688fff2cc2f3570090c24f2a65a 06202b2a7f86f7f3d61b5a6304151dff9f6b
1a0f2e75428affe9d64a2b6710081fff7eb6 101a264d6782fdf0d530455a0a1017e4b363"""


def mix(one: Colour, two: Colour, share: float) -> Colour:
    """Blend two colours, with the given share of the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one, two, strict=True))


class Canvas(ImageDraw.ImageDraw):
    """Draw on a picture of its own in six colours, from the upper sky to the accent."""

    def __init__(self, rng: Random, palette: str) -> None:
        self.image, self.rng = Image.new("RGB", (WIDTH, HEIGHT)), rng
        super().__init__(self.image)
        tones: list[Colour] = [tuple(bytes.fromhex(palette[i : i + 6])) for i in range(0, 36, 6)]
        self.sky, self.low, self.light, self.far, self.near, self.accent = tones

    def fade(self, top: int, upper: Colour, lower: Colour) -> None:
        """Fill everything below a level with a vertical gradient."""
        ramp = Image.linear_gradient("L").resize((1, HEIGHT - top), box=(0, 0, 1, 256))
        column = ImageOps.colorize(ramp, upper, lower)
        self.image.paste(column.resize((WIDTH, HEIGHT - top), Image.Resampling.NEAREST), (0, top))

    def glow(self, x: float, y: float, radius: int, colour: Colour) -> None:
        """Lay a soft round light over the picture."""
        fall = [round(210 * max(1 - i / 180, 0) ** 1.7) for i in range(256)]
        halo = Image.radial_gradient("L").point(fall).resize((radius * 2, radius * 2))
        self.image.paste(colour, (round(x) - radius, round(y) - radius), halo)

    def land(self, base: float, swell: float, tone: Colour, peaks: int = 0) -> Crest:
        """Fill the ground below a rolling or, with peaks, jagged crest and return the crest."""
        crest = [(float(x), base) for x in range(0, WIDTH + 1, 12)]
        for i in range(peaks or 2):
            start, pace, tall = self.rng.uniform(0, 6), 2.1**i / 660, swell / 1.9**i
            turns = [(x, y, math.sin(start + pace * x)) for x, y in crest]
            crest = [(x, y - tall * (1 - 2 * abs(t) if peaks else t)) for x, y, t in turns]
        self.polygon([(0, HEIGHT), *crest, (WIDTH, HEIGHT)], tone)
        return crest

    def sun(self, horizon: int) -> float:
        """Paint a sky with a sun and clouds, and return how far across the sun stands."""
        x, y = self.rng.uniform(0.2, 0.8) * WIDTH, self.rng.uniform(0.45, 0.8) * horizon
        self.fade(0, self.sky, self.low)
        self.glow(x, y, 800, self.light)
        self.circle((x, y), self.rng.uniform(90, 140), self.light)
        for i in range(12):
            left, top = i // 3 * 700 + self.rng.randint(-300, 300), 90 + i // 3 * 131 + i % 3 * 26
            tint = mix(mix(self.sky, self.low, top / HEIGHT), self.light, 0.3)
            self.line((left, top, left + self.rng.randint(200, 600), top), tint, 21)
        return x


def sea(c: Canvas) -> None:
    """Draw a sailing boat on open water under a low sun."""
    x = c.sun(800)
    c.land(790, 34, mix(c.low, c.far, 0.8), peaks=4)
    c.fade(810, mix(c.far, c.low, 0.35), c.near)
    for depth in sorted(c.rng.random() ** 1.5 for _ in range(170)):
        spot = c.rng.choice((c.rng.gauss(x, 70 + 280 * depth), c.rng.uniform(0, WIDTH)))
        wide, y = 14 + 120 * depth * c.rng.random(), 816 + 530 * depth
        tint = mix(c.light, mix(c.far, c.near, depth), min(0.1 + abs(spot - x) / 900, 0.88))
        c.rounded_rectangle((spot - wide, y, spot + wide, y + 5 + 11 * depth), 4, tint)
    x = (x + c.rng.randint(700, 1400)) % 1900 + 250
    c.polygon([(x, 690), (x, 932), (x + 150, 932)], c.light)
    c.polygon([(x - 14, 730), (x - 14, 932), (x - 100, 932)], c.accent)
    c.polygon([(x - 120, 945), (x + 156, 945), (x + 96, 986), (x - 70, 986)], c.near)


def peaks(c: Canvas) -> None:
    """Draw a snowy range behind darkening ridges."""
    c.sun(600)
    for depth in range(5):
        tone = mix(mix(c.low, c.far, 0.45 + depth / 8), c.near, depth * depth / 16)
        crest = c.land(660 + 155 * depth, 170 - 25 * depth, tone, peaks=7)
        snow = sorted(y for _, y in crest)[70 if depth == 0 else 0]
        cap = [(x, y + max(snow - y, 0) * (2 + abs(x % 120 / 12 - 5)) / 8) for x, y in crest]
        c.polygon([*crest, *cap[::-1]], mix(c.light, (255, 255, 255), 0.5))


def forest(c: Canvas) -> None:
    """Draw rows of conifers fading into mist."""
    c.sun(700)
    for depth in range(5):
        tone = mix(mix(c.low, c.far, 0.3 + depth / 6), c.near, depth / 4)
        for x, y in c.land(830 + 130 * depth, 26, tone)[:: 6 + 3 * depth]:
            x, tall = x + c.rng.randint(-40, 40), (220 + 130 * depth) * c.rng.uniform(0.7, 1.2)
            for tier in range(4):
                wide, foot = tall * (0.24 - 0.045 * tier), y + 30 - tall * 0.2 * tier
                c.polygon([(x - wide, foot), (x, foot - tall * 0.42), (x + wide, foot)], tone)


def hills(c: Canvas) -> None:
    """Draw wind turbines among ploughed fields."""
    c.sun(600)
    for depth in range(5):
        tone = mix(mix(c.low, c.far, 0.4 + depth / 7), c.near, depth * depth / 22)
        crest = c.land(690 + 150 * depth, 42, tone)
        for i in range(1, 3 * depth - 4):
            c.line([(x, y + i * (27 + x / 53)) for x, y in crest], mix(tone, c.low, 0.12), 7)
    for x in c.rng.sample(range(150, WIDTH, 420), c.rng.randint(2, 5)):
        y, turn = c.rng.randint(380, 720), c.rng.random() * 2
        c.polygon([(x - 6, y), (x + 6, y), (x + 15, 1180), (x - 15, 1180)], c.light)
        for angle in (turn, turn + math.tau / 3, turn - math.tau / 3):
            u, v = math.cos(angle) * (1130 - y) / 2, math.sin(angle) * (1130 - y) / 2
            root = (x + u / 4 - v / 14, y + v / 4 + u / 14)
            c.polygon([(x, y), root, (x + u, y + v)], mix(c.light, (255, 255, 255), 0.5))
        c.circle((x, y), 17, c.accent)


def skyline(c: Canvas) -> None:
    """Draw city towers with lit windows."""
    c.sun(700)
    for depth in range(3):
        tone = mix(mix(c.low, c.far, 0.5 + depth / 4), c.near, depth / 2)
        for x in range(-54 * depth, WIDTH, 162):
            wide, top = c.rng.randint(4, 6) * 27, 470 + 180 * depth + c.rng.randint(-170, 210)
            c.rectangle((x, top, x + wide - 5 * depth, HEIGHT), tone)
            for u in range(x + 13, x + wide - 20, 27):
                for v in c.rng.sample(range(top + 26, 1900, 40), 4 * depth):
                    c.rectangle((u, v, u + 13, v + 20), mix(tone, c.light, c.rng.random()))


def columns(c: Canvas) -> None:
    """Draw a domed hall of columns above a flight of steps."""
    c.sun(700)
    stone, shade = mix(c.light, c.low, 0.3), mix(c.far, c.near, 0.35)
    c.circle((1200, 480), 240, shade)
    c.polygon([(1194, 260), (1194, 80), (1320, 120), (1206, 160), (1206, 260)], c.accent)
    c.rectangle((480, 600, 1920, 1180), shade)
    c.polygon([(430, 640), (430, 540), (1200, 370), (1970, 540), (1970, 640)], stone)
    for x in range(500, 1900, 133):
        c.rectangle((x, 640, x + 70, 1100), stone, mix(stone, shade, 0.3), 16)
    for i in range(6):
        c.rectangle((440 - 90 * i, 1080 + 45 * i, 1960 + 90 * i, 1350), mix(stone, shade, i / 8))


def chart(c: Canvas) -> None:
    """Draw bars and a curve climbing over a fine grid."""
    c.fade(0, mix(c.low, c.light, 0.6), mix(c.low, c.light, 0.2))
    for y in range(150, 1300, 120):
        c.line((120, y, 2280, y), mix(c.low, c.far, 0.25), 4)
    marks = [(230 + 162 * i, 810 - 46 * i + c.rng.randint(-130, 130)) for i in range(13)]
    c.line(marks, c.near, 14, "curve")
    for i, (x, top) in enumerate(marks):
        tone = c.accent if i > 10 else mix(c.far, c.near, i / 14)
        c.rounded_rectangle((x - 52, top + 130, x + 52, 1230), 12, tone)
        c.circle((x, top), 19, c.light, c.near, 11)


def night(c: Canvas) -> None:
    """Draw stars and a ringed planet above dark ridges."""
    c.fade(0, c.sky, c.low)
    for _ in range(420):
        spot, share = (c.rng.randint(0, WIDTH), c.rng.randint(0, 1200)), c.rng.random()
        c.circle(spot, 1 + 7 * share**4, mix(c.low, c.light, share))
    x, y, size = c.rng.randint(500, 1900), c.rng.randint(330, 560), c.rng.randint(120, 230)
    for i in range(size):
        c.circle((x - i / 3, y - i / 3), size - i / 2, mix(c.far, c.accent, 0.3 + i / size))
    for wide in (1.5 * size, 1.7 * size, 1.85 * size):
        c.arc((x - wide, y - wide / 4, x + wide, y + wide / 4), -22, 202, c.light, 9)
    for i in range(3):
        c.land(1080 + 110 * i, 90, mix(c.far, c.near, i / 2), peaks=6)


def stadium(c: Canvas) -> None:
    """Draw a floodlit pitch before a crowded stand."""
    c.fade(0, c.sky, c.low)
    c.ellipse((-500, 520, 2900, 2100), c.near)
    for i in range(1500):
        x, seat = c.rng.randint(0, 92) * 26, mix(c.near, c.rng.choice((c.far, c.light)), i / 2200)
        c.circle((x, 565 + i % 11 * 33 + (x - 1200) ** 2 / 8600), 9, seat)
    for x in range(-600, 3000, 300):
        grass = mix(mix((52, 134, 84), c.far, 0.25), c.light, x % 600 / 2400)
        c.polygon([(720 + x * 0.4, 900), (840 + x * 0.4, 900), (x + 300, 1350), (x, 1350)], grass)
    c.ellipse((950, 1000, 1450, 1160), None, c.light, 8)
    for x in (260, 2140):
        c.line((x, 280, x, 800), c.near, 20)
        c.rectangle((x - 130, 145, x + 130, 290), c.near)
        for i in range(12):
            c.circle((x - 90 + 60 * (i % 4), 180 + 36 * (i // 4)), 14, c.light)
        c.glow(x, 215, 520, c.light)


def stage(c: Canvas) -> None:
    """Draw a curtained stage with crossing spotlights and a lone figure."""
    c.fade(0, c.near, c.far)
    for i in range(24):
        x, lean, wide = ((500, 400), (1900, -400), (1200, 0))[i % 3] + (330 - 36 * (i // 3),)
        beam = [(x - 20, -10), (x + 20, -10), (x + lean + wide, 1130), (x + lean - wide, 1130)]
        c.polygon(beam, mix(mix(c.near, c.far, 0.5), c.light, i / 66))
    c.rectangle((0, 1130, WIDTH, HEIGHT), mix(c.near, c.far, 0.3))
    c.ellipse((620, 1090, 1780, 1270), mix(c.far, c.light, 0.6))
    c.circle((1200, 850), 46, c.near)
    c.polygon([(1140, 915), (1260, 915), (1235, 1190), (1165, 1190)], c.near)
    for i in range(22):
        x, tone = i // 2 * 52 + i % 2 * (WIDTH - i // 2 * 104), (0.15, 0.5, 0.3)[i // 2 % 3]
        c.rectangle((x - 30, 0, x + 30, 1340 - i * i / 2), mix(c.accent, c.near, tone))


SCENES: Mapping[str, Callable[[Canvas], None]] = {
    scene.__name__: scene
    for scene in (sea, peaks, forest, hills, skyline, columns, chart, night, stadium, stage)
}
# Each row: words in the alternative text, the scene they call for, the categories it suits.
WORDS = """sea|ocean|coast|bay|harbour|ship|ferry|river|lake|lagoon: sea: World Climate Science,
peak|mountain|ridge|glacier|snowy?|ski|ice|valley|volcano: peaks: World Climate Science,
forest|tree|pine: forest: Climate Science, night|star|planet|moon|asteroid: night: Science,
hill|turbine|wind|field|farm|road|desert|sand: hills: World Climate Technology Sport,
town.hall|column|parliament|court|palace|museum|arch|dome: columns: Politics Culture,
skyline|city|town|tower|street: skyline: World Politics Business Technology,
chart|graph|bar: chart: Business Technology, stadium|pitch|floodlight: stadium: Sport,
stage|theatre|curtain|spotlight|concert: stage: Culture"""


def draw(name: str, scene: str, size: tuple[int, int] = (1200, 675)) -> bytes:
    """Return a JPEG of a scene, always the same one for the same name."""
    rng = Random(hashlib.sha256(name.encode()).digest())
    c = Canvas(rng, rng.choice((NIGHT if scene in {"night", "stadium", "stage"} else DAY).split()))
    SCENES[scene](c)
    output = BytesIO()
    ImageOps.fit(c.image.reduce(2), size).save(output, "JPEG", quality=82)
    return output.getvalue()


def scene_for(category: str, text: str) -> str:
    """Pick the scene that the text names first, or else one that suits the category."""
    rows: list[tuple[str, str, str]] = re.findall(r"(\S+):\s(\w+): ([\w ]+)", WORDS)
    named = [(m.start(), s) for w, s, _ in rows if (m := re.search(rf"\b({w})s?\b", text, re.I))]
    own = [scene for _, scene, homes in rows if category in homes] or list(SCENES)
    return min(named)[1] if named else own[hashlib.sha256(text.encode()).digest()[0] % len(own)]
