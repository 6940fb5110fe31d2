"""One GPU over time: what a record means, which watts are believed, what held clocks back, what is said of a loss."""

from pathlib import Path

import pytest

from console.model import ClientKind, GpuState, HostState, Reading, Uuid, Xid
from console.telemetry import frames, hoststate, layout, xid
from console.telemetry.energy import EnergyMeter
from console.telemetry.frames import GpuRecord
from console.telemetry.roster import Entry
from console.telemetry.rows import Row

EVERYTHING = (1 << 19) - 1
ENTRY = Entry(slot=3, uuid=Uuid("GPU-3"), pci="00000000:41:00.0", name="RTX 4090", seen_at=50.0)


def record(*, status: int = 0, known: int = EVERYTHING, absent: int = 0, at: float = 100.0, **fields: int) -> GpuRecord:
    values = {name: 0 for name, _ in layout.RECORD_FIELDS}
    return GpuRecord(**{**values, "status": status, "known": known, "absent": absent, "at": at, "mono_s": at, **fields})


def after(*records: GpuRecord) -> Reading:
    row = Row(ENTRY)
    for one in records:
        row.read(one, one.at)
    return row.reading


# ---- values


def test_units_are_those_of_the_model() -> None:
    """mW to W, bytes to MiB, flags to booleans."""
    reading = after(record(power_mw=221_500, limit_mw=450_000, mem_used=6 << 30, mem_total=24 << 30, remap_pending=1))
    assert (reading.power_w, reading.power_limit_w) == (221.5, 450.0)
    assert (reading.mem_used_mib, reading.mem_total_mib) == (6144.0, 24576.0)
    assert (reading.remap_pending, reading.remap_failed, reading.mig) == (True, False, False)


def test_what_is_not_known_is_none_and_never_zero() -> None:
    """Every optional value of a GPU that told nothing."""
    reading = after(record(known=0))
    kept = {"slot", "uuid", "pci", "name", "at", "state", "since", "reason", "throttle", "xids", "clients_at"}
    told = {name: getattr(reading, name) for name in reading.__struct_fields__ if name not in kept}
    assert {name for name, value in told.items() if value is not None} == {"power_from_energy"}


def test_a_card_without_mig_is_known_not_to_be_in_mig_mode() -> None:
    """Not supported is an answer; no answer is none."""
    assert after(record(known=0, absent=layout.MIG)).mig is False
    assert after(record(known=0)).mig is None
    assert after(record(known=layout.MIG, mig=1)).mig is True


def test_remaps_without_ecc_are_not_believed() -> None:
    """A GeForce answers the remap query with success although it has no such rows."""
    reading = after(record(known=layout.REMAP_PENDING | layout.REMAP_FAILED, remap_failed=1))
    assert reading.remap_failed is None and reading.remap_pending is None


def test_clients_that_could_not_be_read_are_none_and_not_an_empty_list() -> None:
    """Kinds and memory where told."""
    row = Row(ENTRY)
    row.clients(frames.Clients(0, 7.0, ((4711, layout.COMPUTE, 6 << 20), (12, layout.GRAPHICS, None))))
    told = row.reading.clients
    assert told is not None
    assert [(one.pid, one.kind, one.mem_mib) for one in told] == [
        (4711, ClientKind.COMPUTE, 6.0),
        (12, ClientKind.GRAPHICS, None),
    ]
    row.clients(frames.Clients(0, 8.0, ()))
    assert row.reading.clients == ()
    row.clients(frames.Clients(0, 9.0, None))
    assert (row.reading.clients, row.reading.clients_at) == (None, 9.0)


# ---- watts


def test_watts_are_the_slope_of_the_energy_counter() -> None:
    """Over up to ten seconds, from the first second on."""
    meter = EnergyMeter()
    assert meter.add(0.0, 1_000_000) is None
    assert meter.add(0.5, 1_100_000) is None
    assert meter.add(1.0, 1_200_000) == pytest.approx(200.0)
    for second in range(2, 30):
        watts = meter.add(float(second), 1_200_000 + (second - 1) * 300_000)
    assert watts == pytest.approx(300.0)


