"""What is said where the library behind a kind is not installed."""

import sys

import pytest

from console.config.kinds import CONTROLLERS, member


@pytest.mark.parametrize(
    ("kind", "library", "extra"), [("docker", "docker", "docker"), ("systemd", "dbus_fast", "systemd")]
)
def test_a_missing_library_comes_by_the_extra_of_this_installation(
    monkeypatch: pytest.MonkeyPatch, kind: str, library: str, extra: str
) -> None:
    """The command to type, for the very environment that lacks it; the name alone would be asked of a package index."""
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("console.workloads.controllers.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(LookupError, match=f"the controller {kind} needs {library}: ") as told:
        member("controller", CONTROLLERS, kind)
    assert str(told.value).endswith(f"run {sys.prefix}/bin/pip install '.[{extra}]'")
