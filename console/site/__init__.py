"""The one owner of live state: readings, occupancy, money, flips in progress, behind one interface."""
