"""Whole answers, one file for each format: a message to the JSON of an answer that was not streamed.

Each has a function `body`, see `response_bodies.py`; it is imported when an answer of its format is written.
"""
