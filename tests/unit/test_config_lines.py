"""The line of a config's fault, found past everything that looks like a key or a table and is none."""

import tomllib

import pytest

from console.config.lines import Lines

SPREAD = """\
power.components = [
  # price_per_kwh = 1
  { name = "a # ]", price_per_kwh = 0.1 },
  { name = '''
[site]
''', price_per_kwh = 0.1 },
]
[ gpus . "GPU-1 ]" ] # [x]
text = \"\"\"
slot = 1
[site]
\"\"\"
slot = 2
[[many]]
a = 1
[[many]]
a . "b" . 'c' = 1
grid = [
  [ "site" ]
]
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("power", "components"), 1),
        (("power", "components", 1, "name"), 1),
        (("gpus", "GPU-1 ]"), 8),
        (("gpus", "GPU-1 ]", "text"), 9),
        (("gpus", "GPU-1 ]", "slot"), 13),
        (("gpus", "GPU-1 ]", "absent"), 8),
        (("many", 0, "a"), 15),
        (("many", 1), 16),
        (("many", 1, "a", "b", "c"), 17),
        (("site",), None),
        (("price_per_kwh",), None),
    ],
)
def test_line_is_found_past_arrays_strings_and_comments(where: tuple[str | int, ...], line: int | None) -> None:
    """Keys and headers inside strings, arrays and comments are none; spaced, quoted and dotted ones are found."""
    tomllib.loads(SPREAD)
    assert Lines(SPREAD).of(where) == line
