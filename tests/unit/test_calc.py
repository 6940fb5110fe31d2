"""``changeover calc`` as a program: its JSON, its lines, and a sentence for every flag that is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from console.commands.calc_compare import SUMMARY

NETWORK = ("--difficulty", "3.3e15", "--reward", "12", "--coin-price", "0.84")
KWH = ("--power-price", "0.071")
ERGO = ("mine", "--hashrate", "178MH", "--watts", "221", *NETWORK)
PEARL = ("mine", "--hashrate", "110TH", "--watts", "300", "--hash-price", "43.1/PH/day", *KWH)
RENTED = ("--rate", "0.41", "--occupancy", "85%", "--platform-fee", "15%")
RENT = ("ai", *RENTED, "--watts", "298", "--idle-watts", "22", *KWH)
KEYS = [
    "inputs",
    "gross_per_h",
    "fees_per_h",
    "power_per_h",
    "net_per_h",
    "net_per_day",
    "profit_per_hash",
    "profit_per_ai_hour",
    "value_per_kwh",
    "break_even_power_price",
]


def calc(*argv: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    """The command as a shell starts it."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "console.cli", "calc", *argv]
    return subprocess.run(
        command, capture_output=True, text=True, encoding=encoding, timeout=30, env=environment, check=False
    )


