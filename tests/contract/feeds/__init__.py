"""One case per kind of feed: what its source answers, and which quotes must come of it."""
