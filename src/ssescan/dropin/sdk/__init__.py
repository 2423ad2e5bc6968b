"""accelerate(): ssescan's engine under the libraries that programs already use, without a change to the programs.

`acceleration.py` counts Accelerations and restores libraries, with `import_watch.py`; `counts.py` counts streams and
events. `libraries.py` lists the libraries, `known_versions.py` the fingerprints that `fingerprints.py` checks. One
file per library makes its patches: `openai.py` and `anthropic.py` (with `stainless.py`, `construction.py`,
`validation.py`, `helpers.py`), `google_genai.py` (with `google_lines.py`, `google_responses.py`,
`google_contents.py`), `google_interactions.py`, `httpx2.py`, `httpx_sse.py`; they share `readers.py`. `httpcore.py` and
`httpcore2.py` are for their transport, and read no events.
"""

from .acceleration import Acceleration, accelerate
from .counts import StreamCounts

__all__ = ["Acceleration", "StreamCounts", "accelerate"]
