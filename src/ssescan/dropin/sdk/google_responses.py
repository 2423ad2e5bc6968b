"""What google-genai makes of the parsed JSON of an event, sooner.

It writes the JSON down and parses it again, renames the keys of the outer objects, removes what its model does not
know, and validates the rest, each field of each model being looked at by a function in Python first. Here what was
written is not parsed again, and that function, which has nothing to say of what was parsed from JSON, is left out.

Knows the fingerprints that `google_genai.py` has checked. Does not patch.
"""

from __future__ import annotations

import json
import sys
import typing
from typing import Any

import pydantic

from .validation import function_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What in a core schema is no schema, though it may look like one.
_OPAQUE = ("metadata", "serialization", "function", "cls", "default")


class Responses:
    """What replaces BaseModel._from_response, for the one model that is streamed."""

    def __init__(self, common: Any, types: Any) -> None:
        self._common = common
        self._part = types.Part
        # What Part.__init__ leaves out where it is None.
        self._arguments_of_part = frozenset(types.Part.__init__.__kwdefaults__)
        self.plain: Any = vars(common.BaseModel)["_from_response"].__func__
        self._prunings: dict[Any, dict[str, tuple[Any, Any]]] = {}
        self._validate: Callable[[Any], Any] | None = None

    def made(self, cls: Any, response: Any, kwargs: Any) -> Any:
        types = sys.modules.get("google.genai.types")
        if types is None or cls is not types.GenerateContentResponse or type(response) is not dict:
            return self.plain(cls, response=response, kwargs=kwargs)
        config = kwargs.get("config") if kwargs is not None else None
        if isinstance(config, dict) and config.get("include_all_fields"):
            return self.plain(cls, response=response, kwargs=kwargs)
        self._prune(cls, response)
        try:
            return self._validator(cls)(response)
        except pydantic.ValidationError:
            pass
        return self.plain(cls, response=response, kwargs=kwargs)

    def _validator(self, cls: Any) -> Callable[[Any], Any]:
        if self._validate is None:
            cls.model_rebuild(raise_errors=False)
            self._validate = function_of(self._unchecked(cls.__pydantic_core_schema__))
        return self._validate

    def _unchecked(self, node: Any) -> Any:
        """Leave out the function that looks through a model's fields for objects of wrong classes.

        It warns of models in the place of other models, and in what was parsed from JSON there is none.
        """
        if isinstance(node, (list, tuple)):
            return type(node)([self._unchecked(part) for part in node])
        if not isinstance(node, dict):
            return node
        check = vars(self._common.BaseModel)["_check_field_type_mismatches"]
        while node.get("type") == "function-before":
            function = node["function"]["function"]
            if getattr(function, "__func__", None) is not getattr(check, "__func__", check):
                break
            inner = node["schema"]
            node = {**inner, "ref": node["ref"]} if "ref" in node and "ref" not in inner else inner
        made = {key: part if key in _OPAQUE else self._unchecked(part) for key, part in node.items()}
        if node.get("cls") is self._part:
            made["custom_init"] = False
        return made

    def _prune(self, model: Any, response: dict[str, Any]) -> None:
        """Remove what a model does not know, as _remove_extra_fields() does."""
        pruning = self._prunings.get(model)
        if pruning is None:
            pruning = self._prunings[model] = self._pruning(model)
        unknown = []
        for key, value in response.items():
            if key not in pruning:
                unknown.append(key)
            elif type(value) is dict:
                if (of_value := pruning[key][0]) is not None:
                    self._prune(of_value, value)
            elif type(value) is list and (of_items := pruning[key][1]) is not None:
                for item in value:
                    if type(item) is dict:
                        self._prune(of_items, item)
        if model is self._part and None in response.values():
            unknown += [key for key, value in response.items() if value is None and key in self._arguments_of_part]
        for key in unknown:
            del response[key]

    def _pruning(self, model: Any) -> dict[str, tuple[Any, Any]]:
        """Give for each field, by both its names, the models that a dict there, and the dicts of a list there, are."""
        model.model_rebuild(raise_errors=False)
        pruning = {}
        for name, field in model.model_fields.items():
            annotation = field.annotation
            if typing.get_origin(annotation) is typing.Union:
                annotation = typing.get_args(annotation)[0]
            arguments = typing.get_args(annotation)
            of_items = None if self._common._is_struct_type(annotation) else (arguments[0] if arguments else None)
            pruning[name] = (
                self._common._as_base_model_type(annotation),
                self._common._as_base_model_type(of_items),
            )
        # A name that is another field's alias is taken for the alias.
        aliases = {field.alias: pruning[name] for name, field in model.model_fields.items() if field.alias}
        return {**pruning, **aliases}


class _Text(str):
    """JSON text that the SDK has made of what was parsed, to parse it again a little later; `value`: what it was."""

    __slots__ = ("value",)

    value: Any


