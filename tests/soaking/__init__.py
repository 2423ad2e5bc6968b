"""Many streams at once, and a steady load for a long time, on the loopback. `make soak` runs it."""
