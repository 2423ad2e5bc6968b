"""httpx-sse 0.4.3 with ssescan's scanner: every name, with its signature and its type.

docs/httpx-sse.md lists where it follows the standard and httpx-sse does not.
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

# The version of httpx-sse that has this interface: programs read it to find out which names they can use.
__version__ = "0.4.3"

__all__ = ["EventSource", "SSEError", "ServerSentEvent", "__version__", "aconnect_sse", "connect_sse"]
