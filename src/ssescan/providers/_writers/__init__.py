"""The writers, one file for each format: parts to the bytes of its event stream.

Each registers itself, see `formats.py`; it is imported when a stream of its format is written.
"""
