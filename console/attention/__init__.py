"""What calls an operator: rules over a snapshot, a book of what was said to it, and when he looked last."""
