"""Benchmarks of ssescan: suites that measure, a guard against slowdowns, and a report."""
