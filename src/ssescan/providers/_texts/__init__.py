"""The places of text in the events of each format, one file for each format, for the code that changes text in place.

Each registers itself, see `formats.py`; it is imported when a stream of its format is changed.
"""
