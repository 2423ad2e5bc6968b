"""The objects of Gemini's Interactions, with the attributes of the official SDK, and iterators over them.

https://ai.google.dev/api/interactions-api
"""

from __future__ import annotations

from ._wire.gemini_interactions import *  # noqa: F403
from ._wire.gemini_interactions import __all__  # noqa: F401
