"""What ``[controllers.X]`` and ``[workloads.X]`` may say: who starts what, on which GPUs, and how it is paid."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.model import Kind, Record


class ControllerSettings(Record):
    """``[controllers.X]``: who starts and stops workloads. ``kind`` defaults to X.

    ``start``, ``stop`` and ``status`` are argument lists of kind ``argv``, ``{unit}`` in them the workload's unit; no
    shell reads them. ``market``, ``url`` and ``key_file`` are of kind ``rental``.
    """

    kind: str = ""
    socket: str | None = None
    bus: Literal["system", "user"] = "system"
    acknowledged: bool = False  # that this controller's socket is full control (supervisor, docker)
    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    running_codes: tuple[int, ...] = (0,)  # exit codes of ``status``; all others but these mean that it failed
    stopped_codes: tuple[int, ...] = (1, 3)
    env: dict[str, str] = msgspec.field(default_factory=dict)
    directory: str | None = None
    market: Literal["vast", "clore"] | None = None
    url: str | None = None
    key_file: str | None = None


class MeterSettings(Record):
    """``meter = {…}``: where a running workload says what it produces.

    ``{slot}`` expands in ``url``, and ``{slot+18080}`` to the sum, which stays a port whatever the slot.
    """

    kind: str
    url: str
    token_file: str | None = None
    value: str = ""  # kind json: where in the answer the output stands, such as ``data.0.speed``
    unit: str = "H/s"  # kind json: what one of that figure is, such as ``MH/s`` or ``tok/s``
    per_gpu: str = ""  # kind json: where the list of GPUs stands
    gpu_value: str = ""  # kind json: where in one of these its output stands
    gpu_pci: str = ""  # kind json: and where its PCI address
    pci_base: Literal["hex", "decimal"] = "hex"
    accepted: str = ""
    rejected: str = ""
    uptime: str = ""


class RevenueSettings(Record):
    """``revenue = {…}``: how an AI workload is paid, per GPU and hour unless named otherwise."""

    form: Literal["contract", "marketplace", "tokens"]
    rate_per_h: float | None = None  # contract and marketplace; or the name of a rental quote in ``quote``
    quote: str | None = None  # default: what ``machine`` is listed at
    contract: str | None = None  # a [contracts.X], for form contract
    machine: str | None = None  # a machine of a feed of rented machines: whether it is rented now, how often it is
    vacant: str | None = None  # the workload that runs while nobody rents; default: idle
    occupancy: float | None = None  # until ``machine`` has been watched for a day; default: always rented
    platform_fee: float = 0.0
    storage_per_h: float = 0.0
    bandwidth_per_h: float = 0.0
    price_in_per_mtok: float | None = None
    price_out_per_mtok: float | None = None
    billed_share: float | None = None


class ExpectedSettings(Record):
    """``expected = {…}``: what one GPU does under this workload, until it has been measured here."""

    hashrate_h_per_s: float | None = None
    tokens_per_s: float | None = None
    power_w: float | None = None


class ListingSettings(Record):
    """``listing = {…}``: at what a workload of a ``rental`` controller is offered. Money is the market's own, USD."""

    price_per_h: float  # per GPU and hour
    min_bid_per_h: float | None = None  # Vast.ai: interruptible renters; Clore.ai: spot
    days: float | None = None  # the listing ends by itself; what is rented by then goes on until its renter leaves
    min_gpus: int = 1  # Vast.ai: the smallest part of the machine that is let
    image: str | None = None  # what runs while nobody rents: a container image
    args: tuple[str, ...] = ()


class WorkloadSettings(Record):
    """``[workloads.X]``: something that GPUs can do.

    ``gpus`` names the GPUs it may use (slot, UUID or PCI address; empty: all). One instance holds ``span`` of them,
    in the order given; ``{slot} {slot+N} {uuid} {pci}`` of its first GPU expand in ``unit`` and ``meter.url``.
    """

    kind: Kind
    gpus: tuple[int | str, ...] = ()
    span: int = 1
    memory_mib: float = 0.0
    controller: str = ""
    unit: str = ""
    meter: MeterSettings | None = None
    coin: str | None = None
    pool: str | None = None  # a [pools.X]: what is mined here is credited there
    pool_fee: float = 0.0
    exchange_fee: float = 0.0
    dev_fee: float = 0.0
    reject: float = 0.0
    revenue: RevenueSettings | None = None
    expected: ExpectedSettings = ExpectedSettings()
    wear_per_h: float = 0.0
    start_timeout_s: float = 180.0
    stop_timeout_s: float = 30.0
    settle_s: float = 2.0
    drain_timeout_s: float = 120.0
    drain: tuple[str, ...] = ()  # an argument list that stops requests from coming; {unit} {slot} {uuid} {pci} expand
    undrain: tuple[str, ...] = ()  # and one that lets them come again
    listing: ListingSettings | None = None
    profile: str | None = None  # power limit and clocks while it runs: /etc/changeover/profiles/NAME.conf
