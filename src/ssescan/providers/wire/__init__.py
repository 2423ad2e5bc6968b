"""The objects of the wire: what each API sends, with the attribute names of its official SDK.

A file a format, with a Struct for every class that a loop over the SDK's stream meets; `objects` has what is the same
for all. They are reached by the format's own module, `ssescan.providers.openai_chat.iter_chunks` and so on, which loads
them when they are asked for.
"""
