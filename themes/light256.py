"""The light theme in the 256 colours that such a terminal has; the cursor's row is the cube's palest blue."""

from themes._palette import Area, Palette, painted

PALETTE = Palette(
    strong="color(16)",
    value="color(235)",
    label="color(238)",
    aside="color(240)",
    rule="color(252)",
    mine="color(94)",
    ai="color(23)",
    mine_dim="color(166)",
    ai_dim="color(30)",
    off_dim="color(243)",
    gain="color(22)",
    loss="color(124)",
    warn="color(90)",
    badge="color(16) on color(221)",
    guarded="color(231) on color(238)",
    net=Area("color(22)", "color(65)"),
    below=Area("color(124)", "color(131)"),
    watt=Area("color(240)", "color(246)"),
    page="color(231)",
    bar="color(255)",
    cursor="color(195)",
    panel="color(255)",
)
THEME = painted("changeover-light-256", PALETTE)
