"""The objects that openai and anthropic make of parsed JSON, with the decisions made once for each type.

`construct_type()` in their `_models` examines the type again for each value: its origin, the fields of the model, the
discriminator of a union. It validates only unions; other values stay as they are if they are not valid. Here, each type
becomes a function once, and the function treats a value as construct_type() would: a value that is valid in a union is
validated, another one is constructed. Where that is not certain, the function calls construct_type() for that value.

Knows these two `_models` modules, which are alike, and pydantic. Knows nothing of streams.
"""

import inspect
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from threading import RLock
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from .validation import MODEL_SLOTS, lacks_fields, validator_for

Function = Callable[[Any], Any]

# construct_type() returns any value unchanged for these types.
UNCHECKED_TYPES = (str, int, bool, bytes, object, Any, NoneType)
# The number of types that are remembered: a program may make a new type for each request.
MAX_TYPES = 512
# The types of JSON whose values a union returns unchanged, if it names exactly that type.
EXACT_TYPES = (str, int, bool)
# construct(**values) has parameters of these names, so that the keys of a value cannot have them.
PARAMETERS_OF_CONSTRUCT = frozenset({"_fields_set", "_BaseModel__cls"})


class Conversion(NamedTuple):
    """The way from a value to an object: values of the `unchanged` types stay as they are, others go to `function`."""

    function: Function
    unchanged: frozenset[type] = frozenset()


def _unchanged(value: Any) -> Any:
    return value


def _as_float(value: Any) -> Any:
    if isinstance(value, int) and (converted := float(value)) == value:
        return converted
    return value


UNCHANGED = Conversion(_unchanged)


