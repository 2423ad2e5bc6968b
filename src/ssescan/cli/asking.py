"""The requests of `ssescan ask`: the URL, the headers and the body that each API wants, and where its key is.

The pages of the providers: https://platform.openai.com/docs/api-reference, https://docs.claude.com/en/api/messages,
https://ai.google.dev/api. Knows nothing of sockets.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import click

from .._secrets import KEY_HEADERS, argument_without_secrets
from .curl import HEADER, LINE_END
from .sources import url_name

VERSION = re.compile(r"v\d\w*")  # a segment of a path, such as v1 and v1beta
LOCAL = re.compile(r"[\w.-]+:\d+(?:/.*)?|\[[0-9A-Fa-f:.]+\](?::\d+)?(?:/.*)?")
MAX_TOKENS = 4096  # where the API wants a limit and none is given

Body = Callable[[str, str, int | None], dict[str, Any]]


@dataclass(frozen=True)
class AskedApi:
    """The requests of an API. `{model}` stands for the name of the model, `{key}` for the key.

    `operation`: the path of the request below the version. `has_versioned_base`: the base URL of its SDK ends with the
    version, so a path in `--url` does too.
    """

    base: str
    version: str
    operation: str
    body: Body  # of the model, the prompt, and the most tokens to write, None for no limit
    model: str  # by default
    key_variables: tuple[str, ...]  # of the environment, as the SDK of the API looks for them
    base_variable: str  # the same, for the base URL
    key_header: str
    headers: tuple[str, ...] = ()
    query: str = ""
    has_versioned_base: bool = False

    def url(self, given: str | None, model: str, environment: Mapping[str, str]) -> str:
        """Return the URL of the request; a click.UsageError for an invalid one.

        `given`: of the server, of the API on it, or of the request itself.
        """
        base = given if given is not None else environment.get(self.base_variable) or self.base
        if LOCAL.fullmatch(base):
            base = f"http://{base}"
        if not base.lower().startswith(("http://", "https://")) or any(map(str.isspace, base)):
            origin = "--url" if given is not None else self.base_variable
            text = f"expected {origin} http://..., https://... or HOST:PORT, got {argument_without_secrets(base)!r}"
            raise click.UsageError(text)
        url_name(base)  # raises an error for an invalid one
        scheme, host, path, query, _ = urlsplit(base)
        path = path.rstrip("/")
        if not path.endswith(self.operation.rpartition("{model}")[2]):
            if not (path and self.has_versioned_base) and not any(map(VERSION.fullmatch, path.split("/"))):
                path += f"/{self.version}"
            path += "/" + self.operation.replace("{model}", quote(model.removeprefix("models/"), safe="/"))
        return urlunsplit((scheme, host, path, query or self.query, ""))

    def key(self, variable: str | None, environment: Mapping[str, str]) -> str | None:
        """Return the key in a variable of the environment; None if none is named, and those of the API are not set."""
        for name in self.key_variables if variable is None else (variable,):
            if key := environment.get(name, "").strip():
                if LINE_END.search(key) or not key.isascii():
                    raise click.UsageError(f"expected a key of one line in ASCII in the variable {name}, got another")
                return key
        if variable is not None:
            raise click.UsageError("expected the name of a variable with a key after --key-env, that one is not set")
        return None

    def wants_key(self, url: str, headers: tuple[str, ...]) -> bool:
        """Return whether a request needs a key besides these headers of -H: it is sent to the provider, without one."""
        parts = urlsplit(url)
        is_provider = parts.hostname == urlsplit(self.base).hostname
        return is_provider and "key=" not in parts.query and not names_of(headers).intersection(KEY_HEADERS)

    def all_headers(self, key: str | None, given: tuple[str, ...]) -> tuple[str, ...]:
        """Return the headers of a request, as `Name: value`; those of -H replace those of the API."""
        own = (*self.headers, *(() if key is None else (self.key_header.format(key=key),)))
        named = names_of(given)
        return (*(header for header in own if header.partition(":")[0].lower() not in named), *given)


def names_of(headers: tuple[str, ...]) -> set[str]:
    """Return the names of headers as -H takes them, in lower case."""
    return {found[1].lower() for header in headers if (found := HEADER.match(header))}


def chat_body(model: str, prompt: str, limit: int | None) -> dict[str, Any]:
    """Return the body of a request of OpenAI's Chat Completions."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}
    body |= {"stream_options": {"include_usage": True}}
    return body if limit is None else body | {"max_completion_tokens": limit}


def responses_body(model: str, prompt: str, limit: int | None) -> dict[str, Any]:
    """Return the body of a request of OpenAI's Responses."""
    body = {"model": model, "input": prompt, "stream": True}
    return body if limit is None else body | {"max_output_tokens": limit}


def messages_body(model: str, prompt: str, limit: int | None) -> dict[str, Any]:
    """Return the body of a request of Anthropic's Messages."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": model, "max_tokens": limit or MAX_TOKENS, "messages": messages, "stream": True}


def gemini_body(model: str, prompt: str, limit: int | None) -> dict[str, Any]:
    """Return the body of a request of Gemini's streamGenerateContent; the URL has the model."""
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
    return body if limit is None else body | {"generationConfig": {"maxOutputTokens": limit}}


def interactions_body(model: str, prompt: str, limit: int | None) -> dict[str, Any]:
    """Return the body of a request of Gemini's Interactions."""
    body: dict[str, Any] = {"model": model, "input": prompt, "stream": True}
    return body if limit is None else body | {"generation_config": {"max_output_tokens": limit}}


def openai(operation: str, body: Body) -> AskedApi:
    """Return one of OpenAI's APIs."""
    return AskedApi(
        "https://api.openai.com", "v1", operation, body, "gpt-5.4-mini", ("OPENAI_API_KEY",), "OPENAI_BASE_URL",
        "Authorization: Bearer {key}", has_versioned_base=True,
    )  # fmt: skip


def google(operation: str, body: Body) -> AskedApi:
    """Return one of Google's APIs."""
    return AskedApi(
        "https://generativelanguage.googleapis.com", "v1beta", operation, body, "gemini-3.5-flash",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "GOOGLE_GEMINI_BASE_URL", "x-goog-api-key: {key}", query="alt=sse",
    )  # fmt: skip


ASKED_APIS = {
    "openai-chat": openai("chat/completions", chat_body),
    "openai-responses": openai("responses", responses_body),
    "anthropic": AskedApi(
        "https://api.anthropic.com", "v1", "messages", messages_body, "claude-haiku-4-5", ("ANTHROPIC_API_KEY",),
        "ANTHROPIC_BASE_URL", "x-api-key: {key}", ("anthropic-version: 2023-06-01",),
    ),
    "gemini": google("models/{model}:streamGenerateContent", gemini_body),
    "gemini-interactions": google("interactions", interactions_body),
}  # fmt: skip


def api_of(url: str | None) -> str:
    """Return the API of a request whose URL was given: by the end of its path, else openai-chat."""
    path = (url or "").partition("?")[0].rstrip("/")
    ends = {api: asked.operation.rpartition("{model}")[2] for api, asked in ASKED_APIS.items()}
    return next((api for api, end in ends.items() if path.endswith(end)), "openai-chat")
