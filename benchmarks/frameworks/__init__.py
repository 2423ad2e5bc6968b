"""Frameworks that use the SDKs: their streams with and without acceleration."""
