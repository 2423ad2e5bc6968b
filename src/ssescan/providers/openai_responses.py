"""The objects of OpenAI Responses, with the attributes of the official SDK, and iterators over them.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from ._wire.openai_responses import *  # noqa: F403
from ._wire.openai_responses import __all__  # noqa: F401
