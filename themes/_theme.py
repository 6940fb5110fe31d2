"""What a theme is: a look for every tone, and the grounds that lines stand on. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Theme(NamedTuple):
    """``tones`` and ``grounds`` are Rich styles as text; a ground is ``on COLOUR`` or an attribute such as ``reverse``.

    ``fill`` draws the body of a chart: a blank where a tone has a ground of its own, a light shade where it has none.
    ``ansi`` keeps the terminal's own colours, so that nothing is painted that the theme does not ask for.
    """

    name: str
    tones: Mapping[str, str]
    grounds: Mapping[str, str]
    fill: str = " "
    ansi: bool = False
