"""What each GPU does under each workload: measured while it runs, else from its own past, its model here, the config,
the shipped table, in that order, and always with where the figure comes from.
"""

from __future__ import annotations

from console.config.settings import Settings
from console.config.workload_settings import WorkloadSettings
from console.economics.table import lookup
from console.economics.terms import Work
from console.history.measured import Figure, Measured
from console.model import Basis, Instance, Kind, Output, Reading
from console.units import age

OFF = "off"


class Estimates:
    """Works of one host's GPUs; learns from what it is shown."""

    def __init__(self, settings: Settings, measured: Measured) -> None:
        self._settings = settings
        self._measured = measured

    def running(
        self,
        reading: Reading,
        instance: Instance,
        output: Output | None,
        since_s: float | None,
        *,
        learns: bool = True,
    ) -> Work:
        """What the GPU does now. A miner whose meter is silent has no rate, not a rate of 0.

        It ``learns`` that as what the GPU does under this workload: of a vacant card there is nothing to learn.
        """
        workload, gpus = instance.workload, len(instance.uuids)
        rate = share(output, reading, gpus)
        prompts = output.input_value / gpus if output and output.input_value is not None else None
        if learns:
            self._measured.observe(
                reading.uuid,
                reading.name,
                workload,
                reading.at,
                rate=rate,
                power_w=reading.power_w,
                input_rate=prompts,
            )
        return Work(
            workload=workload,
            basis=Basis.MEASURED,
            rate=rate,
            input_rate=prompts,
            power_w=reading.power_w,
            idle_power_w=self.idle_w(reading),
            source=f"measured {age(since_s)}" if since_s is not None else "measured",
            at=reading.at,
            idle_source=self._idle_source(reading),
            since_s=since_s,
        )

    def standing(self, reading: Reading) -> Work:
        """What a GPU that nobody holds draws now."""
        self._measured.observe(reading.uuid, reading.name, OFF, reading.at, rate=None, power_w=reading.power_w)
        return Work(
            workload=OFF,
            basis=Basis.MEASURED,
            power_w=reading.power_w,
            idle_power_w=reading.power_w,
            source="measured",
            at=reading.at,
            idle_source="NVML",
        )

    def would(self, reading: Reading, workload: str, settings: WorkloadSettings | None, now: float) -> Work:
        """What this GPU would do under ``workload`` (None: off)."""
        idle_w = self.idle_w(reading)
        if settings is None:
            basis = Basis.ESTIMATED
            source = self._idle_source(reading)
            return Work(
                workload=OFF, basis=basis, power_w=idle_w, idle_power_w=idle_w, source=source, idle_source=source
            )
        figure, source = self._remembered(reading, workload, now)
        if figure is not None:
            return Work(
                workload=workload,
                basis=Basis.ESTIMATED,
                rate=figure.rate,
                input_rate=figure.input_rate,
                power_w=figure.power_w,
                idle_power_w=idle_w,
                source=source,
                at=figure.at,
                idle_source=self._idle_source(reading),
            )
        return self._given(reading, workload, settings, idle_w)

    def idle_w(self, reading: Reading) -> float | None:
        """Watts of this card when nobody holds it, as last seen here; None while never seen."""
        figure = self._measured.on(reading.uuid, OFF) or self._measured.like(reading.name, OFF)
        return figure.power_w if figure else None

    def _idle_source(self, reading: Reading) -> str:
        if self._measured.on(reading.uuid, OFF):
            return "its own, last idle"
        return "model average here" if self._measured.like(reading.name, OFF) else "never seen idle here"

    def _remembered(self, reading: Reading, workload: str, now: float) -> tuple[Figure | None, str]:
        own = self._measured.on(reading.uuid, workload)
        if own is not None:
            return own, f"its own, {age(max(0.0, now - own.at))} ago"
        return self._measured.like(reading.name, workload), "model average here"

    def _given(self, reading: Reading, workload: str, settings: WorkloadSettings, idle_w: float | None) -> Work:
        expected = settings.expected
        rate = expected.hashrate_h_per_s if settings.kind is Kind.MINE else expected.tokens_per_s
        if rate is not None or expected.power_w is not None:
            return Work(
                workload=workload,
                basis=Basis.ESTIMATED,
                rate=rate,
                power_w=expected.power_w,
                idle_power_w=idle_w,
                source="expected in config",
                idle_source=self._idle_source(reading),
            )
        coin = self._settings.coins.get(settings.coin or "")
        row = lookup(reading.name, coin.algorithm) if coin else None
        if row is None:
            return Work(
                workload=workload,
                basis=Basis.ESTIMATED,
                idle_power_w=idle_w,
                source="never run here",
                idle_source=self._idle_source(reading),
            )
        return Work(
            workload=workload,
            basis=Basis.TABLE,
            rate=row.rate_h_per_s,
            power_w=row.power_w,
            idle_power_w=idle_w,
            source=f"table, {row.source}",
            idle_source=self._idle_source(reading),
        )


def share(output: Output | None, reading: Reading, gpus: int) -> float | None:
    """This GPU's part of its instance's output: the meter's own figure for it, else an equal part of the whole."""
    if output is None or output.value is None:
        return None
    if output.per_gpu:
        return dict(output.per_gpu).get(reading.pci)
    return output.value / gpus
