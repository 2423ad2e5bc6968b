"""Streams of one format to streams of another, or of the same: without I/O, and over any source.

`Transcoder` and `Relay` take the bytes of a stream and return bytes; `transcode`, `relay` and their async twins read a
source. Knows no wire format: the decoders and the writers of `providers` do.
"""

from .byte_streams import AsyncByteStream, ByteStream
from .redact import Redact, TextFilter
from .relays import Relay, arelay, relay
from .transcoder import Transcoder, atranscode, transcode

__all__ = [
    "AsyncByteStream", "ByteStream", "Redact", "Relay", "TextFilter", "Transcoder", "arelay", "atranscode", "relay",
    "transcode",
]  # fmt: skip
