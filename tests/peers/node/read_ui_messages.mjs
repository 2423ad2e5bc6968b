// Reads streams by the AI SDK's own reader, and writes what it made of them. Started by tests/writing/ai_sdk.py.
//
// Standard input: JSON, a list of streams, each a str. Standard output: JSON, for each stream {"message": the last
// UIMessage, null if there is none, "finishReason": of the event `finish`, "errors": what the reader complains of,
// "kinds": the types of the events that are valid}.

import { readFileSync } from 'node:fs'
import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from 'ai'

const made = []
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  const read = { message: null, finishReason: null, errors: [], kinds: [] }
  const check = new TransformStream({
    transform(result, controller) {
      if (!result.success) {
        read.errors.push(`not an event: ${result.error.message}`)
        return
      }
      read.kinds.push(result.value.type)
      read.finishReason = result.value.finishReason ?? read.finishReason
      controller.enqueue(result.value)
    },
  })
  const stream = parseJsonEventStream({ stream: new Blob([text]).stream(), schema: uiMessageChunkSchema })
  const onError = (error) => read.errors.push(error.message)
  for await (const message of readUIMessageStream({ stream: stream.pipeThrough(check), onError })) {
    read.message = message
  }
  made.push(read)
}
process.stdout.write(JSON.stringify(made))
