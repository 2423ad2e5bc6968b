"""Replacements for other libraries, for existing programs.

`httpx_sse/` and `sseclient.py` have the interfaces of those packages: only the import changes. `sdk/` is
`ssescan.accelerate`, with which not even the import changes. Nothing here loads any of them.
"""

# The originals have no limit. This one is far above what servers send, and keeps a hostile body from filling memory.
MAX_EVENT_SIZE = 96 * 2**20  # bytes
