"""The console's own look for terminals of 256 colours: the greys and hues of the dark theme that such a terminal has.

Left to a nearest match, near-black blues fall on the colour cube's first steps and become black, teal and bright grey.
"""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="color(231)",
    value="color(253)",
    label="color(250)",
    aside="color(247)",
    rule="color(237)",
    mine="color(179)",
    ai="color(73)",
    mine_dim="color(137)",
    ai_dim="color(30)",
    off_dim="color(244)",
    gain="color(114)",
    loss="color(210)",
    warn="color(185)",
    badge="color(232) on color(185)",
    guarded="color(232) on color(250)",
    net=Area("color(108)", "color(65)"),
    below=Area("color(174)", "color(131)"),
    watt=Area("color(248)", "color(242)"),
    page="color(233)",
    bar="color(234)",
    cursor="color(236)",
    panel="color(235)",
)
THEME = painted("changeover-dark-256", PALETTE)