class Construction:
    """The functions of one SDK, by type. `models`: its module `_models`.

    `for_events`: the values are parsed JSON that nobody else has, so that their lists and dicts need not be copied as
    construct_type() does; and values that it has to decide are recorded in `slow_values`.
    """

    def __init__(self, models: ModuleType, for_events: bool = True) -> None:
        self._models: Any = models
        self._is_for_events = for_events
        self._lock = RLock()
        # By identity, with the type: Union[A, B] equals Union[B, A], but construct_type() treats them differently.
        self._functions: dict[int, tuple[Any, Function]] = {}
        # The models whose function is being made: a model may contain its own type.
        self._unfinished: dict[Any, list[Function]] = {}
        # Why construct_type() was called for a value since this was emptied.
        self.slow_values: deque[str] = deque(maxlen=None if for_events else 0)

    def function_for(self, type_: Any) -> Function:
        """Return the function that makes the same of parsed JSON as construct_type() with that type.

        Where construct_type() raises, the function may raise another exception.
        """
        known = self._functions.get(id(type_))
        if known is not None:
            return known[1]
        with self._lock:
            function = self._conversion(type_, None).function
            if not self._unfinished:  # else the function may call one that is not finished
                if len(self._functions) >= MAX_TYPES:
                    self._functions.clear()
                self._functions[id(type_)] = type_, function
            return function

    def _conversion(self, given: Any, metadata: Any) -> Conversion:
        """Decide as construct_type() does, in the same order."""
        models = self._models
        type_ = validated = given
        given_metadata = metadata
        if models.is_type_alias_type(given):
            type_ = given.__value__
        if not metadata and models.is_annotated_type(type_):
            metadata = get_args(type_)[1:]
            type_ = models.extract_type_arg(type_, 0)
        if not models.is_type_alias_type(given):
            validated = type_
        origin = get_origin(type_) or type_
        arguments = get_args(type_)
        if origin is Union or origin is UnionType:
            return self._union(validated, type_, tuple(metadata or ()), self._construct_type(given, given_metadata))
        if (origin is dict or origin is list) and arguments:
            return self._container(origin, arguments[-1])
        if origin is Literal or type_ in UNCHECKED_TYPES or isinstance(type_, TypeVar):
            return UNCHANGED
        if type_ is origin and inspect.isclass(type_) and issubclass(type_, models.BaseModel):
            return self._model(type_, self._construct_type(given, given_metadata))
        if type_ is float:
            return Conversion(_as_float, frozenset({float}))
        if type_ in (datetime, date):
            construct_type = self._models.construct_type
            return Conversion(lambda value: construct_type(value=value, type_=type_))
        # Generic models, and all other types; also a bare list or dict, for which some versions raise.
        return Conversion(self._construct_type(given, given_metadata))

    def _construct_type(self, type_: Any, metadata: Any) -> Function:
        construct_type, slow_values = self._models.construct_type, self.slow_values
        reason = f"a value of {getattr(type_, '__name__', type_)}"

        def construct(value: Any) -> Any:
            slow_values.append(reason)
            return construct_type(value=value, type_=type_, metadata=metadata)

        return construct

    def _container(self, container: type, item: Any) -> Conversion:
        build = self._conversion(item, None).function
        if build is _unchanged and self._is_for_events:
            return UNCHANGED
        if container is list:
            return Conversion(lambda value: [build(item) for item in value] if type(value) is list else value)
        return Conversion(
            lambda value: {key: build(item) for key, item in value.items()} if type(value) is dict else value
        )

    def _union(self, validated: Any, type_: Any, metadata: tuple[Any, ...], construct_type: Function) -> Conversion:
        """Validate as a union, and construct what is not valid."""
        arguments = get_args(type_)
        construct = self._invalid_value_function(type_, metadata, construct_type)
        unchanged = {exact for exact in EXACT_TYPES if exact in arguments}
        literals = [word for argument in arguments if get_origin(argument) is Literal for word in get_args(argument)]
        if all(get_origin(argument) is Literal or argument is NoneType for argument in arguments) and all(
            type(word) is str for word in literals
        ):
            unchanged.add(str)  # a str that is not one of the literals is not valid, and stays as it is

        validate: Function = _unchanged
        is_careful = False

        def validate_first(value: Any) -> Any:
            # A model has unions that no event contains, and a validator takes milliseconds to make.
            nonlocal validate
            validate = self._validator(validated)
            return validate(value)

        def be_careful() -> None:
            # A server that leaves out a field leaves it out of every event.
            nonlocal validate, is_careful
            if not is_careful:
                is_careful = True
                validate = self._careful_validator(validated, validate)

        validate = validate_first

        def build(value: Any) -> Any:
            if type(value) in unchanged:
                return value
            try:
                return validate(value)
            except RecursionError:
                raise  # the SDK needs another number of frames than we: it decides
            except Exception:  # noqa: BLE001 - as construct_type() does
                be_careful()
            return construct(value)

        return Conversion(build, frozenset(unchanged))

    def _validator(self, type_: Any) -> Function:
        models = self._models
        try:
            return validator_for(models.TypeAdapter(type_))
        except Exception:  # noqa: BLE001 - we cannot handle this type; perhaps the SDK can
            return lambda value: models.validate_type(type_=type_, value=value)

    def _careful_validator(self, type_: Any, validate: Function) -> Function:
        """Return a function that validates as `validate`, but raises sooner for a value that lacks fields."""
        try:
            lacks = lacks_fields(self._models.TypeAdapter(type_))
        except Exception:  # noqa: BLE001 - a type that we cannot handle
            return validate

        def validate_carefully(value: Any) -> Any:
            if lacks(value):
                raise ValueError("a required field is missing")
            return validate(value)

        return validate_carefully

    def _invalid_value_function(self, union: Any, metadata: tuple[Any, ...], construct_type: Function) -> Function:
        """Return the function for values that are not valid in a union.

        Such a value is constructed as the variant that its discriminator names; without one, as the first variant that
        does not raise.
        """
        variants = get_args(union)
        has_list = any(get_origin(variant) is list or variant is list for variant in variants)
        build_details = self._models._build_discriminated_union_meta  # noqa: SLF001 - the SDK's
        details: Any = None

        def construct(value: Any) -> Any:
            nonlocal details
            if type(value) is dict:
                if details is None:  # a look at the SDK's cache takes as long as the rest
                    details = build_details(union=union, meta_annotations=metadata)
                if details is not None:
                    tag = value.get(details.field_alias_from or details.field_name)
                    variant = details.mapping.get(tag) if type(tag) is str else None
                    if variant is not None:
                        return self.function_for(variant)(value)
            elif has_list and type(value) is list:
                return construct_type(value)  # one of the SDKs skips some variants
            for variant in variants:
                try:
                    return self.function_for(variant)(value)
                except RecursionError:
                    raise
                except Exception:  # noqa: BLE001, S112 - as construct_type() does
                    continue
            raise RuntimeError(f"expected a value of {union}, got one that none of its types accepts")

        return construct

    def _model(self, cls: Any, construct_type: Function) -> Conversion:
        if cls.construct.__func__ is not self._models.BaseModel.construct.__func__:
            return Conversion(construct_type)
        if cls in self._unfinished:
            unfinished = self._unfinished[cls]
            return Conversion(lambda value: unfinished[0](value))  # noqa: PLW0108 - it is still empty
        finished = self._unfinished[cls] = []
        try:
            finished.append(self._model_function(cls, construct_type))
        finally:
            del self._unfinished[cls]
        return Conversion(finished[0])

    def _model_function(self, cls: Any, construct_type: Function) -> Function:
        models = self._models
        if models._get_extra_fields_type(cls) is not None:  # noqa: SLF001 - the SDK's
            return construct_type
        fields = models.get_model_fields(cls)
        defaults: dict[str, Any] = {}
        conversions: dict[str, Conversion | None] = {}
        aliases: dict[str, tuple[str, Conversion]] = {}
        for name, field in fields.items():
            default = defaults[name] = models.field_get_default(field)
            if default is not None and type(default) not in EXACT_TYPES:
                return construct_type  # it may make a new default for each object
            if field.annotation is None:
                return construct_type  # it raises
            conversion = self._conversion(field.annotation, list(getattr(field, "metadata", None) or ()))
            if field.alias in (None, name):
                conversions[name] = None if conversion is UNCHANGED else conversion
            elif field.alias in fields or models.get_model_config(cls).get("populate_by_name"):
                return construct_type  # it looks in two places
            else:
                aliases[name] = field.alias, conversion
        return _model_builder(cls, defaults, conversions, aliases, construct_type)


