"""For eyes that do not part red from green (deuteranopia, protanopia): blue against orange, and light against dark.

Gain is a pale blue and loss a deep orange, what warns is a bright yellow and harm a deep orange: each pair stays apart
in hue for such eyes and differs in lightness as well. Mining is a light orange, AI a sky blue (after Okabe and Ito,
Color Universal Design, 2008).
"""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="#ffffff",
    value="#dcdfe4",
    label="#b0b5be",
    aside="#8b919d",
    rule="#2c3038",
    mine="#f0b040",
    ai="#56b4e9",
    mine_dim="#8f7036",
    ai_dim="#3d7ca0",
    off_dim="#70757f",
    gain="#acd6ff",
    loss="#f58040",
    warn="#f4e64f",
    badge="#14110a on #f4e64f",
    guarded="#11151c on #b0b5be",
    net=Area("#8db8dc", "#416687"),
    below=Area("#e07a3c", "#945024"),
    watt=Area("#9499a3", "#5c616c"),
    page="#0e1013",
    bar="#171a1f",
    cursor="#1a2436",
    panel="#1b1f25",
)
THEME = painted("changeover-safe", PALETTE)
