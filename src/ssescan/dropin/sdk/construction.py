"""What the SDKs of OpenAI and Anthropic make of parsed JSON, with the decisions taken once a type.

`construct_type()` in their `_models` looks at the type anew for each value: what its origin is, which fields the model
has, whether a union has a discriminator. It checks nothing but unions, which it validates; what is not valid it takes
as it comes. Here a type becomes a function, once, and the function does to a value what construct_type() would.
Wherever that is not certain the function is construct_type() itself, for that value alone.

Knows those two `_models` modules, whose fingerprints are alike, and pydantic. Knows nothing of streams.
"""

from __future__ import annotations

import inspect
from threading import RLock
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import pydantic

from .validation import validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Function = Callable[[Any], Any]

# What construct_type() gives back as it came, whatever it is.
UNTOUCHED = (str, int, bool, bytes, object, Any, NoneType)
# So many types are remembered: a program may make one for each request.
MAX_TYPES = 512
# JSON's own types: a union that names one of them takes a value of exactly that type as it is.
EXACT = (str, int, bool)
# construct(**values) takes a key of these names for an argument of its own.
ARGUMENTS_OF_CONSTRUCT = frozenset({"_fields_set", "_BaseModel__cls"})


class Way(NamedTuple):
    """How a value is made: one whose type is in `as_it_is` stays as it is, any other goes to `function`."""

    as_it_is: frozenset[type]
    function: Function


def _same(value: Any) -> Any:
    return value


SAME = Way(frozenset(), _same)


class Construction:
    """The functions of one SDK, by type. `models`: its module `_models`."""

    def __init__(self, models: ModuleType) -> None:
        self._models: Any = models
        self._lock = RLock()
        # By identity, with what it is the identity of: Union[A, B] is equal to Union[B, A], and not made alike.
        self._functions: dict[int, tuple[Any, Function]] = {}
        self._begun: dict[Any, list[Function]] = {}  # models that are under way: one may hold others of its own type

    def of(self, type_: Any) -> Function:
        """Give the function from parsed JSON to what construct_type() would make of it as that type.

        It may raise something else than construct_type() would, where that raises.
        """
        known = self._functions.get(id(type_))
        if known is not None:
            return known[1]
        with self._lock:
            function = self._way(type_, None).function
            if not self._begun:  # else it may call one that is not done
                if len(self._functions) >= MAX_TYPES:
                    self._functions.clear()
                self._functions[id(type_)] = type_, function
            return function

    def _way(self, given: Any, metadata: Any) -> Way:
        """Decide as construct_type() does, in the same order."""
        models = self._models
        type_ = validated = given
        if models.is_type_alias_type(given):
            type_ = given.__value__
        if not metadata and models.is_annotated_type(type_):
            type_ = models.extract_type_arg(type_, 0)
        if not models.is_type_alias_type(given):
            validated = type_
        origin = get_origin(type_) or type_
        arguments = get_args(type_)
        if origin is Union or origin is UnionType:
            return self._union(validated, arguments, self._slow(given, metadata))
        if origin is dict:
            return self._dict(arguments[1]) if len(arguments) > 1 else SAME
        if origin is Literal or type_ in UNTOUCHED:
            return SAME
        if type_ is origin and inspect.isclass(type_) and issubclass(type_, models.BaseModel):
            return self._model(type_, self._slow(given, metadata))
        if origin is list:
            return self._list(arguments[0]) if arguments else SAME
        # float, datetime and date, generic models, and whatever else there is.
        return Way(frozenset(), self._slow(given, metadata))

    def _slow(self, type_: Any, metadata: Any) -> Function:
        construct_type = self._models.construct_type
        return lambda value: construct_type(value=value, type_=type_, metadata=metadata)

    def _dict(self, items: Any) -> Way:
        build = self._way(items, None).function
        if build is _same:
            return SAME
        return Way(
            frozenset(),
            lambda value: {key: build(item) for key, item in value.items()} if type(value) is dict else value,
        )

    def _list(self, items: Any) -> Way:
        build = self._way(items, None).function
        if build is _same:
            return SAME
        return Way(frozenset(), lambda value: [build(item) for item in value] if type(value) is list else value)

    def _union(self, type_: Any, arguments: tuple[Any, ...], slow: Function) -> Way:
        """Validate a union; what is not valid is constructed, as the variant that its discriminator names."""
        validate = validator(self._models.TypeAdapter(type_))
        invalid = pydantic.ValidationError
        as_it_is = {one for one in EXACT if one in arguments}
        words = [word for argument in arguments if get_origin(argument) is Literal for word in get_args(argument)]
        if all(get_origin(argument) is Literal or argument is NoneType for argument in arguments) and all(
            type(word) is str for word in words
        ):
            as_it_is.add(str)  # one of the words, or not valid, and then as it came

        def build(value: Any) -> Any:
            if type(value) in as_it_is:
                return value
            try:
                return validate(value)
            except invalid:
                return slow(value)

        return Way(frozenset(as_it_is), build)

    def _model(self, cls: Any, slow: Function) -> Way:
        models = self._models
        if cls.construct.__func__ is not models.BaseModel.construct.__func__:
            return Way(frozenset(), slow)
        if cls in self._begun:
            done = self._begun[cls]
            return Way(frozenset(), lambda value: done[0](value))  # noqa: PLW0108 - it is not there yet
        done = self._begun[cls] = []
        try:
            done.append(self._made_by_field(cls, slow))
        finally:
            del self._begun[cls]
        return Way(frozenset(), done[0])

    def _made_by_field(self, cls: Any, slow: Function) -> Function:
        models = self._models
        if models._get_extra_fields_type(cls) is not None:
            return slow
        defaults: dict[str, Any] = {}
        ways: dict[str, Way | None] = {}
        for name, field in models.get_model_fields(cls).items():
            default = defaults[name] = models.field_get_default(field)
            if field.alias not in (None, name) or field.annotation is None:
                return slow  # an alias is looked for in two places, and kept among the extra fields as well
            if default is not None and type(default) not in EXACT:
                return slow  # it may be one that is made anew for each
            way = self._way(field.annotation, list(getattr(field, "metadata", None) or ()))
            ways[name] = None if way is SAME else way
        return _maker(cls, defaults, ways, slow)


def _maker(cls: Any, defaults: dict[str, Any], ways: dict[str, Way | None], slow: Function) -> Function:
    """Give the function that makes a model as construct() does."""
    slots = pydantic.BaseModel.__dict__
    set_attributes = slots["__dict__"].__set__
    set_private = slots["__pydantic_private__"].__set__
    set_extra = slots["__pydantic_extra__"].__set__
    set_fields_set = slots["__pydantic_fields_set__"].__set__
    new = cls.__new__
    unknown: Any = object()

    def build(value: Any) -> Any:
        if type(value) is not dict:
            return slow(value)
        attributes = defaults.copy()
        fields_set = set(value)
        extra = {}
        for name, item in value.items():
            way = ways.get(name, unknown)
            if way is unknown:
                extra[name] = item
            elif item is not None:  # None stands for the default
                if way is None or type(item) in way[0]:
                    attributes[name] = item
                else:
                    attributes[name] = way[1](item)
        if extra:
            if not ARGUMENTS_OF_CONSTRUCT.isdisjoint(extra):
                return slow(value)
            fields_set.difference_update(extra)
        made = new(cls)
        set_attributes(made, attributes)
        set_private(made, None)
        set_extra(made, extra)
        set_fields_set(made, fields_set)
        return made

    return build
