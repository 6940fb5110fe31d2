"""The README says what the program says: keys from the registry, commands from the command line."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from console.cli import COMMANDS, usage
from console.view.actions import table_of_keys
from console.view.detailactions import EVERY

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def section(name: str) -> tuple[str, str]:
    """The README, and the part of it between two marks."""
    text = README.read_text()
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found is not None, f"the README has no section {name}"
    return text, found[1]


def expected(name: str) -> str:
    """What stands there by right."""
    if name == "keys":
        return table_of_keys(EVERY) + "\n"
    return f"```\n{usage()}```\n"


@pytest.mark.parametrize("name", ["keys", "commands"])
def test_the_readme_says_what_the_program_says(name: str) -> None:
    """WRITE_README=1 writes the section instead of failing; then it is in the change to be read."""
    text, found = section(name)
    if os.environ.get("WRITE_README"):
        README.write_text(text.replace(f"<!-- {name} -->\n{found}", f"<!-- {name} -->\n{expected(name)}"))
        return
    assert found == expected(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_of_itself_what_the_list_says(name: str) -> None:
    """The list is kept apart so that --help imports no command; it must not drift from them."""
    module, summary = COMMANDS[name]
    said = str(import_module(module).SUMMARY)
    assert said.partition("\n")[0] == summary


def test_the_pictures_of_the_readme_are_there() -> None:
    """No broken image, and every relative link leads somewhere."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text()):
        assert (ROOT / target).exists(), target


def test_every_example_of_the_readme_is_a_file_that_loads(tmp_path: Path) -> None:
    """A site config in parts, and the operator's own file, which is the one with [keys]."""
    from console.commands.own import opened
    from console.config.loading import load

    blocks = re.findall(r"```toml\n(.*?)```", README.read_text(), re.S)
    [own] = [block for block in blocks if "[keys]" in block]
    for name, text in (("config", "\n".join(block for block in blocks if block != own)), ("user", own)):
        (tmp_path / f"{name}.toml").write_text(text)
        (tmp_path / f"{name}.toml").chmod(0o600)
    assert {*load(tmp_path / "config.toml").settings.workloads} == {"ergo", "vllm-qwen"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHANGEOVER_USER", str(tmp_path / "user.toml"))
        settings, registry, _ = opened()
    assert (settings.theme, settings.bell) == ("light", False)
    assert [action.keys for action in registry if action.id in ("mine", "standdown")] == [("M",), ()]


def test_the_readme_names_every_column_that_the_filter_knows() -> None:
    """By the keys that user.toml has for them too."""
    from console.view.columns import BY_KEY

    [said] = re.findall(r"its title or its key: `([^`]*)`", README.read_text())
    assert {*said.split(), "slot"} == {*BY_KEY}


def test_every_example_of_the_market_page_is_a_config(tmp_path: Path) -> None:
    """All its blocks together load, and together they show every kind of feed."""
    from console.config.feed_kinds import KINDS
    from console.config.loading import load

    text = (ROOT / "docs" / "market.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    path = tmp_path / "config.toml"
    path.write_text("\n".join(blocks))
    path.chmod(0o600)
    loaded = load(path).settings
    assert {feed.kind or name for name, feed in loaded.feeds.items()} == {*KINDS}
    assert loaded.pools and loaded.contracts


def test_every_example_of_the_page_on_flips_is_a_config(tmp_path: Path) -> None:
    """All its blocks together load, they show every kind of controller, and every guard and meter is in its tables."""
    from console.config.loading import load
    from console.flips.guards import LOCK, RULES
    from console.workloads.registry import controller_kinds, meter_kinds

    text = (ROOT / "docs" / "flips.md").read_text()
    path = tmp_path / "config.toml"
    path.write_text("\n".join(re.findall(r"```toml\n(.*?)```", text, re.S)))
    path.chmod(0o600)
    loaded = load(path).settings
    assert {one.kind or name for name, one in loaded.controllers.items()} == {*controller_kinds()}
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z]+)`", rows))
    assert {*meter_kinds(), *(rule.name for rule in RULES), LOCK} <= named