def figures(*argv: str) -> dict[str, Any]:
    """The JSON object of a sum that must succeed."""
    done = calc(*argv, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_mine_prints_exactly_the_object_asked_for() -> None:
    """All keys in order, inputs in base units, and the sums of an Ergo card worked out by hand."""
    found = figures(*ERGO, *KWH, "--pool-fee", "1%", "--dev-fee", "0.02", "--reject", "0.5%")
    assert list(found) == KEYS
    inputs = found["inputs"]
    assert (inputs["hashrate"], inputs["watts"], inputs["difficulty"]) == (178e6, 221.0, 3.3e15)
    assert (inputs["pool_fee"], inputs["reject"], inputs["hash_price"]) == (0.01, 0.005, None)
    gross = 178e6 * 3600 * 0.84 * 12 / 3.3e15
    kept = gross * 0.98 * 0.995 * 0.99
    assert found["gross_per_h"] == pytest.approx(gross, rel=1e-12)
    assert found["fees_per_h"] == pytest.approx(gross - kept, rel=1e-9)
    assert found["power_per_h"] == pytest.approx(0.221 * 0.071)
    assert found["net_per_h"] == pytest.approx(kept - 0.221 * 0.071)
    assert found["net_per_day"] == pytest.approx(24 * found["net_per_h"])
    assert found["profit_per_hash"] == pytest.approx(found["net_per_h"] / (178e6 * 3600))
    assert found["value_per_kwh"] == found["break_even_power_price"] == pytest.approx(kept / 0.221)
    assert found["profit_per_ai_hour"] is None


def test_the_three_ways_to_say_what_a_hash_pays_agree() -> None:
    """Difficulty and k, nethash and block time, and a price per hashes give one gross."""
    by_k = figures(*ERGO[:5], "--difficulty", "768341", "--k", "4294967296", "--reward", "12", "--coin-price", "0.84")
    seconds = 768341 * 4294967296 / 27.5e12
    network = ["--nethash", "27.5TH", "--block-time", repr(seconds), "--reward", "12", "--coin-price", "0.84"]
    by_network = figures(*ERGO[:5], *network)
    per_eh = 0.84 * 12 / (768341 * 4294967296) * 1e18
    by_price = figures(*ERGO[:5], "--hash-price", f"{per_eh!r}/EH")
    assert by_network["gross_per_h"] == pytest.approx(by_k["gross_per_h"], rel=1e-12)
    assert by_price["gross_per_h"] == pytest.approx(by_k["gross_per_h"], rel=1e-12)


def test_ai_is_reckoned_by_the_clock_hour() -> None:
    """Rent and power are means over rented and vacant hours; what concerns hashes is null."""
    found = figures(*RENT)
    assert list(found) == KEYS
    power = (0.85 * 0.298 + 0.15 * 0.022) * 0.071
    assert found["gross_per_h"] == pytest.approx(0.41 * 0.85)
    assert found["fees_per_h"] == pytest.approx(0.41 * 0.85 * 0.15)
    assert found["power_per_h"] == pytest.approx(power)
    assert found["net_per_h"] == found["profit_per_ai_hour"] == pytest.approx(0.41 * 0.85 * 0.85 - power)
    assert found["profit_per_hash"] is None


def test_watts_are_at_the_wall_unless_told() -> None:
    """Host overhead, power supply and cooling come on top when they are given, and only then."""
    plain, wall = (
        figures(*PEARL),
        figures(*PEARL, "--psu-efficiency", "94%", "--pue", "1.06", "--host-overhead-watts", "24"),
    )
    assert plain["power_per_h"] == pytest.approx(0.3 * 0.071)
    assert wall["power_per_h"] == pytest.approx(0.324 / 0.94 * 1.06 * 0.071)


def test_zero_and_negative_are_numbers() -> None:
    """No watts, free power, worthless coins and a negative power price are sums like any other."""
    nothing = figures("mine", "--hashrate", "0", "--watts", "0", "--hash-price", "0/EH", "--power-price", "0")
    assert (nothing["net_per_h"], nothing["profit_per_hash"], nothing["value_per_kwh"]) == (0.0, None, None)
    for minus in ("-2e-2", "-0.02", "−0.02"):
        paid = figures(*PEARL[:-2], "--power-price", minus)
        assert paid["power_per_h"] == pytest.approx(-0.006)
        assert paid["net_per_h"] == pytest.approx(paid["gross_per_h"] + 0.006)


def test_without_a_power_price_net_is_unknown() -> None:
    """What is left cannot be said, but at which price nothing would be left can."""
    found = figures(*PEARL[:-2])
    assert (found["power_per_h"], found["net_per_h"], found["net_per_day"]) == (None, None, None)
    assert found["break_even_power_price"] == pytest.approx(found["gross_per_h"] / 0.3)
    assert "unknown without --power-price" in calc(*PEARL[:-2]).stdout


def test_compare_equals_its_parts_row_by_row() -> None:
    """Every figure of every row is the one that calc mine and calc ai print alone, best first."""
    both = figures("compare", *PEARL, *RENT, "off", "--idle-watts", "22", *KWH)
    alone = {"mine": figures(*PEARL), "ai": figures(*RENT)}
    rows = {row["name"]: row for row in both["options"]}
    for name, found in alone.items():
        assert {key: rows[name][key] for key in KEYS} == found
    assert rows["off"]["net_per_h"] == pytest.approx(-0.022 * 0.071)
    nets = [row["net_per_h"] for row in both["options"]]
    assert nets == sorted(nets, reverse=True)
    assert both["best"] == both["options"][0]["name"] == "ai"
    costs = alone["ai"]["power_per_h"]
    assert both["break_even_rent"] == pytest.approx((alone["mine"]["net_per_h"] + costs) / (0.85 * 0.85))


def test_the_example_of_compare_is_one_in_which_both_earn() -> None:
    """Whoever copies it from --help sees two sums, not a miner of 0.0000."""
    example = SUMMARY.partition("calc compare ")[2].split()
    rows = figures("compare", *example)["options"]
    assert [row["gross_per_h"] > 0.01 for row in rows] == [True, True]


def test_compare_shares_flags_and_names_twins() -> None:
    """Flags before the first sum hold for all, later ones win, and two of a kind are told apart."""
    found = figures("compare", "--power-price", "0.1", *PEARL[:-2], *PEARL, "--name", "mine at night")
    nets = {row["name"]: row["inputs"]["power_price"] for row in found["options"]}
    assert nets == {"mine": 0.1, "mine at night": 0.071}


def test_payback() -> None:
    """Days, years and total return, null where there is none."""
    found = figures("payback", "--capex", "1.6k", "--net-per-day", "2", "--resale", "500", "--horizon-years", "4")
    assert list(found) == ["inputs", "days", "years", "total_return"]
    assert (found["days"], found["total_return"]) == (800.0, pytest.approx(1.1375))
    never = figures("payback", "--capex", "1600", "--net-per-day", "-2")
    assert (never["days"], never["years"], never["total_return"]) == (None, None, None)


def test_a_contract_sets_the_rate_and_shows_its_credits(tmp_path: Path) -> None:
    """Take-or-pay is paid busy or not, and minutes of downtime have a price."""
    file = tmp_path / "contract.toml"
    file.write_text("rate_per_gpu_h = 0.5\ncredits = [{ below_pct = 99.5, credit_pct = 10 }]\n")
    argv = ("ai", "--contract", str(file), "--watts", "300", "--power-price", "0.1")
    assert figures(*argv)["net_per_h"] == pytest.approx(0.47)
    assert "3h 36m down in a month (below 99.5 %) gives back 10 %, 36.00 $" in calc(*argv).stdout


@pytest.mark.parametrize("argv", [[*ERGO, *KWH, "--pool-fee", "1%"], RENT, ["compare", *PEARL, *RENT]])
def test_text_fits_80_columns_and_plain_terminals(argv: tuple[str, ...]) -> None:
    """No line is wider than 80, and a terminal without UTF-8 gets the same lines in ASCII."""
    shown, plain = calc(*argv), calc(*argv, encoding="ascii")
    assert (shown.returncode, plain.returncode) == (0, 0)
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert len(plain.stdout.splitlines()) == len(shown.stdout.splitlines())
    assert plain.stdout.isascii() and not shown.stdout.isascii()


def test_text_shows_every_term_of_the_sum() -> None:
    """Each line says how its amount comes about; the amounts stand on their points and add up."""
    lines = calc(*ERGO, *KWH, "--pool-fee", "1%").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines if line.endswith("$/h")}
    assert "178.0 MH/s × 3600 s × 3.05 $/PH" in rows["gross"]
    assert "pool 1 %" in rows["fees"]
    assert "221 W × 0.071 $/kWh" in rows["power"]
    assert len({line.rindex(".") for line in rows.values()}) == 1
    amounts = {name: float(line.split()[-2].replace("−", "-")) for name, line in rows.items()}
    assert sum(amounts[name] for name in ("gross", "fees", "power")) == pytest.approx(amounts["net"], abs=2e-6)


