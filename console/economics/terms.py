"""What the sums start from: prices, the site's terms, the terms of each kind of workload, and what a GPU does.

Nothing here knows of config files, feeds or clocks: whoever builds these has already judged what is stale.
"""

from __future__ import annotations

from console.model import Basis, Input, Option, Record


class Price(Record):
    """One figure that money hangs on. ``value`` is None while it is not known.

    ``lacks`` says in words what would have to be known and how to supply it: ``"price of ERG: set [quotes.ERG]"``;
    ``old`` how old a stale one is: ``"price of ERG 16m old, limit 15m"``. Without such words it is called its ``name``.
    ``inputs`` are the figures it was made of, with their sources and times. ``incomplete`` says what a price that is
    used leaves out: ``"energy only: no grid fees or taxes in it, set [power] components"``.
    """

    name: str
    value: float | None
    stale: bool = False
    lacks: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What this price lacks; empty when it is known, however old."""
        return self.lacks if self.lacks or self.value is not None else (self.name,)

    @property
    def ages(self) -> tuple[str, ...]:
        """What of this price is too old; empty when all of it is fresh."""
        return self.old if self.old or not self.stale else (self.name,)


class SiteTerms(Record):
    """One power meter and its tariff.

    ``power`` is currency per kWh and may be negative; ``carbon`` is grams per kWh. ``overhead_w_per_gpu`` is the
    host's own draw split over the GPUs of its roster, before the power supply's loss. Where a meter measures the
    ``wall``, ``wall_factor`` is what its reading is of the model's.
    """

    power: Price
    psu_efficiency: float = 1.0
    pue: float = 1.0
    overhead_w_per_gpu: float = 0.0
    wall: Price = Price(name="wall power", value=None)
    wall_factor: float = 1.0
    carbon: Price = Price(name="carbon intensity", value=None)
    carbon_price_per_t: float = 0.0
    carbon_in_net: bool = False

    def wall_w(self, power_w: float | None) -> float | None:
        """Watts at the meter for watts at the card, host overhead included."""
        if power_w is None:
            return None
        return (power_w + self.overhead_w_per_gpu) / self.psu_efficiency * self.pue * self.wall_factor


class MiningTerms(Record):
    """What a hash pays. ``per_hash`` is currency per single hash.

    ``credited`` is the learned share of reported hashes that the pool counts; it replaces developer fee and rejects,
    and the pool's fee as well where it was learned from the balance (``credited_covers_pool``). A ``dual`` miner
    works on two algorithms at once, so that no profit per hash can be named.
    """

    workload: str
    coin: str
    algorithm: str | None
    per_hash: Price
    pool_fee: float = 0.0
    exchange_fee: float = 0.0
    dev_fee: float = 0.0
    reject: float = 0.0
    credited: float | None = None
    credited_covers_pool: bool = False
    dual: bool = False
    wear_per_h: float = 0.0


class ContractTerms(Record):
    """AI hosting paid per GPU and hour, busy or not."""

    workload: str
    rate: Price
    platform_fee: float = 0.0
    wear_per_h: float = 0.0


class MarketplaceTerms(Record):
    """AI hosting paid while somebody rents. ``platform_fee`` is taken from the rent.

    ``storage_per_h`` and ``bandwidth_per_h`` come on top, per clock hour and after fees. ``vacant`` is what the GPU
    does while nobody rents, a miner perhaps; None is idle. ``occupancy_of`` is the occupancy as a figure with an age,
    where it is quoted or learned; without a value it is not known. ``rented`` is the fraction of the machine that is
    rented now, which no decision is made of; ``listed`` says that it is known to be on offer, rented or not.
    """

    workload: str
    rate: Price
    occupancy: float = 1.0
    occupancy_of: Price | None = None
    rented: Price | None = None
    listed: bool = False
    platform_fee: float = 0.0
    storage_per_h: float = 0.0
    bandwidth_per_h: float = 0.0
    vacant: Option | None = None
    wear_per_h: float = 0.0


class TokenTerms(Record):
    """AI paid by the token, in currency per single token; any of the three unset leaves the revenue unknown."""

    workload: str
    price_in_per_tok: float | None
    price_out_per_tok: float | None
    billed_share: float | None
    platform_fee: float = 0.0
    wear_per_h: float = 0.0


class OffTerms(Record):
    """Standing down: nothing earned, idle power paid."""

    workload: str = "off"


Terms = MiningTerms | ContractTerms | MarketplaceTerms | TokenTerms | OffTerms


class Work(Record):
    """What one GPU does, or would do, under one workload.

    ``rate`` is H/s for a miner and output tokens per second for AI, ``input_rate`` prompt tokens per second. Powers
    are at the card. ``source`` says where the figures come from, ``"measured 2h 10m"``, and ``at`` of when they are;
    ``idle_source`` the same of the idle power.
    """

    workload: str
    basis: Basis
    rate: float | None = None
    input_rate: float | None = None
    power_w: float | None = None
    idle_power_w: float | None = None
    source: str = ""
    at: float | None = None
    idle_source: str = ""
    since_s: float | None = None
