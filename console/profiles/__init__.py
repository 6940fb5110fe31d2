"""Power limits and clocks per workload: root's values, the unit that sets them, and how it is asked."""
