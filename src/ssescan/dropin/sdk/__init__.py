"""accelerate(): the engine under the names that people already import, with no change to their programs.

`acceleration.py` counts and undoes, `libraries.py` lists the libraries, `fingerprints.py` checks that the inside of a
library is as expected. One file per library replaces its functions: `openai.py` and `anthropic.py` (over
`stainless.py`, `construction.py`, `validation.py`), `google_genai.py`, `google_interactions.py`, `httpx2.py`,
`httpx_sse.py`.
"""

from .acceleration import Acceleration, accelerate

__all__ = ["Acceleration", "accelerate"]
