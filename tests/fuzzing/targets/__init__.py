"""The targets, a module each: see the package."""

TARGETS = ("scanner", "cuts", "reader", "runs", "decoders", "writers", "gateway", "dropins")
SHARED = {"cuts": "scanner"}
"""Targets that have the seeds of another, and put what they find into its folder."""
FAST = ("cuts",)
"""Targets that run often rather than with all that can guide them."""
