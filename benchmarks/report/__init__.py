"""docs/benchmarks.md and its charts, from a run of all suites: `python -m benchmarks.report`."""
