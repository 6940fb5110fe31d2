"""The theme for deuteranopia and protanopia in the 256 colours that such a terminal has."""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="color(231)",
    value="color(253)",
    label="color(250)",
    aside="color(247)",
    rule="color(237)",
    mine="color(215)",
    ai="color(74)",
    mine_dim="color(137)",
    ai_dim="color(67)",
    off_dim="color(244)",
    gain="color(189)",
    loss="color(208)",
    warn="color(227)",
    badge="color(232) on color(227)",
    guarded="color(232) on color(250)",
    net=Area("color(153)", "color(67)"),
    below=Area("color(208)", "color(130)"),
    watt=Area("color(248)", "color(242)"),
    page="color(233)",
    bar="color(234)",
    cursor="color(235)",
    panel="color(234)",
)
THEME = painted("changeover-safe-256", PALETTE)
