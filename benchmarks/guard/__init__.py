"""The guard against slowdowns: `python -m benchmarks.guard`."""
