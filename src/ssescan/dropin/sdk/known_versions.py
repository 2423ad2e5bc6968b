"""The versions that acceleration was tested with, and the fingerprints of the parts that it replaces or builds on.

A new version of a library is supported by adding its fingerprints here, once the tests pass with it:
`docs/new-sdk-version.md` has the steps, and `make sdk-diff` prints the lines. A part with several fingerprints differs
between the tested versions, in a way that makes no difference to us.
"""

import re

from .fingerprints import ABSENT, Fingerprints

# The oldest and the newest version of each library whose parts are known. A version between them is accelerated if its
# parts are the same. tools/sdk_versions.py has the ones that are tested.
KNOWN_RANGES: dict[str, tuple[str, str]] = {
    "openai": ("2.20", "3.57"),
    "anthropic": ("0.60", "2.14"),
    "google-genai": ("1.60", "3.6"),
    "httpx2": ("2.10", "2.16"),
    "httpx-sse": ("0.4.3", "0.4.3"),
    "httpcore": ("1.0.9", "1.0.9"),
}
OTHER_VERSIONS: dict[str, str] = {
    "openai": " with pydantic 2.5 to 2.14",
    "anthropic": " with pydantic 2.5 to 2.14",
    "google-genai": " with pydantic 2.12 to 2.14",
    "httpcore": ", and httpcore2 2.0 to 2.16, with h11 0.16",
}


def range_in_words(library: str) -> str:
    """Return the range of tested versions: "2.20 to 3.57"."""
    return " to ".join(dict.fromkeys(KNOWN_RANGES[library]))


def out_of_range(library: str, version: str) -> str:
    """Return "newer" or "older" for a version that is not in the range of tested versions, else ""."""
    oldest, newest = map(_numbers, KNOWN_RANGES[library])
    if not (numbers := _numbers(version)):
        return ""
    # A range that ends with 3.57 includes 3.57.2.
    return "newer" if numbers[: len(newest)] > newest else "older" if numbers < oldest else ""


def _numbers(version: str) -> list[int]:
    numbers = re.match(r"\d+(\.\d+)*", version)
    return [int(number) for number in numbers[0].split(".")] if numbers else []


TESTED_VERSIONS: dict[str, str] = {
    library: range_in_words(library) + OTHER_VERSIONS.get(library, "") for library in KNOWN_RANGES
}

# `validation.py` rewrites core schemas, `construction.py` and `google_responses.py` set the slots of models.
PYDANTIC: Fingerprints = {
    "pydantic.main:BaseModel.__slots__": ("3b4b413730e1",),
    "pydantic_core:SchemaValidator": ("ec025c2cd220", "8633df0618d2"),
    "pydantic_core.core_schema:DefinitionReferenceSchema": ("b01e39410be0", "27b7e5189faa"),
    "pydantic_core.core_schema:LiteralSchema": ("07ff26e21034",),
    "pydantic_core.core_schema:ModelField": ("49d516125b46", "b5a7f81ea978"),
    "pydantic_core.core_schema:ModelFieldsSchema": ("82b3ea9f649e", "5cd2b1ccb4c8"),
    "pydantic_core.core_schema:ModelSchema": ("32a013cf763c", "6463fd65c6f0"),
    "pydantic_core.core_schema:TaggedUnionSchema": ("666f43e31ca6",),
    "pydantic_core.core_schema:UnionSchema": ("105f32c29568",),
}

# The functions that decide what an object is, of openai, anthropic and the Interactions of google-genai 1. Each of the
# SDKs has some of these fingerprints.
_MODELS: Fingerprints = {
    "_base_client:BaseClient._process_response_data": ("f6820ad9d6d7", "600abee0e3a9", "77b9d2a426a8", "6ddc10e30c87"),
    "_models:BaseModel.construct": ("b73b3a4b5d13", "6ac3b7b95e21"),
    "_models:construct_type": ("a35295f8ce4f", "a5af3342b100", "4ae8d0e45199", "fe3556a76781"),
    "_models:_construct_field": ("2f7b12afefb7", "11b4fbd784b1"),
    "_models:_get_extra_fields_type": ("607cb954f17d", "e180e84e996f", "0526c011f596"),
    # Which variant of a union a discriminator names.
    "_models:_build_discriminated_union_meta": (
        "7a30bea12853",
        "0fa5ac234cf0",
        "ecb25210c113",
        "1d753da98bdf",
        "8ea2bc3f40b4",
    ),
    "_models:validate_type": ("23ab32deb037", "e895081fe57c"),
    "_models:_validate_non_model_type": ("bc59295577a3",),
    "_compat:field_get_default": ("4aa3dc20ed96", "043e46b19138"),
}

