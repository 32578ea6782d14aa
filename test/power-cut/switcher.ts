import { mkdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { applyChanges, planChanges, revertChanges } from '../../src/board/system-changes.js'
import { readBoardProfile } from '../../src/config/board.js'
import { replaceConfiguration } from '../../src/first-hour/configuration-file.js'
import { openSlots } from '../../src/update/slots.js'

/** Switches versions, board files and the configuration for ever; says what is done. */
const root = process.argv[2] ?? ''
const from = Number(process.argv[3])
const slots = openSlots(join(root, 'releases'))
const profile = readBoardProfile('raspberry-pi-5')

for (let index = from; ; index++) {
  const version = `1.0.${index}`
  const previous = slots.current()
  mkdirSync(slots.pathOf(version), { recursive: true })
  writeFileSync(join(slots.pathOf(version), 'version'), version, { flush: true })
  slots.beginTrial({ version, previous, backup: null, startedAtMs: 0 })
  slots.switchTo(version)
  slots.endTrial()
  slots.keepOnly([version, previous])
  writeSync(1, `slot ${index}\n`)
  applyChanges(planChanges(profile, root), root)
  replaceConfiguration(join(root, 'genkan.yaml'), `# ${index}\n${'#'.repeat(9000)}\n`)
  writeSync(1, `configuration ${index}\n`)
  revertChanges(root)
}
