"""The site config: what is accepted, and the sentence for everything else."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console import paths
from console.config.loading import ConfigError, find, load
from console.config.settings import Config, Settings, pin_of
from console.model import Kind

VALID = """\
[site]
name = "rig-07"
currency = "EUR"
timezone = "Europe/Berlin"
psu_efficiency = 0.92
background = ["uid:gdm", "cgroup:/system.slice/dcgm.service"]

[power]
components = [{ name = "energy", price_per_kwh = -0.02 }, { name = "grid", price_per_kwh = 0.09 }]

[coins.ERG]
algorithm = "autolykos2"
reward = 3.0
difficulty = 1.1e15
at = "2026-06-01T12:00:00Z"

[quotes.ERG]
kind = "coin_price"
value = 0.84
unit = "EUR"

[quotes.rent]
kind = "rental"
value = 0.41
unit = "EUR/h"

[controllers.systemd]

[controllers.side]
kind = "supervisor"
socket = "/run/supervisor.sock"
acknowledged = true

[gpus."GPU-11111111-2222-3333-4444-555555555555"]
slot = 3
pin = "ergo"

[workloads.ergo]
kind = "mine"
gpus = [0, 1, "41:00.0", "GPU-aaaaaaaa"]
span = 2
controller = "systemd"
unit = "miner@{slot}.service"
coin = "ERG"
pool_fee = 0.01
meter = { kind = "xmrig", url = "http://127.0.0.1:404{slot}" }

[workloads.qwen]
kind = "ai"
controller = "side"
unit = "vllm-{slot}"
revenue = { form = "marketplace", quote = "rent", occupancy = 0.7, platform_fee = 0.25 }

[workloads.standby]
kind = "off"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o640)
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert VALID.count(old) == 1, old
    return VALID.replace(old, new)


def loaded_or_told(path: Path) -> None:
    """The config loads, or every sentence of the refusal begins with the file's name; any other exception passes."""
    sentences: tuple[str, ...] = ()
    try:
        load(path)
    except ConfigError as error:
        sentences = error.sentences or ("nothing",)
    assert [line for line in sentences if not line.startswith(str(path))] == []


