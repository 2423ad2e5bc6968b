"""DSPy: the field of a signature, streamed by each of its two engines."""

from __future__ import annotations

from functools import partial

import dspy

from benchmarks.frameworks.answer import Answer, Read, wait_for


def reader(engine: str, url: str) -> Read:
    model = dspy.LM("openai/gpt-5.1", api_base=url, api_key="none", engine=engine, cache=False, num_retries=0)
    listener = dspy.streaming.StreamListener("answer", allow_reuse=True)
    program = dspy.streamify(dspy.Predict("question -> answer"), stream_listeners=[listener])

    async def read() -> Answer:
        answer = Answer()
        with dspy.context(lm=model, track_usage=True):
            async for chunk in program(question="Hello!"):
                if isinstance(chunk, dspy.streaming.StreamResponse):
                    answer.pieces += 1
                    answer.text += chunk.chunk
                else:
                    answer.usage = chunk.get_lm_usage()
        return answer

    return lambda: wait_for(read())


READERS = {engine: partial(reader, engine) for engine in ("lm15", "litellm")}