BAD = [
    (["--hashrate", "fast"], "--hashrate", "found 'fast', expected a hashrate"),
    (["--watts", "-1"], "--watts", "expected a power"),
    (["--difficulty", "0"], "--difficulty", "above 0"),
    (["--k", "-1"], "--k", "above 0"),
    (["--reward", "many"], "--reward", "found 'many'"),
    (["--coin-price", "nan"], "--coin-price", "found 'nan'"),
    (["--nethash", "0"], "--nethash", "above 0"),
    (["--block-time", "2 min"], "--block-time", "found '2 min'"),
    (["--hash-price", "43.1"], "--hash-price", "43.1/PH/day"),
    (["--power-price", "cheap"], "--power-price", "expected a price"),
    (["--pool-fee", "1"], "--pool-fee", "write 1%"),
    (["--exchange-fee", "0.5"], "--exchange-fee", "below 0.5"),
    (["--dev-fee", "-1%"], "--dev-fee", "below 0.5"),
    (["--reject", "nan"], "--reject", "found 'nan'"),
    (["--psu-efficiency", "0"], "--psu-efficiency", "above 0"),
    (["--pue", "0.9"], "--pue", "1 or more"),
    (["--host-overhead-watts", "x"], "--host-overhead-watts", "expected a power"),
    (["--hash-price", "1/EH"], "--coin-price", "does not go with --hash-price"),
    (["--nethash", "1TH"], "--difficulty", "does not go with --nethash"),
    (["--hashrate", "1e300", "--coin-price", "1e200"], "--hashrate", "too large"),
    (["--hashrates", "1"], "--hashrates", "unrecognized"),
]
BAD_RENT = [
    (["--rate", "-1"], "--rate", "0 or more"),
    (["--occupancy", "85"], "--occupancy", "from 0 to 1"),
    (["--platform-fee", "25"], "--platform-fee", "write 25%"),
    (["--idle-watts", "-1"], "--idle-watts", "expected a power"),
    (["--contract", "/nowhere"], "--contract", "does not go with"),
]


