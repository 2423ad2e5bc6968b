"""The objects of Gemini's generateContent, with the attributes of the official SDK, and iterators over them.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from ._wire.gemini import *  # noqa: F403
from ._wire.gemini import __all__  # noqa: F401
