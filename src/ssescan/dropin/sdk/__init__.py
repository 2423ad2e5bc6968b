"""accelerate(): the engine under the names that people already import, with no change to their programs.

`acceleration.py` counts and undoes, `libraries.py` lists what there is, `insides.py` looks whether a library is as it
was known. A file a library says what is replaced: `openai.py` and `anthropic.py` (over `stainless.py`,
`construction.py`, `validation.py`), `google_genai.py`, `google_interactions.py`, `httpx2.py`, `httpx_sse.py`.
"""

from .acceleration import Acceleration, accelerate

__all__ = ["Acceleration", "accelerate"]
