"""For light rooms and light terminals: a paper ground, dark greys, brown for mining, deep teal for AI, purple to warn.

Yellow cannot be read on white, so what warns is purple here.
"""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="#000000",
    value="#20252d",
    label="#434a56",
    aside="#59616e",
    rule="#cfd4db",
    mine="#8f4300",
    ai="#00626b",
    mine_dim="#a8661c",
    ai_dim="#2f7f88",
    off_dim="#6d7686",
    gain="#1b6a1f",
    loss="#b3211a",
    warn="#86308a",
    badge="#1b1500 on #e8c547",
    guarded="#ffffff on #434a56",
    net=Area("#2f7d3a", "#699e6f"),
    below=Area("#b8433c", "#c97d78"),
    watt=Area("#4f5d75", "#8390a6"),
    page="#fcfcfa",
    bar="#edeff2",
    cursor="#d9e7fa",
    panel="#f1f3f6",
)
THEME = painted("changeover-light", PALETTE)
