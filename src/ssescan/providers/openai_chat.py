"""The objects of OpenAI Chat Completions, with the attributes of the official SDK, and iterators over them.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from ._wire.openai_chat import *  # noqa: F403
from ._wire.openai_chat import __all__  # noqa: F401
