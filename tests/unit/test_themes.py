"""Themes by measure: contrast, what colour-blind eyes still tell apart, and that no tone is left out of any."""

from __future__ import annotations

from itertools import product

import pytest
from rich.style import Style

from console import theming
from console.view.tones import GROUNDS, TONES
from themes import ansi, mono
from themes._theme import Theme

Rgb = tuple[float, float, float]

PAINTED = [t for members in theming.THEMES.values() for t in members.values() if not t.ansi]
"""Those that bring their own grounds, so that a contrast can be computed: of 24 bits and of 256 colours."""
ALL = {t.name: t for members in theming.THEMES.values() for t in members.values()} | {mono.THEME.name: mono.THEME}

GRAPHICS = ("mine_dim", "ai_dim", "off_dim", "net_edge", "loss_edge", "watt_edge")
AREAS = ("net", "loss", "watt", "mine", "ai")
BODIES = tuple(f"{area}_body" for area in AREAS)
RIMS = tuple(f"{area}_rim" for area in AREAS)
OWN_GROUND = ("badge", "guarded")
DECORATION = ("rule",)
TEXT = tuple(tone for tone in TONES if tone not in (*GRAPHICS, *BODIES, *RIMS, *OWN_GROUND, *DECORATION))

PAIRS = (("mine", "ai"), ("gain", "loss"), ("warn", "harm"))
APART = 20.0
"""Least CIE 1976 distance between the two of a pair as the eye in question sees them; a just noticeable one is 2.3."""
LIGHTER = 10.0
"""Least difference in CIE lightness L* (0 black, 100 white) for gain and loss, warn and harm."""

PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
"""Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG
15 (6), 2009, severity 1.0; on linear RGB."""
EYES = {"protanopia": PROTANOPIA, "deuteranopia": DEUTERANOPIA}


def fore(theme: Theme, tone: str) -> Rgb:
    """The colour of a tone, from 0 to 1."""
    colour = Style.parse(theme.tones[tone]).color
    assert colour is not None, f"{theme.name}: {tone} has no colour"
    return _rgb(colour.get_truecolor())


def back(look: str) -> Rgb:
    """The ground of a look, from 0 to 1."""
    colour = Style.parse(look).bgcolor
    assert colour is not None, f"{look} has no ground"
    return _rgb(colour.get_truecolor())


def _rgb(triplet: tuple[int, int, int]) -> Rgb:
    red, green, blue = triplet
    return red / 255, green / 255, blue / 255


def linear(colour: Rgb) -> Rgb:
    """Out of sRGB's curve (IEC 61966-2-1)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return red, green, blue


def luminance(light: Rgb) -> float:
    """Relative luminance of linear RGB, as WCAG 2.1 defines it."""
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG 2.1: from 1 to 21."""
    low, high = sorted((luminance(linear(one)), luminance(linear(other))))
    return (high + 0.05) / (low + 0.05)


def seen(light: Rgb, eye: tuple[Rgb, ...]) -> Rgb:
    """Linear RGB as an eye sees it."""
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in eye)
    return red, green, blue


def lab(light: Rgb) -> Rgb:
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    red, green, blue = light
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, luminance(light), z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: Rgb, other: Rgb) -> float:
    """The CIE 1976 distance of two colours in linear RGB."""
    return sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5


def test_the_measures_measure() -> None:
    """Figures of the standards: 21:1, 4.48:1 for #777 on white, L* 53.6 for #808080, white is white to any eye."""
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast(_rgb((0x77, 0x77, 0x77)), (1, 1, 1)) == pytest.approx(4.48, abs=0.01)
    assert lab((1, 1, 1))[0] == pytest.approx(100)
    assert lab(linear(_rgb((128, 128, 128))))[0] == pytest.approx(53.6, abs=0.1)
    assert all(seen((1, 1, 1), eye) == pytest.approx((1, 1, 1), abs=1e-5) for eye in EYES.values())


@pytest.mark.parametrize("theme", ALL.values(), ids=lambda t: t.name)
def test_a_theme_has_every_tone_and_every_ground_and_no_other(theme: Theme) -> None:
    """A tone it lacks would end the console with a KeyError where it is first drawn."""
    assert set(theme.tones) == set(TONES)
    assert set(theme.grounds) == set(GROUNDS)
    for look in (*theme.tones.values(), *theme.grounds.values()):
        Style.parse(look or "none")  # raises for what Rich cannot read


def test_the_tones_are_sorted_into_what_is_read_and_what_is_seen() -> None:
    """A new tone has to be measured as one of them."""
    assert len(TEXT) + len(GRAPHICS) + len(BODIES) + len(RIMS) + len(OWN_GROUND) + len(DECORATION) == len(TONES)


