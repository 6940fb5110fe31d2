"""What the console costs to watch, beside nvitop on the same fake GPUs: ``python -m benchmarks``."""
