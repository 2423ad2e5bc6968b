// Reads a stream by eventsource-parser, and tells what it cost. Driven by ../node.py, which knows what is asked of it.
//
// Standard input: a line of JSON, {"sizes": bytes of each chunk, "rounds": how many}, and then the chunks. Standard
// output: JSON, {"nanoseconds": the least of a round, by way, "strings": the data of every event, by way}.

import { readFileSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { createParser } from 'eventsource-parser'

const input = readFileSync(0)
const start = input.indexOf('\n') + 1
const { sizes, rounds } = JSON.parse(input.toString('utf8', 0, start))

const chunks = []
let at = start
for (const size of sizes) {
  chunks.push(input.subarray(at, (at += size)))
}

const texts = []
{
  const decoder = new TextDecoder()
  for (const chunk of chunks) texts.push(decoder.decode(chunk, { stream: true }))
}

const ways = {
  TextDecoder(parser) {
    const decoder = new TextDecoder()
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  },
  StringDecoder(parser) {
    const decoder = new StringDecoder('utf8')
    for (const chunk of chunks) parser.feed(decoder.write(chunk))
  },
  strings(parser) {
    for (const text of texts) parser.feed(text)
  },
}

function seen(read) {
  const strings = []
  read(createParser({ onEvent: (event) => strings.push(event.data) }))
  return strings
}

// The compiler of Node must not find that nobody needs the data.
let size = 0

// CPU time of the whole process: the garbage collector and the compiler have threads of their own.
function timed(read) {
  const parser = createParser({
    onEvent: (event) => {
      size += event.data.length
    },
  })
  const before = process.cpuUsage()
  read(parser)
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

const nanoseconds = Object.fromEntries(Object.keys(ways).map((way) => [way, Infinity]))
for (let round = 0; round < rounds; round++) {
  for (const [way, read] of Object.entries(ways)) nanoseconds[way] = Math.min(nanoseconds[way], timed(read))
}

const strings = rounds ? {} : Object.fromEntries(Object.entries(ways).map(([way, read]) => [way, seen(read)]))
process.stdout.write(JSON.stringify({ nanoseconds, strings, size }))
