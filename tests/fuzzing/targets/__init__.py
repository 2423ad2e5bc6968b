"""The targets, a module each: see the package."""

TARGETS = ("scanner", "reader", "decoders", "writers", "gateway", "dropins")