def line_with(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_whole_config_is_typed(tmp_path: Path) -> None:
    """Every table of the config arrives as typed settings, with the file's hash and the time it was written."""
    path = written(tmp_path, VALID)
    config = load(path)
    assert config.path == str(path) and len(config.hash) == 64
    assert config.written_at == pytest.approx(path.stat().st_mtime)
    ergo = config.settings.workloads["ergo"]
    assert (ergo.kind, ergo.gpus, ergo.span) == (Kind.MINE, (0, 1, "41:00.0", "GPU-aaaaaaaa"), 2)
    assert config.settings.power.components[0].price_per_kwh == -0.02
    assert config.settings.gpus["GPU-11111111-2222-3333-4444-555555555555"].slot == 3
    assert config.warnings == ("workloads.qwen has no meter: what it produces stays an estimate",)


def test_pin_is_found_by_the_whole_uuid(tmp_path: Path) -> None:
    """A pin is its own card's: other cards, and cards with settings but no pin, may run anything."""
    other = "GPU-22222222-2222-3333-4444-555555555555"
    known = load(written(tmp_path, f'{VALID}\n[gpus."{other}"]\nslot = 4\n')).settings
    assert pin_of(known, "GPU-11111111-2222-3333-4444-555555555555") == "ergo"
    assert pin_of(known, other) is None and pin_of(known, "GPU-11111111") is None


def test_no_file_is_the_defaults() -> None:
    """Without a file there are default settings that know no workload."""
    assert load(None) == Config(settings=Settings(), path=None, hash="", written_at=0.0)


def test_changed_byte_changes_the_hash(tmp_path: Path) -> None:
    """The hash is of the file's bytes: even a comment changes it."""
    assert load(written(tmp_path, VALID)).hash != load(written(tmp_path, VALID + "# x\n")).hash


FAULTS = [
    ('name = "rig-07"', 'nam = "rig-07"', "nam", "site.nam is not a key of this table; did you mean name?"),
    ("span = 2", "span = 2\nspam = 2", "spam", "workloads.ergo.spam is not a key of this table; did you mean span?"),
    (
        'kind = "xmrig"',
        'kin = "xmrig"',
        "kin =",
        "workloads.ergo.meter.kin is not a key of this table; did you mean kind?",
    ),
    ("[power]", "[powr]", "powr", "powr is not a key of this table; did you mean power?"),
    (
        "slot = 3",
        'slot = "3"',
        "slot =",
        'gpus.GPU-11111111-2222-3333-4444-555555555555.slot is "3", expected a whole number',
    ),
    ("slot = 3", "slot = -1", "slot =", "slot is -1, expected a number from 0 to 9999"),
    ("value = 0.84", "value = true", "= true", "quotes.ERG.value is true, expected a number"),
    ("value = 0.84", "value = nan", "nan", "quotes.ERG.value is nan, expected a finite number"),
    ("difficulty = 1.1e15", "difficulty = inf", "inf", "coins.ERG.difficulty is inf, expected a finite number"),
    ('kind = "rental"', 'kind = "rentel"', "rentel", 'quotes.rent.kind is "rentel", expected one of '),
    ('kind = "ai"', 'kind = "a"', '"a"', 'workloads.qwen.kind is "a", expected one of mine, ai, off; did you mean ai?'),
    ('kind = "off"', "", "standby", "workloads.standby has no kind, expected one of mine, ai, off"),
    (
        "pool_fee = 0.01",
        "pool_fee = 1",
        "pool_fee",
        "pool_fee is 1.0, expected a fraction from 0 to below 0.5: write 0.01 for 1 %",
    ),
    ("pool_fee = 0.01", "pool_fee = 0.5", "pool_fee", "pool_fee is 0.5, expected a fraction from 0 to below 0.5"),
    ("pool_fee = 0.01", "pool_fee = -0.1", "pool_fee", "pool_fee is -0.1, expected a fraction from 0 to below 0.5"),
    (
        "occupancy = 0.7",
        "occupancy = 70",
        "occupancy",
        "occupancy is 70.0, expected a fraction from 0 to 1: write 0.7 for 70 %",
    ),
    ("psu_efficiency = 0.92", "psu_efficiency = 0", "psu_", "psu_efficiency is 0.0, expected a fraction above 0 to 1"),
    ("psu_efficiency = 0.92", "pue = 0.9", "pue", "site.pue is 0.9, expected a number of at least 1"),
    ('"EUR"\ntimezone', '"euros"\ntimezone', "euros", 'site.currency is "euros", expected a code'),
    ('"Europe/Berlin"', '"Europe/Berln"', "Berln", 'site.timezone is "Europe/Berln", expected a time zone'),
    ('"Europe/Berlin"', '"America"', "America", 'site.timezone is "America", expected a time zone'),
    ('"Europe/Berlin"', '"../../etc/passwd"', "passwd", "expected a time zone"),
    ('"uid:gdm"', '"Xorg"', "Xorg", 'site.background[0] is "Xorg", expected "uid:NAME"'),
    (
        "[power]",
        "[power]\nprice_per_kwh = 0.1",
        "[power]",
        "power has price_per_kwh and components, expected one of them",
    ),
    (
        "difficulty = 1.1e15",
        "nethash = 2e13",
        "[coins.ERG]",
        "coins.ERG has no difficulty, and not both of nethash and block_time_s",
    ),
    ("difficulty = 1.1e15", "difficulty = 1e15\nnethash = 2e13", "[coins.ERG]", "coins.ERG has difficulty and nethash"),
    ("12:00:00Z", "noon", "noon", 'coins.ERG.at is "2026-06-01Tnoon", expected ISO 8601'),
    ("12:00:00Z", "12:00:00", "12:00", "without a time zone"),
    ("span = 2", "span = 3", "span", "span is 3, which does not divide the 4 GPUs"),
    ("[0, 1, ", "[0, 0, ", "gpus = ", "workloads.ergo.gpus[1] names 0 a second time"),
    ("[0, 1, ", '[0, "0000:41:00.0", ', "gpus = ", 'workloads.ergo.gpus[2] names "41:00.0" a second time'),
    ("[0, 1, ", '[0, "1", ', "gpus = ", 'workloads.ergo.gpus[1] is "1", expected a slot such as 3'),
    ("miner@{slot}", "miner", 'unit = "miner', 'unit is "miner.service" for 2 instances, expected {slot} in it'),
    (
        "miner@{slot}",
        "miner {slot}",
        "miner {",
        'unit is "miner {slot}.service", expected a unit such as "miner@{slot}',
    ),
    ("miner@{slot}", "miner@{gpu}", "{gpu}", 'unit has "{gpu}" in it, expected {slot}, {uuid} or {pci}'),
    ("miner@{slot}", "miner@{slot", "{slot.", "expected {slot}, {uuid} or {pci}"),
    (
        'controller = "systemd"',
        'controller = "systmd"',
        "systmd",
        "there is no [controllers.systmd]; did you mean systemd?",
    ),
    ('controller = "systemd"\n', "", "[workloads.ergo]", "workloads.ergo has a unit but no controller"),
    (
        'kind = "supervisor"',
        'kind = "supervisr"',
        "controllers.side",
        'kind is "supervisr", which is no kind of controller; did you mean supervisor?',
    ),
    (
        "acknowledged = true",
        "",
        "controllers.side",
        "controllers.side lacks acknowledged = true: whoever can open its socket has full control",
    ),
    ('"/run/supervisor.sock"', '"supervisor.sock"', "socket", "expected an absolute path"),
    (
        'coin = "ERG"',
        'coin = "ETG"',
        "ETG",
        'workloads.ergo.coin is "ETG", but there is no [coins.ETG]; did you mean ERG?',
    ),
    ('quote = "rent"', 'quote = "ERG"', "revenue", 'revenue.quote is "ERG", which is no quote of kind rental'),
    ('quote = "rent", ', "", "revenue", "revenue of form marketplace needs rate_per_h or quote"),
    ('kind = "xmrig"', 'kind = "xmrg"', "xmrg", 'meter.kind is "xmrg", which is no kind of meter; did you mean xmrig?'),
    ("http://127.0.0.1:404{slot}", "ftp://x:1", "ftp", "expected http://HOST:PORT"),
    ("http://127.0.0.1:404{slot}", "http://h:70000", "70000", "expected http://HOST:PORT"),
    ("http://127.0.0.1:404{slot}", "http://a:b@h:1", "a:b", "which holds a user or password: put it into a file"),
    ("http://127.0.0.1:404{slot}", "http://[", "http://[", "expected http://HOST:PORT"),
    ('pin = "ergo"', 'pin = "erg"', "pin", 'pin is "erg", which is no workload; did you mean ergo?'),
    ("GPU-11111111-2222-3333-4444-555555555555", "GPU-11111111", "GPU-1", "GPU-11111111 is not a GPU's whole UUID"),
    ("GPU-11111111-2222-3333-4444-555555555555", "GPU-AAAAAAAA-2222-3333-4444-555555555555", "GPU-A", "nvidia-smi -L"),
    ("[workloads.standby]", "[workloads.off]", "workloads.off", "workloads.off may not be named off"),
    ("[workloads.standby]", "[workloads.Mine]", "Mine", "may not be named Mine"),
    ("[workloads.standby]", '[workloads."a b"]', "a b", 'workloads."a b" is no name for a workload'),
    (
        'kind = "off"',
        'kind = "off"\nunit = "x.service"',
        "standby",
        "workloads.standby is of kind off, which starts nothing",
    ),
    ('"vllm-{slot}"', '"vllm\\u202e-{slot}"', "vllm", "workloads.qwen.unit holds control, invisible"),
]


@pytest.mark.parametrize(("old", "new", "word", "said"), FAULTS, ids=[f"{new[:24]!r}" for _, new, _, _ in FAULTS])
def test_fault_names_line_key_found_and_expected(tmp_path: Path, old: str, new: str, word: str, said: str) -> None:
    """A fault is one sentence with the file, the line of the key, the key, what was found and what was expected."""
    text = changed(old, new)
    sentences = refusal(tmp_path, text).splitlines()
    wanted = [line for line in sentences if said in line]
    assert wanted, sentences
    assert wanted[0].startswith(f"{tmp_path}/config.toml, line {line_with(text, word)}: ")


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    """The sentence about it names the address without it; nor is a query shown, which may hold a key."""
    said = refusal(tmp_path, changed("http://127.0.0.1:404{slot}", "ftp://alice:s3cret@h:1/x?api_token=t0ken"))
    assert "ftp://h:1/x" in said and "s3cret" not in said and "t0ken" not in said


def test_all_faults_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Several faults are several sentences, so that one run is enough to mend them."""
    text = changed("psu_efficiency = 0.92", "psu_efficiency = 92").replace("pool_fee = 0.01", "pool_fee = 1")
    first, second = refusal(tmp_path, text).splitlines()
    assert "psu_efficiency" in first and "write 0.92 for 92 %" in first and "pool_fee" in second


def test_two_workloads_may_not_share_a_unit(tmp_path: Path) -> None:
    """A unit is one workload's: a second one with the same controller and unit is refused by name."""
    twin = '\n[workloads.twin]\nkind = "mine"\ncontroller = "systemd"\nunit = "miner@{slot}.service"\n'
    assert 'workloads.twin.unit is "miner@{slot}.service", which ergo has already' in refusal(tmp_path, VALID + twin)


def test_market_that_pays_per_hash_needs_no_network(tmp_path: Path) -> None:
    """A coin with a hash_price quote of its name needs neither difficulty nor nethash."""
    text = changed("difficulty = 1.1e15", "").replace('kind = "coin_price"', 'kind = "hash_price"')
    assert load(written(tmp_path, text)).settings.coins["ERG"].difficulty is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[site]\nname = \xff", "line 2: is not UTF-8"),
        ("[site\n", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
        ("[gpus.x]\nslot = " + "9" * 5000, "is not TOML"),
        ("[gpus.x]\nslot = " + "9" * 40, "slot is a huge number, expected a number from 0"),
        ("workloads = 3", "workloads is 3, expected tables such as [workloads.NAME]"),
        ("#" * ((1 << 20) + 1), "is larger than 1 MiB"),
    ],
)  # fmt: skip
def test_unreadable_text_is_one_sentence(tmp_path: Path, text: str | bytes, said: str) -> None:
    """Broken encodings, syntax, depth and size are told, never thrown."""
    assert said in refusal(tmp_path, text)