def _model_builder(
    cls: Any,
    defaults: dict[str, Any],
    conversions: dict[str, Conversion | None],
    aliases: dict[str, tuple[str, Conversion]],
    construct_type: Function,
) -> Function:
    """Return the function that makes a model as construct() does.

    `conversions`: by the name of each field. `aliases`: for a field with an alias, the alias and the conversion.
    """
    set_attributes, set_private, set_extra, set_fields_set = MODEL_SLOTS
    new = cls.__new__
    unknown: Any = object()

    def build(value: Any) -> Any:
        if type(value) is not dict:
            if type(value) is list:
                return [build(entry) if type(entry) is dict else entry for entry in value]
            return value
        attributes = defaults.copy()
        fields_set = set(value)
        extra = {}
        for name, item in value.items():
            conversion = conversions.get(name, unknown)
            if conversion is unknown:
                extra[name] = item
            elif item is not None:  # for None, the default stays
                if conversion is None or type(item) in conversion[1]:
                    attributes[name] = item
                else:
                    attributes[name] = conversion[0](item)
        if extra:
            if not PARAMETERS_OF_CONSTRUCT.isdisjoint(extra):
                return construct_type(value)
            fields_set.difference_update(extra)
            for name, (alias, (convert, _)) in aliases.items():
                extra.pop(name, None)  # construct() ignores the name
                if alias in extra:  # and keeps the alias as an extra field too
                    fields_set.add(name)
                    if extra[alias] is not None:
                        attributes[name] = convert(extra[alias])
        made = new(cls)
        set_attributes(made, attributes)
        set_private(made, None)
        set_extra(made, extra)
        set_fields_set(made, fields_set)
        return made

    return build
