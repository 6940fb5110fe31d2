"""AI that is rented out or sold by the token: judged by occupancy, shown as it is now, and never flipped to and fro."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest

from console.config.settings import CoinSettings, Config, QuoteSettings, Settings
from console.config.tariff_settings import PowerSettings
from console.config.workload_settings import ExpectedSettings, RevenueSettings, WorkloadSettings
from console.economics.margins import option
from console.economics.terms import MarketplaceTerms, Price, SiteTerms, Work
from console.economics.totals import fresh_net_per_h
from console.flips.world import Candidate, candidate
from console.history.measured import Measured
from console.market.quotes import Board, configured
from console.market.terms import terms_of
from console.model import (
    Basis,
    GpuRow,
    Holder,
    Instance,
    Kind,
    Money,
    Occupancy,
    Option,
    Output,
    Quote,
    Reading,
    Uuid,
)
from console.site.doing import at_once, doing_of
from console.site.hosting import Hosting
from console.site.pricing import Pricing, Seen

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
CARD = Uuid("GPU-11111111-2222-3333-4444-555555555555")
SITE = SiteTerms(power=Price(name="price of power", value=0.1))
LET = MarketplaceTerms(workload="let", rate=Price(name="rate", value=0.4), occupancy=0.85, platform_fee=0.1)
RENTED_W, MINING_W, IDLE_W = 300.0, 220.0, 25.0

REVENUE = RevenueSettings(form="marketplace", machine="rig-a", vacant="ergo", occupancy=0.6, platform_fee=0.1)


def settings(revenue: RevenueSettings = REVENUE) -> Settings:
    """One card that may mine ERG or be let on a marketplace."""
    return Settings(
        power=PowerSettings(price_per_kwh=0.1),
        coins={"ERG": CoinSettings(algorithm="autolykos2", reward=12.0, difficulty=3.3e15, max_age_s=10 * DAY)},
        quotes={"ERG": QuoteSettings(kind="coin_price", value=30.0, unit="USD", max_age_s=10 * DAY)},
        workloads={
            "let": WorkloadSettings(
                kind=Kind.AI, unit="let", revenue=revenue, expected=ExpectedSettings(power_w=RENTED_W)
            ),
            "ergo": WorkloadSettings(
                kind=Kind.MINE,
                unit="ergo",
                coin="ERG",
                expected=ExpectedSettings(hashrate_h_per_s=178e6, power_w=MINING_W),
            ),
        },
    )


def quote(kind: str, value: float, at: float, unit: str = "", max_age_s: float = 300.0) -> Quote:
    return Quote(name="rig-a", kind=kind, value=value, unit=unit, source="vast", at=at, max_age_s=max_age_s)


def board(
    config: Settings,
    now: float,
    rented: float | None,
    *,
    listed: bool = True,
    age_s: float = 0.0,
    occupancy: float | None = None,
) -> Board:
    """The config's quotes, and what a feed of machines said just now."""
    found = [*configured(config, START)]
    found += [] if rented is None else [quote("rented", rented, now - age_s)]
    found += [quote("rental", 0.4, now, "USD/h", 900.0)] if listed else []
    found += [] if occupancy is None else [quote("occupancy", occupancy, now, max_age_s=DAY)]
    return Board().put(found)


def let_work(power_w: float | None = RENTED_W) -> Work:
    return Work(workload="let", basis=Basis.MEASURED, power_w=power_w, idle_power_w=IDLE_W)


def terms(config: Settings, held: Board, now: float = START) -> MarketplaceTerms:
    found = terms_of("let", config.workloads["let"], config, held, now)
    assert isinstance(found, MarketplaceTerms)
    return found


# ---- one card, from quotes to money ----------------------------------------------------------------------------------


class Bench(NamedTuple):
    """A card under a pricing of its own."""

    config: Settings
    pricing: Pricing
    candidates: dict[str, Candidate]

    def at(
        self,
        now: float,
        on_card: str,
        rented: float | None,
        *,
        since: float = START,
        listed: bool = True,
        age_s: float = 0.0,
    ) -> Money:
        """The money of a tick: ``on_card`` runs (off: nothing), the feed said ``rented``."""
        held = board(self.config, now, rented, listed=listed, age_s=age_s)
        watts = {"let": RENTED_W if rented else IDLE_W, "ergo": MINING_W, "off": IDLE_W}[on_card]
        reading = Reading(
            slot=0, uuid=CARD, pci="00000000:01:00.0", name="NVIDIA GeForce RTX 4090", at=now, power_w=watts
        )
        self.pricing.begin(held, lambda: held, now, (reading,))
        output = Output(at=now, unit="H/s", value=178e6) if on_card == "ergo" else None
        return self.pricing.price(Seen(reading, occupied_by(on_card, since), output, self.candidates))