def test_native_dates_are_told_to_be_quoted(tmp_path: Path) -> None:
    """TOML's own dates are a type that the config does not use: the sentence asks for quotes."""
    text = changed('"2026-06-01T12:00:00Z"', "2026-06-01T12:00:00Z")
    assert "coins.ERG.at is 2026-06-01 12:00:00+00:00, expected text in quotes" in refusal(tmp_path, text)


def test_only_the_flag_and_etc_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the working directory nor the environment can bring in a config."""
    written(tmp_path, VALID)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHANGEOVER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", tmp_path / "etc" / "config.toml")
    assert find(None) is None
    assert find("other.toml") == Path("other.toml")
    (tmp_path / "etc").mkdir()
    written(tmp_path / "etc", VALID)
    assert find(None) == tmp_path / "etc" / "config.toml"


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_give_a_config_or_a_sentence(tmp_path: Path, body: bytes) -> None:
    """No file content whatever raises anything but ConfigError."""
    loaded_or_told(written(tmp_path, body))


VALUES = st.one_of(
    st.sampled_from(
        ["nan", "-inf", "true", "[]", "{}", '""', "1979-05-27", "-1", "0", "1e300", "[[0]]", '"{"', "{a={}}"]
    ),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mutation_gives_a_config_or_sentences_with_a_place(tmp_path: Path, data: st.DataObject) -> None:
    """A valid config with a value replaced, a line dropped or doubled loads, or each sentence names the file."""
    lines = VALID.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["drop", "double", "value", "key"]))
    key, equals, _ = lines[at].partition(" = ")
    if how == "value" and equals:
        lines[at] = f"{key} = {data.draw(VALUES)}"
    elif how == "key" and equals:
        lines[at] = lines[at].replace(key, data.draw(st.text("abcdefkinds_", min_size=1, max_size=9)), 1)
    else:
        lines[at : at + 1] = [] if how == "drop" else [lines[at]] * 2
    loaded_or_told(written(tmp_path, "\n".join(lines)))
