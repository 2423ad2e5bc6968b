"""One file per format: its events in, parts out. Each registers its decoder with `formats.register`.

To add a format: a file here with flat Structs for its events, a registered FormatDecoder and a function `turn`, and the
name of the format in `formats.Api`.
"""
