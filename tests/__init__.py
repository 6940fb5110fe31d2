"""The tests; `tests/rig` is what they stand on."""
