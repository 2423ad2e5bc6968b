"""httpx-sse, with ssescan's scanner under it: every name of httpx-sse 0.4.3, with its signature and its type.

Knows httpx and the scanner; knows nothing of providers. What it does otherwise than httpx-sse, as the standard says, is
listed in docs/httpx-sse.md.
"""

try:
    import httpx as _httpx  # noqa: F401 - SSEError is one of its errors
except ModuleNotFoundError as _error:
    raise ImportError(
        "ssescan.dropin.httpx_sse needs the package httpx, which is not installed: pip install 'ssescan[httpx]'",
        name="httpx",
    ) from _error

from ._api import EventSource, aconnect_sse, connect_sse
from ._exceptions import SSEError
from ._models import ServerSentEvent

# Of the httpx-sse that this stands in for: a program that asks wants to know what it can call.
__version__ = "0.4.3"

__all__ = ["EventSource", "SSEError", "ServerSentEvent", "__version__", "aconnect_sse", "connect_sse"]
