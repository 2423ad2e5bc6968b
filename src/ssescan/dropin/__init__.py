"""The engine under other people's names, for programs that exist.

`httpx_sse/` and `sseclient.py` stand in for the packages of those names: the import changes, and nothing else. `sdk/`
is `ssescan.accelerate`, with which not even that changes. Each loads by itself; nothing here loads any of them.
"""

# The originals have no limit. This one is far from what servers send, and keeps a hostile body from filling memory.
MAX_EVENT_SIZE = 96 * 2**20  # bytes
