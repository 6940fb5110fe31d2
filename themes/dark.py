"""The console's own look: a near-black blue-grey ground, three greys, amber for mining, teal for AI.

Green and red are money and harm and nothing else.
"""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="#ffffff",
    value="#d9dee7",
    label="#adb6c5",
    aside="#8892a4",
    rule="#2a313d",
    mine="#e5a44d",
    ai="#45bfc6",
    mine_dim="#93703c",
    ai_dim="#35858b",
    off_dim="#6c7688",
    gain="#7fcf7a",
    loss="#f2716b",
    warn="#d9c35a",
    badge="#14110a on #d9c35a",
    guarded="#11151c on #aeb7c6",
    net=Area("#5da867", "#387045"),
    below=Area("#d06a66", "#96494a"),
    watt=Area("#8391aa", "#55637c"),
    page="#0d1117",
    bar="#151b25",
    cursor="#1a2740",
    panel="#19202c",
)
THEME = painted("changeover-dark", PALETTE)