# `httpcore.py` sets the state of h11's reader, and httpcore ends a body by it.
_HTTP11: Fingerprints = {
    "_sync.http11:HTTP11Connection._receive_response_body": ("5a299a675ff8",),
    "_sync.http11:HTTP11Connection._receive_event": ("1b263041a0a1",),
    "_sync.http11:HTTP11Connection._response_closed": ("eaec97f477f0",),
    "_sync.http11:HTTP11ConnectionByteStream.__iter__": ("913ec0faac89", "ee537ddc6b97"),
    "_sync.http11:HTTP11ConnectionByteStream.close": ("3a22cc8cf0db",),
    "_async.http11:AsyncHTTP11Connection._receive_response_body": ("6a95b9083b4d",),
    "_async.http11:AsyncHTTP11Connection._receive_event": ("348048fba0ed",),
    "_async.http11:AsyncHTTP11Connection._response_closed": ("f1807427ecd7",),
    "_async.http11:HTTP11ConnectionByteStream.__aiter__": ("18ec0e8fb4ed", "6b1ad6ecc53b"),
    "_async.http11:HTTP11ConnectionByteStream.aclose": ("2ad5e017922f",),
}
_H11: Fingerprints = {
    "h11._connection:Connection.next_event": ("84a48972d1c3",),
    "h11._connection:Connection._extract_next_receive_event": ("cb661b6c91a2",),
    "h11._connection:Connection.receive_data": ("96bf743f2f7c",),
    "h11._readers:ChunkedReader": ("f285a1befee2",),
    "h11._receivebuffer:ReceiveBuffer": ("f33cf4eb43be",),
}