def bench(revenue: RevenueSettings = REVENUE) -> Bench:
    config = settings(revenue)
    hosting = Hosting(config, None)
    pricing = Pricing(Config(settings=config, path=None, hash="", written_at=START), Measured(None), hosting)
    found = {name: candidate(name, one, name, (CARD,)) for name, one in config.workloads.items()}
    made = Bench(config, pricing, found)
    for second in range(200):  # the card was seen idle before
        made.at(START - 400 + second, "off", None, listed=False)
    return made


def occupied_by(name: str, since: float) -> Occupancy:
    if name == "off":
        return Occupancy(uuid=CARD, holder=Holder.NONE)
    kind = Kind.MINE if name == "ergo" else Kind.AI
    held = Instance(workload=name, kind=kind, uuids=(CARD,), pids=(1,), unit=name, since=since)
    return Occupancy(uuid=CARD, holder=Holder.WORKLOAD, instance=held)


def named(found: Money, workload: str) -> Option:
    return next(one for one in found.options if one.workload == workload)


MINED = 178e6 * 3600 * 30 * 12 / 3.3e15 - MINING_W / 1e4
RENT = 0.4 * 0.9 - RENTED_W / 1e4
BLEND = 0.6 * RENT + 0.4 * MINED


def test_a_vacant_card_that_mines_nets_what_it_mines_and_is_judged_by_its_occupancy() -> None:
    """The marketplace counts as running: it is listed, and its filler is on the card."""
    found = bench().at(START, "ergo", 0.0)
    assert found.running == "let"
    assert found.net_per_h == pytest.approx(MINED)
    let = named(found, "let")
    assert (let.net_per_h, let.now_per_h) == (pytest.approx(BLEND), pytest.approx(MINED))
    assert named(found, "ergo").net_per_h == pytest.approx(MINED)
    assert found.profit_per_ai_hour is not None and found.profit_per_ai_hour.value == pytest.approx(BLEND)
    assert (found.advice.best, found.advice.acts) == ("let", False)
    assert "rented fraction of rig-a" in {one.name for one in let.inputs}


def test_a_rented_card_nets_its_rent() -> None:
    """More than the mean of the clock hour, as a vacant one nets less."""
    found = bench().at(START, "let", 1.0)
    assert (found.running, found.net_per_h) == ("let", pytest.approx(RENT))
    assert named(found, "let").net_per_h == pytest.approx(BLEND)


def test_a_vacant_card_that_stands_idle_costs_its_power() -> None:
    """With no filler, on the marketplace's own hold or free, it accrues no rent."""
    idle = bench(msgspec.structs.replace(REVENUE, vacant=None))
    for on_card in ("let", "off"):
        found = idle.at(START, on_card, 0.0)
        assert (found.running, found.net_per_h) == ("let", pytest.approx(-IDLE_W / 1e4))
        assert named(found, "let").net_per_h == pytest.approx(0.6 * RENT - 0.4 * IDLE_W / 1e4)


def test_a_vacant_card_that_the_marketplace_fills_itself_nets_what_its_filler_would() -> None:
    """The platform's own job mines on it: the figure is the named workload's estimate for this card, and marked so."""
    found = bench().at(START, "let", 0.0)
    assert (found.running, found.net_per_h) == ("let", pytest.approx(MINED))
    assert named(found, "let").basis is Basis.ESTIMATED


def test_a_card_that_is_not_listed_is_what_runs_on_it() -> None:
    """Mining on a machine that is off the market is mining, and letting it is a flip like any other."""
    fixed = bench(msgspec.structs.replace(REVENUE, rate_per_h=0.4))
    found = fixed.at(START, "ergo", 0.0, listed=False)
    assert (found.running, found.net_per_h) == ("ergo", pytest.approx(MINED))
    assert named(found, "let").now_per_h is None and found.advice.best == "let"


def test_what_was_told_too_long_ago_is_no_now() -> None:
    """The row dims and accrues nothing: whether it earns is not known."""
    found = bench().at(START, "let", 1.0, age_s=400.0)
    let = named(found, "let")
    assert let.stale and let.now_per_h is None
    assert let.old == ("rented fraction of rig-a 6m old, limit 5m",)
    assert not found.advice.acts


def test_a_card_that_only_mines_nets_what_it_mines_told_or_not() -> None:
    """Its machine is listed and nobody says whether it is rented: with the filler on the card no rent comes in."""
    found = bench().at(START, "ergo", None)
    assert (found.running, found.net_per_h) == ("let", pytest.approx(MINED))
    assert not named(found, "let").stale
    idle = bench(msgspec.structs.replace(REVENUE, vacant=None)).at(START, "off", None)
    assert (idle.running, idle.net_per_h) == ("let", pytest.approx(-IDLE_W / 1e4))


