"""The objects of each API: its JSON, with the attribute names of its official SDK.

`tools/generate_wire.py` generates `openai_chat.py` and its four siblings: one file for each format, with a Struct for
every class of objects, and the functions that read a stream of them. `base.py` and `methods.py` are written by hand.
The public modules, like `ssescan.providers.openai_chat`, load these files on first use.
"""
