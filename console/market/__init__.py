"""What the world pays and charges: quotes with their sources and ages, and the one translation of them into terms."""
