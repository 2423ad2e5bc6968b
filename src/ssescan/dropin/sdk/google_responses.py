"""The objects that google-genai makes of the parsed JSON of an event, made faster.

The SDK writes the JSON as text and parses it again, renames the keys of the outer objects, removes the fields that its
model does not know, and validates the rest; before that, a Python function examines each field of each model. Here the
text is not parsed again, and that function is left out, as it finds nothing in parsed JSON.

Relies on the fingerprints in `known_versions.py`. Does not patch.
"""

import json
import re
import sys
import typing
from collections.abc import Callable
from typing import Any

import pydantic

from .libraries import Library
from .validation import MODEL_SLOTS, rewritten, schema_validator


class Responses:
    """The function that replaces BaseModel._from_response, for the one model that is streamed."""

    def __init__(self, common: Any, types: Any, library: Library) -> None:
        self._common = common
        self._library = library
        self._as_model = getattr(common, "_as_base_model_type", _as_any_type)
        self._part = types.Part
        # Part.__init__ treats these as missing if they are None.
        self._parameters_of_part = frozenset(types.Part.__init__.__kwdefaults__)
        self._original: Any = vars(common.BaseModel)["_from_response"].__func__
        self._known_fields: dict[Any, dict[str, tuple[Any, Any]]] = {}
        self._validate: Callable[[Any], Any] | None = None

    def from_response(self, cls: Any, response: Any, kwargs: Any) -> Any:
        """Return the object that the SDK's function returns."""
        types = sys.modules.get("google.genai.types")
        if types is None or cls is not types.GenerateContentResponse or type(response) is not dict:
            return self._original(cls, response=response, kwargs=kwargs)
        config = kwargs.get("config") if kwargs is not None else None
        if isinstance(config, dict) and config.get("include_all_fields"):
            return self._original(cls, response=response, kwargs=kwargs)
        try:
            self._remove_extra_fields(cls, response)
            return self._validator(cls)(response)
        except pydantic.ValidationError as error:
            self._library.counts.go_slow(f"a response that is not valid: {error.errors()[0]['msg']}")
        except AttributeError:  # the SDK raises its own error
            pass
        return self._original(cls, response=response, kwargs=kwargs)

    def _validator(self, cls: Any) -> Callable[[Any], Any]:
        if self._validate is None:
            cls.model_rebuild(raise_errors=False)
            self._validate = schema_validator(rewritten(cls.__pydantic_core_schema__, self._without_check))
        return self._validate

    def _without_check(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return a part of a core schema without `_check_field_type_mismatches`.

        That function warns of a model in the place of another model. Parsed JSON contains no models.
        """
        check = vars(self._common.BaseModel)["_check_field_type_mismatches"]
        while node.get("type") == "function-before":
            function = node["function"]["function"]
            if getattr(function, "__func__", None) is not getattr(check, "__func__", check):
                break
            inner = node["schema"]
            node = {**inner, "ref": node["ref"]} if "ref" in node and "ref" not in inner else inner
        return {**node, "custom_init": False} if node.get("cls") is self._part else node

    def _remove_extra_fields(self, model: Any, response: dict[str, Any]) -> None:
        """Remove the fields that a model does not know, as the SDK's function does."""
        known = self._known_fields.get(model)
        if known is None:
            known = self._known_fields[model] = self._fields_of(model)
        unknown = []
        for key, value in response.items():
            if key not in known:
                unknown.append(key)
            elif type(value) is dict:
                if (model_of_value := known[key][0]) is not None:
                    self._remove_extra_fields(model_of_value, value)
            elif type(value) is list and (model_of_items := known[key][1]) is not None:
                for item in value:
                    if type(item) is dict:
                        self._remove_extra_fields(model_of_items, item)
        if model is self._part and None in response.values():
            unknown += [key for key, value in response.items() if value is None and key in self._parameters_of_part]
        for key in unknown:
            del response[key]

    def _fields_of(self, model: Any) -> dict[str, tuple[Any, Any]]:
        """Return, for both names of each field, the model of a dict in it, and of the dicts in a list in it."""
        model.model_rebuild(raise_errors=False)
        common, fields = self._common, {}
        for name, field in model.model_fields.items():
            annotation = field.annotation
            if typing.get_origin(annotation) is typing.Union:
                annotation = typing.get_args(annotation)[0]
            arguments = typing.get_args(annotation)
            is_struct = common._is_struct_type(annotation)  # noqa: SLF001 - the SDK's
            item = None if is_struct else arguments[0] if arguments else object
            fields[name] = self._as_model(annotation), self._as_model(item)
        # If a name is the alias of another field, it stands for that field.
        aliases = {field.alias: fields[name] for name, field in model.model_fields.items() if field.alias}
        return {**fields, **aliases}


def _as_any_type(annotation: Any) -> Any:
    """Return the type of a dict in which older versions remove fields. They raise an error if it is not a model."""
    return None if typing.get_origin(annotation) is dict else annotation


class _JsonText(str):
    """JSON text that the SDK writes, to parse it again a little later. `value`: the value that it was made from."""

    __slots__ = ("value",)

    value: Any


class JsonModule:
    """The module json for two modules of the SDK: loads() does not parse the text that dumps() has just made."""

    def __init__(self) -> None:
        encoder = json.JSONEncoder()
        make: Any = getattr(json.encoder, "c_make_encoder", None)
        self._chunks: Any = encoder.iterencode
        if make is not None:
            # json.dumps() makes an encoder for each text. `None`: no check for cycles, as parsed JSON has none.
            encode_str = json.encoder.encode_basestring_ascii
            encode = make(None, encoder.default, encode_str, None, ": ", ", ", False, False, True)
            self._chunks = lambda value: encode(value, 0)

    def dumps(self, value: Any, **options: Any) -> str:
        if options or type(value) is not dict:
            return json.dumps(value, **options)
        text = _JsonText("".join(self._chunks(value)))
        text.value = value
        return text

    def loads(self, text: Any, **options: Any) -> Any:
        if type(text) is _JsonText and not options and hasattr(text, "value"):
            value = text.value
            del text.value  # only once: the caller may change the value
            return value
        return json.loads(text, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(json, name)


def _names(keys: str) -> dict[str, str]:
    """Return the names of keys in Python: "model_version" for "modelVersion"."""
    return {key: re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", key) for key in keys.split()}


# The keys that _GenerateContentResponse_from_mldev() and its like rename.
RESPONSE_KEYS = "sdkHttpResponse candidates modelVersion promptFeedback responseId usageMetadata"
MLDEV_NAMES = _names(f"{RESPONSE_KEYS} modelStatus")
VERTEX_NAMES = _names(f"{RESPONSE_KEYS} createTime")
MLDEV_CANDIDATE_NAMES = _names(
    "content tokenCount finishReason groundingMetadata avgLogprobs index logprobsResult safetyRatings "
    "urlContextMetadata continuationToken"
)


class KeyConversions:
    """The two functions that rename the keys of a response. An unusual response goes to the SDK's functions."""

    def __init__(self, models: Any) -> None:
        self._original_candidate = models._Candidate_from_mldev  # noqa: SLF001 - the SDK's
        self._candidate_names = _names_in(self._original_candidate, MLDEV_CANDIDATE_NAMES)
        original = models._GenerateContentResponse_from_mldev  # noqa: SLF001 - the SDK's
        self.from_mldev: Any = self._conversion(original, MLDEV_NAMES, self._candidate)
        original = models._GenerateContentResponse_from_vertex  # noqa: SLF001 - the SDK's
        self.from_vertex: Any = self._conversion(original, VERTEX_NAMES, None)

    def _conversion(self, original: Any, names: dict[str, str], convert_candidate: Any) -> Any:
        names = _names_in(original, names)

        def from_response(from_object: Any, parent_object: Any = None, *root_object: Any) -> Any:
            # In older versions, there is no root object.
            candidates = from_object.get("candidates", ()) if type(from_object) is dict else None
            if type(candidates) not in (list, tuple):
                return original(from_object, parent_object, *root_object)
            made = _renamed(from_object, names)
            if type(candidates) is list and convert_candidate is None:
                made["candidates"] = candidates.copy()
            elif type(candidates) is list:
                made["candidates"] = [convert_candidate(candidate, made, *root_object) for candidate in candidates]
            return made

        return from_response

    def _candidate(self, candidate: Any, parent: Any, *root: Any) -> Any:
        if type(candidate) is not dict or "citationMetadata" in candidate:
            return self._original_candidate(candidate, parent, *root)
        made = _renamed(candidate, self._candidate_names)
        ratings = candidate.get("safetyRatings")
        if ratings is not None:
            made["safety_ratings"] = list(ratings)
        return made


def _names_in(function: Any, names: dict[str, str]) -> dict[str, str]:
    """Return the names of the keys that a function of the SDK renames, in its order: the first invalid key raises.

    Older versions know fewer of them.
    """
    return {key: names[key] for key in function.__code__.co_consts if type(key) is str and key in names}


def _renamed(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: values[key] for key, name in names.items() if values.get(key) is not None}


def fast_init(cls: Any) -> Any:
    """Return an __init__ for types.HttpResponse. The SDK makes two of these for every event, with valid headers."""
    set_attributes, set_private, set_extra, set_fields_set = MODEL_SLOTS
    original = cls.__init__

    def __init__(self: Any, /, **data: Any) -> None:  # noqa: N807 - the name of the method that it replaces
        headers, body = data.get("headers"), data.get("body")
        if (
            type(self) is not cls
            or len(data) != (1 if body is None else 2)
            or type(headers) is not dict
            or not (body is None or type(body) is str or type(body) is _JsonText)
            or not all(type(key) is str and type(value) is str for key, value in headers.items())
        ):
            original(self, **data)
            return
        set_attributes(self, {"headers": headers.copy(), "body": body})
        set_private(self, None)
        set_extra(self, None)
        set_fields_set(self, set(data))

    # pydantic's mark for its own __init__: without it, validation would call this one for each subclass.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]
    return __init__
