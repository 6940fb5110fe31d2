"""What every word of the model is: a frozen record; and what a GPU is called."""

from __future__ import annotations

from typing import NewType, dataclass_transform

import msgspec

Uuid = NewType("Uuid", str)
"""A GPU's UUID as NVML spells it, ``GPU-…``. With the PCI address it is the GPU's identity; a position never is."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen record: may cross threads and processes, compares by value."""