def test_a_counter_that_goes_back_begins_a_new_session() -> None:
    """The driver was reloaded: no watts until the new counter spans a second."""
    meter = EnergyMeter()
    meter.add(0.0, 9_000_000)
    meter.add(5.0, 10_000_000)
    assert meter.add(6.0, 5_000) is None
    assert meter.add(7.0, 105_000) == pytest.approx(100.0)


def test_a_counter_that_stands_still_is_not_zero_watts() -> None:
    """The average of the sensor is shown instead, and marked as such."""
    first, *rest = [record(energy_mj=777, power_mw=80_000, at=100.0 + n) for n in range(5)]
    reading = after(first, *rest)
    assert (reading.power_w, reading.power_from_energy) == (80.0, False)


def test_measured_energy_wins_over_the_sensor() -> None:
    """The sensor of an H100 sees a quarter of the time; the counter sees all of it."""
    reading = after(*[record(energy_mj=n * 250_000, power_mw=80_000, at=100.0 + n) for n in range(5)])
    assert (reading.power_w, reading.power_from_energy) == (pytest.approx(250.0), True)


# ---- throttling


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x00, ()),
        (0x01, ()),  # idle
        (0x04, ("power cap",)),
        (0x48, ("hw thermal",)),
        (0x88, ("power brake",)),
        (0x08, ("hw slowdown",)),
        (0x20, ("sw thermal",)),
        (0xE8, ("hw thermal", "power brake", "sw thermal")),
    ],
)
def test_reason_bits_have_names(bits: int, words: tuple[str, ...]) -> None:
    """Idle is no fault, and the umbrella bit adds nothing to what it stands for."""
    assert after(record(reasons=bits)).throttle == words


def test_throttling_between_two_looks_is_still_told() -> None:
    """The counter rose while no reason bit was set; ten seconds later it is over."""
    row = Row(ENTRY)
    said = []
    for second, counted in [(0, 500), (1, 500), (2, 900), (3, 900), (11, 900), (12, 900)]:
        row.read(record(at=100.0 + second, hw_thermal_ns=counted), 100.0 + second)
        said.append(row.reading.throttle)
    assert said == [(), (), ("hw thermal",), ("hw thermal",), ("hw thermal",), ()]


# ---- losses


def test_a_lost_gpu_keeps_its_values_with_cause_and_time() -> None:
    """The row is what it was, and says since when and what to do."""
    reading = after(record(power_mw=231_000, at=100.0), record(status=15, at=105.0), record(status=15, at=110.0))
    assert (reading.state, reading.since, reading.at, reading.power_w) == (GpuState.LOST, 105.0, 100.0, 231.0)
    assert reading.reason == "NVML answers that the GPU is lost; reboot the host, check riser and power"


def test_an_xid_explains_a_loss_that_comes_near_it() -> None:
    """Just before, or after; one from an hour ago explains nothing."""
    row = Row(ENTRY)
    row.read(record(at=100.0), 100.0)
    row.xid(79, 104.0)
    row.read(record(status=15), 105.0)
    assert row.reading.reason == "xid 79: fell off the bus; reboot the host, check riser and power"
    assert row.reading.xids == (Xid(code=79, at=104.0),)
    late = Row(ENTRY)
    late.read(record(at=100.0), 100.0)
    late.xid(31, 101.0)
    late.read(record(status=15), 4000.0)
    assert late.reading.reason.startswith("NVML answers that the GPU is lost")
    late.xid(119, 4001.0)
    assert late.reading.reason == "xid 119: GSP did not answer; reset the GPU when nothing uses it"