@pytest.mark.parametrize("theme", PAINTED, ids=lambda t: t.name)
def test_what_is_read_can_be_read_on_every_ground(theme: Theme) -> None:
    """4.5:1, WCAG 2.1 success criterion 1.4.3, page, bars, panel and the cursor's row alike."""
    found = {(t, g): contrast(fore(theme, t), back(theme.grounds[g])) for t, g in product(TEXT, GROUNDS)}
    found |= {(t, "its own"): contrast(fore(theme, t), back(theme.tones[t])) for t in OWN_GROUND}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", PAINTED, ids=lambda t: t.name)
def test_what_is_drawn_can_be_seen(theme: Theme) -> None:
    """3:1, criterion 1.4.11: trends on every ground, the areas of charts on the page; an edge against its body 1.5."""
    found = {(t, g): contrast(fore(theme, t), back(theme.grounds[g])) for t, g in product(GRAPHICS, GROUNDS)}
    found |= {(t, "page"): contrast(back(theme.tones[t]), back(theme.grounds["page"])) for t in BODIES}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 3} == {}
    assert all(contrast(fore(theme, body), back(theme.tones[body])) >= 1.5 for body in BODIES)


@pytest.mark.parametrize("theme", PAINTED, ids=lambda t: t.name)
def test_a_rim_is_its_body_turned_round(theme: Theme) -> None:
    """So that no third colour stands where edge and body of a chart meet."""
    for body, rim in zip(BODIES, RIMS, strict=True):
        assert (fore(theme, rim), back(theme.tones[rim])) == (back(theme.tones[body]), fore(theme, body))


@pytest.mark.parametrize("theme", PAINTED, ids=lambda t: t.name)
def test_the_cursors_row_stands_out_from_the_page(theme: Theme) -> None:
    """Few steps, as no contrast of text may suffer, and yet more than an eye overlooks: 3 in CIE 1976 units."""
    assert apart(linear(back(theme.grounds["cursor"])), linear(back(theme.grounds["page"]))) >= 3


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [t for t in PAINTED if "safe" in t.name], ids=lambda t: t.name)
def test_the_safe_theme_keeps_its_pairs_apart_for_colour_blind_eyes(theme: Theme, eye: str) -> None:
    """By hue or lightness, and what is money or harm by lightness in any case."""
    sight = {t: seen(linear(fore(theme, t)), EYES[eye]) for pair in PAIRS for t in pair}
    assert {p: round(apart(sight[p[0]], sight[p[1]])) for p in PAIRS if apart(sight[p[0]], sight[p[1]]) < APART} == {}
    for one, other in PAIRS[1:]:
        assert lab(sight[one])[0] - lab(sight[other])[0] >= LIGHTER
        assert lab(linear(fore(theme, one)))[0] - lab(linear(fore(theme, other)))[0] >= LIGHTER


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [t for t in PAINTED if "safe" in t.name], ids=lambda t: t.name)
def test_the_safe_theme_is_read_by_colour_blind_eyes(theme: Theme, eye: str) -> None:
    """Red is darker to them: 4.5:1 holds as they see it, on every ground."""

    def sight(colour: Rgb) -> float:
        return luminance(seen(linear(colour), EYES[eye])) + 0.05

    low = [
        (tone, ground)
        for tone, ground in product(TEXT, GROUNDS)
        if sight(fore(theme, tone)) / sight(back(theme.grounds[ground])) < 4.5
    ]
    assert low == []


def test_the_dark_theme_would_fail_these_eyes() -> None:
    """The measure finds what the safe theme is for: its green and red come within 10 of each other."""
    dark = theming.THEMES["dark"]["truecolor"]
    green, red = (seen(linear(fore(dark, tone)), DEUTERANOPIA) for tone in ("gain", "loss"))
    assert apart(green, red) < 10


@pytest.mark.parametrize("theme", [t for t in ALL.values() if t.ansi], ids=lambda t: t.name)
def test_themes_of_the_terminals_own_colours_paint_no_ground(theme: Theme) -> None:
    """What ground it has is not known: only reverse may fill, and a chart is filled by a shade."""
    looks = [Style.parse(look or "none") for look in (*theme.tones.values(), *theme.grounds.values())]
    assert not [str(look) for look in looks if look.bgcolor]
    assert theme.fill == "░"


def test_mono_has_no_colour_and_ansi_only_sixteen() -> None:
    """Nothing that NO_COLOR or such a terminal would have to be spared."""
    assert not [look for look in mono.THEME.tones.values() if Style.parse(look or "none").color]
    numbers = [c.number for look in ansi.THEME.tones.values() if (c := Style.parse(look or "none").color)]
    assert numbers and all(number is not None and number < 16 for number in numbers)