FINGERPRINTS: dict[str, Fingerprints] = {
    "openai": {
        "openai._streaming:Stream.__stream__": ("a84246aad916", "7be13efcbe96", "f207cf40aa5e"),
        "openai._streaming:Stream._iter_events": ("62f918cd0bf6", "f787fdb746d6"),
        "openai._streaming:AsyncStream.__stream__": ("c07a7dc3a0fc", "82c4b2b149a1", "8363a335e3ff", "fffa1b86285f"),
        "openai._streaming:AsyncStream._iter_events": ("bf769cde8ac4", "2a01d7886139"),
        "openai._streaming:ServerSentEvent": ("aad95d357aef",),
        "openai._streaming:_SSELineDecoder": (ABSENT, "99dde3689dee"),
        "openai._streaming:SSEDecoder": ("4b81538b3288", "775bd05637d1"),
        **{f"openai.{name}": known for name, known in _MODELS.items()},
        **PYDANTIC,
    },
    "anthropic": {
        "anthropic._streaming:Stream.__stream__": (
            "2288b4dc812e",
            "158bb12d7122",
            "53088ca2bd52",
            "0e6b23061306",
            "71df4980089d",
            "eccdf12bdd59",
            "ebffd83d1f02",
            "5e93e481b5b8",
            "4d442e942237",
            "0ef7c0b9d128",
            "715a9449945f",
        ),
        "anthropic._streaming:Stream._iter_events": ("62f918cd0bf6",),
        "anthropic._streaming:AsyncStream.__stream__": (
            "9843ef71397d",
            "47950af79ee5",
            "07ca10eac0a5",
            "f853090c5496",
            "2c8e7ef3ccdb",
            "186c1a43d56b",
            "d21c19e43d0f",
            "dbacfa44bb72",
            "1fb101b57fed",
            "8ab661242917",
            "c0f0895dc478",
        ),
        "anthropic._streaming:AsyncStream._iter_events": ("bf769cde8ac4",),
        "anthropic._streaming:SSEDecoder": ("4b81538b3288", "47fb257ed17c"),
        "anthropic._streaming:ServerSentEvent": ("aad95d357aef", "615ae69b78f0"),
        **{f"anthropic.{name}": known for name, known in _MODELS.items()},
        **PYDANTIC,
    },
    "google_genai": {
        "google.genai._api_client:HttpResponse.segments": ("02a757930dad",),
        "google.genai._api_client:HttpResponse.async_segments": ("9dde7808f4d7",),
        "google.genai._api_client:HttpResponse._iter_response_stream": (
            "a1d463e70215",
            "5277afa7aa22",
            "c88533c0ce74",
            "c97eedaf8817",
            "1ef733853c3a",
            "a39482e6b1ac",
        ),
        "google.genai._api_client:HttpResponse._aiter_response_stream": (
            "433bd60d7b8b",
            "56d60a435817",
            "ef1a685ac8da",
            "667a48555e57",
            "a23e6909b213",
            "51b050f2c667",
            "b0f3b6dabd17",
        ),
        "google.genai._api_client:HttpResponse._load_json_from_response": ("258c2167fd53",),
        "google.genai._api_client:_SseLineDecoder": (ABSENT, "b8ad77fe92a2"),
        "google.genai._api_client:_iter_sse_lines": (ABSENT, "06df97a8613e"),
        "google.genai._api_client:_aiter_sse_lines": (ABSENT, "698d50795d81"),
        "google.genai._api_client:_aiter_aiohttp_lines": (ABSENT, "cf1bccdfb78c"),
        "google.genai._api_client:_RawJsonLineBuffer": (ABSENT, "c6d1b16fe9df"),
        "google.genai._api_client:BaseApiClient.request_streamed": ("1a161e010cc4",),
        "google.genai._api_client:BaseApiClient.async_request_streamed": ("3372f9c3aa52", "a71b34a95ded"),
        "google.genai._common:BaseModel._from_response": ("66345986b4d2",),
        "google.genai._common:BaseModel._check_field_type_mismatches": ("2f5da6237f9d",),
        "google.genai._common:_remove_extra_fields": ("a11b8b3f7285", "fd05748291b6", "06c9571588cb"),
        "google.genai._common:get_value_by_path": ("d467eafc890b",),
        "google.genai._common:_is_struct_type": ("e4d11c219c11",),
        "google.genai._common:is_duck_type_of": (ABSENT, "77f6d64ec372"),
        "google.genai._extra_utils:append_chunk_contents": ("df30b986ba4e",),
        "google.genai._transformers:_is_duck_type_of": (ABSENT, "d5435095decd"),
        "google.genai._transformers:t_contents": ("660437f04434", "bc09a8db7660"),
        "google.genai._common:_as_base_model_type": (ABSENT, "0b9b0f6904e6"),
        "google.genai.models:Models._generate_content_stream": ("430c3c517a28", "45c61ceaebe2", "106a91032884"),
        "google.genai.models:AsyncModels._generate_content_stream": ("82358a6d22a3", "e5f25ab9b0d8", "336f4fc3245b"),
        "google.genai.models:_GenerateContentResponse_from_mldev": ("20633ce40f78", "608e838ae29c", "7f5a7e294587"),
        "google.genai.models:_GenerateContentResponse_from_vertex": ("73adf8fd6cb4", "68e8f32d55ab"),
        "google.genai.models:_Candidate_from_mldev": ("e9df252f0dac", "d6545589371d", "9e0c3446138b"),
        "google.genai.types:Part.__init__": ("fd4bc106a01e",),
        "pydantic.main:BaseModel.__init__": ("35c9e1a94e1d", "6e410583eb68"),
        "pydantic_core.core_schema:BeforeValidatorFunctionSchema": ("97e9d8224293",),
        "pydantic_core.core_schema:NoInfoValidatorFunctionSchema": ("98f40b0c0185",),
        **PYDANTIC,
    },
    "google_interactions": {
        "google.genai._gaos.utils.eventstreaming:stream_events": ("e7405cc8086c",),
        "google.genai._gaos.utils.eventstreaming:stream_events_async": ("b5b95aded040",),
        "google.genai._gaos.utils.eventstreaming:_peek_sequence": ("e67db58fdc96",),
        "google.genai._gaos.utils.eventstreaming:_parse_event": ("87a900d22894",),
    },
    "google_interactions_1": {
        "google.genai._interactions._streaming:Stream.__stream__": ("4c104887b101",),
        "google.genai._interactions._streaming:Stream._iter_events": ("62f918cd0bf6",),
        "google.genai._interactions._streaming:AsyncStream.__stream__": ("28f7bf1ba9bd",),
        "google.genai._interactions._streaming:AsyncStream._iter_events": ("bf769cde8ac4",),
        "google.genai._interactions._streaming:SSEDecoder": ("4b81538b3288",),
        "google.genai._interactions._streaming:ServerSentEvent": ("aad95d357aef",),
        **{f"google.genai._interactions.{name}": known for name, known in _MODELS.items()},
        **PYDANTIC,
    },
    "httpx2": {
        "httpx2._sse:_SSEParser": ("14b93819b448",),
        "httpx2._sse:_SSEEventDecoder": ("9f102324a945",),
        "httpx2._sse:_SSELineDecoder": ("d39475f43eea",),
        "httpx2._sse:EventSource.__iter__": ("16b743f50450",),
        "httpx2._sse:EventSource.__aiter__": ("ffabc96569cf",),
    },
    "httpx_sse": {
        "httpx_sse._api:EventSource.iter_sse": ("cb9aea8a1551",),
        "httpx_sse._api:EventSource.aiter_sse": ("1e791320f352",),
        "httpx_sse._api:_iter_sse_lines": ("0c39cc10cbef",),
        "httpx_sse._api:_aiter_sse_lines": ("2f79020e5c93",),
        "httpx_sse._api:EventSource._check_content_type": ("e09fffb37956",),
        "httpx_sse._models:ServerSentEvent.__init__": ("af762f59ed35",),
        "httpx_sse._decoders:SSEDecoder": ("aedb3313091b",),
        "httpx_sse._decoders:SSELineDecoder": ("b2a134c7ebfc",),
    },
    "httpcore": {**{f"httpcore.{name}": known for name, known in _HTTP11.items()}, **_H11},
    "httpcore2": {**{f"httpcore2.{name}": known for name, known in _HTTP11.items()}, **_H11},
}
