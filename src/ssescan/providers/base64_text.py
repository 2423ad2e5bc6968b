"""Base64 as the SDKs accept it: the standard alphabet, padded, without a stray bit."""

from __future__ import annotations

import binascii


def decoded_base64(text: str) -> bytes | None:
    """Return the bytes of a base64 text; None if it is empty, or not standard base64."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    return data if data and encoded_base64(data) == text else None


def joined_base64(pieces: list[str]) -> str:
    """Return pieces, each of which is encoded by itself, as one base64 text; damaged ones as they came, in a row."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return encoded_base64(b"".join([binascii.a2b_base64(piece, strict_mode=True) for piece in pieces]))
    except ValueError:
        return "".join(pieces)


def encoded_base64(data: bytes) -> str:
    """Return bytes as base64."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")