@pytest.mark.parametrize(
    ("argv", "flag", "words"),
    [([*ERGO, *bad], flag, words) for bad, flag, words in BAD] + [([*RENT, *bad], f, w) for bad, f, w in BAD_RENT],
)
def test_a_wrong_flag_is_named_in_one_sentence(argv: list[str], flag: str, words: str) -> None:
    """Exit 2, nothing on stdout, one line that names the flag, what was found and what was expected."""
    done = calc(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert flag in done.stderr and words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["mine", "--watts", "1", "--hash-price", "1/EH"], "--hashrate"),
        (["mine", "--hashrate", "1", "--watts", "1"], "--coin-price is missing"),
        (["mine", "--hashrate", "1", "--watts", "1", "--coin-price", "1"], "--reward is missing"),
        (["mine", "--hashrate", "1", "--watts", "1", "--coin-price", "1", "--reward", "1"], "--difficulty is missing"),
        ([*ERGO[:5], "--coin-price", "1", "--reward", "1", "--nethash", "1"], "--block-time is missing"),
        ([*ERGO[:5], "--coin-price", "1", "--reward", "1", "--k", "2"], "--k is missing its --difficulty"),
        (["ai", "--watts", "1"], "--rate is missing"),
        (["ai", "--watts", "1", "--contract", "/nowhere/at/all"], "--contract '/nowhere/at/all' cannot be read"),
        (["payback", "--capex", "1"], "--net-per-day"),
        (["payback", "--capex", "-1", "--net-per-day", "1"], "--capex"),
        (["compare", *PEARL], "two or more of mine, ai and off"),
        (["compare", "--hashrate", "1", *PEARL, *RENT], "--hashrate"),
        (["compare", *PEARL, "ai", "--rate", "1"], "changeover calc compare ai"),
        (["compare", *PEARL, "--name", "a", *RENT, "--name", "a"], "--name: found 'a' twice"),
        (["profit"], "expected one of mine, ai, compare, payback"),
    ],
)
def test_what_is_missing_is_named(argv: list[str], words: str) -> None:
    """A sum that lacks a flag says which, and nothing is taken for 0."""
    done = calc(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_explains_and_succeeds() -> None:
    """--help of the command and of each sum goes to stdout with 0; no sum at all is wrong use."""
    for argv in ([], ["mine"], ["ai"], ["compare"], ["payback"]):
        done = calc(*argv, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "usage: changeover calc" in done.stdout
    bare = calc()
    assert (bare.returncode, bare.stdout) == (2, "")


def test_calc_imports_nothing_heavy() -> None:
    """The calculator starts fast because it loads no screen, network, process or event-loop library."""
    script = (
        "import sys; from console.commands.calc import main; main(sys.argv[1:]); "
        "print(*sorted(m for m in sys.modules if '.' not in m))"
    )
    command = [sys.executable, "-c", script, *PEARL, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "msgspec" in loaded
    assert not loaded & {"textual", "rich", "httpx", "psutil", "asyncio", "subprocess", "sqlite3", "pynvml", "ssl"}