@pytest.mark.parametrize("listed", [True, False])
def test_a_let_card_of_which_nobody_says_whether_it_is_rented_accrues_nothing(listed: bool) -> None:
    """What it nets on the mean is shown, dimmed and with the reason; it is no money of today."""
    made = bench(msgspec.structs.replace(REVENUE, rate_per_h=0.4))
    found = made.at(START, "let", None, listed=listed)
    let = named(found, "let")
    assert (found.running, let.now_per_h, let.stale) == ("let", None, True)
    assert let.old == ("rented fraction of rig-a: nothing tells it",)
    reading = Reading(slot=0, uuid=CARD, pci="", name="RTX 4090", at=START, power_w=IDLE_W)
    row = GpuRow(reading=reading, occupancy=occupied_by("let", START), output=None, money=found)
    assert fresh_net_per_h((row,)) is None


def test_what_is_on_offer_and_let_untold_is_old() -> None:
    """Whoever made the terms: a listed card without a word of its renting has no now, and its mean does not count."""
    told = msgspec.structs.replace(LET, listed=True)
    found = at_once(option(told, let_work(), SITE), told, doing_of(let_work(), {"let": told}, {}), {}, SITE)
    assert (found.stale, found.now_per_h, found.old) == (True, None, ("whether let is rented: not told",))


def test_what_is_let_without_a_machine_stays_at_its_mean() -> None:
    """Nobody could ever say whether that is rented: the config's occupancy is all there is, and it is not old."""
    made = bench(RevenueSettings(form="marketplace", rate_per_h=0.4, occupancy=0.6, platform_fee=0.1))
    let = named(made.at(START, "let", None, listed=False), "let")
    assert not let.stale and let.now_per_h is None and let.net_per_h is not None


def test_a_rate_in_the_config_lists_no_machine() -> None:
    """Only a feed that sees the machine says that it is on offer, also where the rate by hand is younger."""
    config = settings()
    by_hand = QuoteSettings(kind="rental", value=0.5, unit="USD/h", max_age_s=10 * DAY)
    config = msgspec.structs.replace(config, quotes={**config.quotes, "rig-a": by_hand})
    alone = terms(config, board(config, START, None, listed=False))
    assert (alone.rate.value, alone.listed) == (0.5, False)
    fed = terms(config, board(config, START, None))
    assert (fed.rate.value, fed.listed) == (0.4, True)
    later = START + HOUR  # the feed has ceased to tell of it
    gone = terms(config, Board().put((*configured(config, START), quote("rental", 0.4, START, "USD/h", 900.0))), later)
    assert (gone.rate.value, gone.listed) == (0.5, False)


def test_watts_of_a_vacant_card_are_not_learned_as_a_renters() -> None:
    """After hours of standing vacant the decision still reckons with the watts that a renter drew."""
    made = bench(msgspec.structs.replace(REVENUE, vacant=None))
    for second in range(0, 600, 10):
        made.at(START + second, "let", 1.0)
    for second in range(600, 3600, 10):
        found = made.at(START + second, "let", 0.0)
    assert named(found, "let").net_per_h == pytest.approx(0.6 * RENT - 0.4 * IDLE_W / 1e4)


def stretches(seed: int) -> Iterator[bool]:
    """Rented or not, minute by minute, in stretches of 20 minutes to 4 hours."""
    chance, rented = random.Random(seed), False
    while True:
        for _ in range(chance.randint(20, 240)):
            yield rented
        rented = not rented


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("filled", ["ergo", "let", "off"])
def test_a_day_of_renting_and_standing_vacant_flips_nothing(seed: int, filled: str) -> None:
    """While nobody rents the card mines, or is held idle, or is free: no advice ever acts, and now follows the rent.

    The feed is a minute behind the card, as a feed is.
    """
    made = bench(REVENUE if filled == "ergo" else msgspec.structs.replace(REVENUE, vacant=None))
    days, told, since = stretches(seed), False, START
    flips, nows = 0, set[float]()
    for minute in range(24 * 60):
        rented = next(days)
        since = since if rented == told else START + minute * MINUTE
        found = made.at(START + minute * MINUTE, "let" if rented else filled, float(told), since=since)
        flips += found.advice.acts
        nows.add(round(found.net_per_h or 0.0, 4))
        told = rented
    assert flips == 0
    assert len(nows) >= 2, "it was both rented and vacant"


def test_a_better_workload_still_takes_a_listed_card() -> None:
    """Judged by occupancy is not never judged: when mining alone beats the blend, advice says so and acts."""
    made = bench(msgspec.structs.replace(REVENUE, occupancy=0.01, vacant=None))
    for minute in range(120):
        found = made.at(START + minute * MINUTE, "off", 0.0)
    assert found.running == "let" and found.advice.best == "ergo"
    for minute in range(120, 240):
        found = made.at(START + minute * MINUTE, "let", 0.0)
    assert found.advice.best == "ergo" and (found.advice.gain_per_h or 0.0) > 0.01