def test_unknown_errors_are_waited_out_twice() -> None:
    """The third in a row is a loss, with words of its own; a good reading in between starts the count again."""
    good, strange = record(), record(status=999)
    assert after(good, strange, strange).state is GpuState.OK
    assert after(good, strange, strange, good, strange, strange).state is GpuState.OK
    lost = after(good, strange, strange, strange)
    assert lost.state is GpuState.LOST and lost.reason.startswith("unknown error (999) again and again")


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (16, GpuState.RESET_REQUIRED, "nvidia-smi --gpu-reset -i 00000000:41:00.0"),
        (6, GpuState.GONE, "changeover forget 3 retires it"),
        (3, GpuState.UNSUPPORTED, "refused as not supported"),
        (17, GpuState.LOST, "NVML error (17)"),
    ],
)
def test_each_state_says_what_to_do(status: int, state: GpuState, words: str) -> None:
    """One sentence with the next step."""
    reading = after(record(), *[record(status=status)] * 3)
    assert reading.state is state and words in reading.reason


def test_a_gpu_that_is_away_from_the_start_was_last_seen_when_the_roster_says() -> None:
    """Its age does not begin with this console."""
    reading = after(record(status=6, at=1000.0))
    assert (reading.state, reading.since, reading.at) == (GpuState.GONE, 50.0, 50.0)


def test_a_gpu_that_comes_back_is_ok_since_then() -> None:
    """No reason is left standing, and no watts are made of the gap."""
    back = record(at=200.0, energy_mj=900_000, power_mw=90_000)
    reading = after(record(at=100.0, energy_mj=800_000), record(status=15, at=105.0), back)
    assert (reading.state, reading.since, reading.reason) == (GpuState.OK, 200.0, "")
    assert (reading.power_w, reading.power_from_energy) == (90.0, False)


def test_xids_without_a_meaning_point_to_the_catalogue() -> None:
    """An unlisted code is named all the same."""
    assert xid.words(999) == "xid 999: see NVIDIA's XID catalogue and the kernel log"


# ---- the host


def test_a_mismatch_names_both_versions(tmp_path: Path) -> None:
    """From the kernel's file and the library's own name."""
    module = tmp_path / "version"
    module.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.133.20  Sun Mar 23\nGCC version: 12.2.0\n")
    missing = tmp_path / "none"
    state, reason = hoststate.explain(18, "/usr/lib/libnvidia-ml.so.575.64.03", (missing, module))
    assert state is HostState.MISMATCH
    assert "(module 570.133.20, library 575.64.03)" in reason and "reboot, or reload the nvidia modules" in reason
    _, unread = hoststate.explain(18, "", (missing,))
    assert "(module unknown, library unknown)" in unread


@pytest.mark.parametrize(
    ("code", "words"),
    [(9, "modprobe nvidia"), (12, "install it"), (4, "/dev/nvidiactl"), (999, "error 999")],
)
def test_each_failure_of_the_host_says_what_to_do(code: int, words: str) -> None:
    """All are the state of a host without a usable driver."""
    state, reason = hoststate.explain(code, "OSError: libnvidia-ml.so.1: cannot open\x1b[2J", container=())
    assert state is HostState.NO_DRIVER and words in reason and "\x1b" not in reason


def test_a_container_without_the_library_is_told_its_flag(tmp_path: Path) -> None:
    """Nobody installs a driver in there."""
    mark = tmp_path / "mark"
    assert "install it" in hoststate.explain(12, "x", container=(mark,))[1]
    mark.touch()
    _, reason = hoststate.explain(12, "x", container=(mark,))
    assert "in this container (x); " in reason and "`--gpus all`" in reason and "install" not in reason


def test_a_sampler_that_fails_says_nothing_about_the_driver() -> None:
    """The host is hung, as nothing can be read, and the words are the sampler's."""
    state, reason = hoststate.explain(-1, "ValueError: odd\x1b[2J")
    assert (state, reason) == (HostState.HUNG, "nothing reads the GPUs: ValueError: odd[2J; it is tried again")