class Json:
    """The module json, as two modules of the SDK see it: what they write is not parsed again."""

    def __init__(self) -> None:
        encoder = json.JSONEncoder()
        make: Any = getattr(json.encoder, "c_make_encoder", None)
        self._chunks: Any = encoder.iterencode
        if make is not None:
            # json.dumps() makes one of these for each text. Without a memory of what it is in: parsed JSON is a tree.
            encode = make(
                None, encoder.default, json.encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True
            )
            self._chunks = lambda value: encode(value, 0)

    def dumps(self, value: Any, **options: Any) -> str:
        if options or type(value) is not dict:
            return json.dumps(value, **options)
        text = _Text("".join(self._chunks(value)))
        text.value = value
        return text

    def loads(self, text: Any, **options: Any) -> Any:
        if type(text) is _Text and not options and hasattr(text, "value"):
            value = text.value
            del text.value  # once: who gets it may change it
            return value
        return json.loads(text, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(json, name)


# What _GenerateContentResponse_from_mldev() and its like rename; the candidates, which are a list, apart.
RESPONSE = {
    "sdkHttpResponse": "sdk_http_response",
    "modelVersion": "model_version",
    "promptFeedback": "prompt_feedback",
    "responseId": "response_id",
    "usageMetadata": "usage_metadata",
}
RESPONSE_OF_MLDEV = {**RESPONSE, "modelStatus": "model_status"}
RESPONSE_OF_VERTEX = {**RESPONSE, "createTime": "create_time"}
CANDIDATE_OF_MLDEV = {
    "content": "content",
    "tokenCount": "token_count",
    "finishReason": "finish_reason",
    "groundingMetadata": "grounding_metadata",
    "avgLogprobs": "avg_logprobs",
    "index": "index",
    "logprobsResult": "logprobs_result",
    "urlContextMetadata": "url_context_metadata",
    "continuationToken": "continuation_token",
}


class Conversions:
    """The two functions that rename the keys of a response, for one that is as it should be."""

    def __init__(self, models: Any) -> None:
        self._plain_of_mldev = models._GenerateContentResponse_from_mldev
        self._plain_of_vertex = models._GenerateContentResponse_from_vertex
        self._plain_candidate = models._Candidate_from_mldev

    def of_mldev(self, from_object: Any, parent_object: Any = None, root_object: Any = None) -> Any:
        if type(from_object) is not dict or type(candidates := from_object.get("candidates", ())) not in (list, tuple):
            return self._plain_of_mldev(from_object, parent_object, root_object)
        made = _renamed(from_object, RESPONSE_OF_MLDEV)
        if type(candidates) is list:
            made["candidates"] = [self._candidate(candidate, made, root_object) for candidate in candidates]
        return made

    def of_vertex(self, from_object: Any, parent_object: Any = None, root_object: Any = None) -> Any:
        if type(from_object) is not dict or type(candidates := from_object.get("candidates", ())) not in (list, tuple):
            return self._plain_of_vertex(from_object, parent_object, root_object)
        made = _renamed(from_object, RESPONSE_OF_VERTEX)
        if type(candidates) is list:
            made["candidates"] = candidates.copy()
        return made

    def _candidate(self, candidate: Any, parent: Any, root: Any) -> Any:
        if type(candidate) is not dict or "citationMetadata" in candidate:
            return self._plain_candidate(candidate, parent, root)
        made = _renamed(candidate, CANDIDATE_OF_MLDEV)
        ratings = candidate.get("safetyRatings")
        if ratings is not None:
            made["safety_ratings"] = list(ratings)
        return made


def _renamed(given: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: given[key] for key, name in names.items() if given.get(key) is not None}


def quick_init(cls: Any) -> Any:
    """Give an __init__ for types.HttpResponse, which two are made of for every event, of headers that are known."""
    slots = pydantic.BaseModel.__dict__
    set_attributes = slots["__dict__"].__set__
    set_private = slots["__pydantic_private__"].__set__
    set_extra = slots["__pydantic_extra__"].__set__
    set_fields_set = slots["__pydantic_fields_set__"].__set__
    plain = cls.__init__

    def __init__(self: Any, /, **data: Any) -> None:  # noqa: N807 - the name of what it replaces
        headers, body = data.get("headers"), data.get("body")
        if (
            type(self) is not cls
            or len(data) != (1 if body is None else 2)
            or type(headers) is not dict
            or not (body is None or type(body) is str or type(body) is _Text)
            or not all(type(key) is str and type(value) is str for key, value in headers.items())
        ):
            plain(self, **data)
            return
        set_attributes(self, {"headers": headers.copy(), "body": body})
        set_private(self, None)
        set_extra(self, None)
        set_fields_set(self, set(data))

    # To pydantic, as good as its own: else it would call it for subclasses in a slower way.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]
    return __init__
