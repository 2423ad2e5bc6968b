"""Attacks on a reader: what a hostile server can do, and the bound that holds."""
