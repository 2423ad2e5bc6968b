"""instructor: a list of objects, each as soon as it is complete."""

from __future__ import annotations

from typing import Any

import instructor
from anthropic import Anthropic
from openai import OpenAI
from pydantic import BaseModel

from benchmarks.frameworks.answer import Answer, Read


class Item(BaseModel):
    """An object that the model is asked for."""

    word: str


def reader(client: Any) -> Read:
    messages = [{"role": "user", "content": "Hello!"}]

    def read() -> Answer:
        items = client.create_iterable(model="m", messages=messages, response_model=Item, max_tokens=1000)
        found = [item.word for item in items]
        return Answer(text="".join(found), pieces=len(found))

    return read


OPTIONS: dict[str, Any] = {"api_key": "none", "max_retries": 0}
READERS = {
    "openai-chat": lambda url: reader(instructor.from_openai(OpenAI(base_url=url, **OPTIONS))),
    "anthropic": lambda url: reader(instructor.from_anthropic(Anthropic(base_url=url, **OPTIONS))),
}
