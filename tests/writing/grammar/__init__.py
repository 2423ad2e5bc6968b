"""A strict checker for each format that is written: it accepts only streams that follow the documentation to the letter.

Each module has `check(data)`, which raises AssertionError for a stream that is not legal, and returns whether it ends
with the success ending of its format. They read the bytes with a few lines of their own: nothing of ssescan.
"""
