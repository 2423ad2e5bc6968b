"""Print facts about the SDK that this Python imports, as JSON: its report, its inside, and with --speed its speed.

The inside is a hash of the SDK's parts that known_versions.py names: two versions with the same one are the same to
accelerate(). The speed is the ratio of the plain and the accelerated SDK, both reading from memory in this process, by
API. `sdk_versions.py` runs this file with each version.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from time import process_time
from typing import Any

import ssescan
from ssescan.dropin.sdk.fingerprints import find, fingerprint
from ssescan.dropin.sdk.known_versions import FINGERPRINTS
from ssescan.dropin.sdk.libraries import LIBRARIES

ROUNDS = 7
# Of a stream of google-genai, which up to version 2.10 examines all responses so far again for each response: with ten
# times as many, its ratio is ten times as high, and the measurement takes minutes.
GOOGLE_EVENTS = 400


def inside(sdk: str) -> str:
    """Return the hash of the SDK's own parts. Those of pydantic are left out."""
    package = LIBRARIES[sdk].package
    found = []
    for module, part in LIBRARIES[sdk].parts.items():
        with suppress(ImportError):  # a version has one of the modules of Interactions
            import_module(module)
        for name in FINGERPRINTS.get(part, {}):
            if name.startswith(package):
                with suppress(LookupError):
                    found.append(f"{name} {fingerprint(find(name))}")
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:12]


def times_as_fast(sdk: str) -> dict[str, float]:
    """Return how many times as fast the accelerated SDK is, by API."""
    from benchmarks.suites.accelerate import ACCELERATED, PLAIN, sdk_group
    from benchmarks.suites.measure import Lab, race
    from benchmarks.suites.sdks import LIBRARIES as APIS

    ratios = {}
    with Lab() as lab:
        for api in [api for api, library in APIS.items() if library == sdk]:
            group = sdk_group(api, over_http=False, is_async=False)
            count = GOOGLE_EVENTS if sdk == "google-genai" else group.size
            times = race(group.build(lab, count), ROUNDS, process_time)
            ratios[api] = round(times[PLAIN] / times[ACCELERATED], 1)
    return ratios


def main() -> None:
    sdk = sys.argv[1]
    import_module(LIBRARIES[sdk].package)
    facts: dict[str, Any] = {"inside": inside(sdk), "pydantic": version("pydantic")}
    with ssescan.accelerate(sdk) as acceleration:
        facts["report"] = acceleration.report[sdk]
    if "--speed" in sys.argv and facts["report"].endswith("is accelerated"):
        facts["times_as_fast"] = times_as_fast(sdk)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
