"""What ``[power]`` may say: a flat price, or components that each have their own time table, currency and tax."""

from __future__ import annotations

from console.model import Record


class Window(Record):
    """When a price holds, in the site's time zone. A key that is left out does not restrict.

    ``days`` is ``mon-fri``, ``sat,sun`` or ``holidays``, ``hours`` ``08:00-20:00`` (over midnight too), ``months``
    ``jun-sep``.
    """

    price_per_kwh: float
    days: str = ""
    hours: str = ""
    months: str = ""


class Component(Record):
    """One part of the power price: energy, grid, tax, an adder.

    One of ``price_per_kwh``, ``windows`` (the first that fits holds) and ``feed``, the name of a feed of power prices.
    """

    name: str
    price_per_kwh: float | None = None
    windows: tuple[Window, ...] = ()
    feed: str | None = None
    currency: str | None = None  # default: the site's
    vat: bool = True


class PowerSettings(Record):
    """``[power]``: what a kWh costs and emits. One of ``price_per_kwh`` and ``components``.

    With neither, the one feed of power prices is used as it stands. VAT is added unless it is recoverable.
    """

    price_per_kwh: float | None = None
    components: tuple[Component, ...] = ()
    vat: float = 0.0
    vat_recoverable: bool = True
    holidays: tuple[str, ...] = ()  # ISO 8601 dates
    carbon_g_per_kwh: float | None = None
    carbon_price_per_t: float = 0.0
    carbon_in_net: bool = False
