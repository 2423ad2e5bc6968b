// Reads a stream by eventsource-parser, and writes its cost. Started by ../node_parser.py.
//
// Standard input: a line of JSON, {"sizes": bytes of each chunk, "rounds": how many}, and then the chunks. Standard
// output: JSON, {"nanoseconds": the least of a round, by way, "strings": the data of every event, by way}.

import { readFileSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { createParser } from 'eventsource-parser'

const input = readFileSync(0)
let at = input.indexOf('\n') + 1
const { sizes, rounds } = JSON.parse(input.toString('utf8', 0, at))
const chunks = sizes.map((size) => input.subarray(at, (at += size)))
const whole = new TextDecoder()
const texts = chunks.map((chunk) => whole.decode(chunk, { stream: true }))

const ways = {
  TextDecoder(parser) {
    const decoder = new TextDecoder()
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  },
  StringDecoder(parser) {
    const decoder = new StringDecoder('utf8')
    for (const chunk of chunks) parser.feed(decoder.write(chunk))
  },
  'str given'(parser) {
    for (const text of texts) parser.feed(text)
  },
}

const nanoseconds = {}
const strings = {}
let size = 0 // keeps Node's compiler from dropping reads of data that is not used
for (const [way, read] of Object.entries(ways)) {
  const seen = []
  read(createParser({ onEvent: (event) => seen.push(event.data) }))
  strings[way] = rounds ? [] : seen
  nanoseconds[way] = Infinity
}
for (let round = 0; round < rounds; round++) {
  for (const [way, read] of Object.entries(ways)) {
    const parser = createParser({ onEvent: (event) => (size += event.data.length) })
    // CPU time of the whole process: the garbage collector and the compiler have threads of their own.
    const before = process.cpuUsage()
    read(parser)
    const { user, system } = process.cpuUsage(before)
    nanoseconds[way] = Math.min(nanoseconds[way], (user + system) * 1000)
  }
}
process.stdout.write(JSON.stringify({ nanoseconds, strings, size }))
