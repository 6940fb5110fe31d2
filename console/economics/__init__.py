"""What every option of a GPU earns, which is best, and why. Pure functions: no clock, no I/O, no config."""
