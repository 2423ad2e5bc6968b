"""The objects of Anthropic Messages, with the attributes of the official SDK, and iterators over them.

https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

from ._wire.anthropic import *  # noqa: F403
from ._wire.anthropic import __all__  # noqa: F401
