import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.js'
import { createEnrolmentService } from '../enrolment.js'
import { decodeImage } from '../frame/decode.js'
import { createRecognition, loadGallery } from '../recognition.js'
import { loadStages } from '../stages.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import { createThresholdSource } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface FaceCommandOptions extends SetupOptions {
  readonly json?: boolean
}

async function openGallery(config: Config) {
  const store = openStore(storeOptionsOf(config.store, 'command'))
  try {
    const stages = await loadStages(config.models)
    const recognition = createRecognition(
      () => loadGallery(store, stages.encoder.modelId).gallery,
      createThresholdSource(config.matching, stages.nets.encoder),
    )
    return { store, stages, recognition }
  } catch (error) {
    store.close()
    throw error
  }
}

function readPicture(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new CommandError('bad-input', `${path} cannot be read: ${(error as Error).message}`)
  }
}

/** `genkan enroll NAME PICTURE`: one person, one shot. */
export async function enroll(
  name: string,
  picture: string,
  options: FaceCommandOptions,
): Promise<void> {
  const bytes = readPicture(picture)
  const { store, stages, recognition } = await openGallery(loadSetup(options))
  try {
    const service = createEnrolmentService({
      store,
      recognition,
      readEnrolment: stages.readEnrolment,
    })
    const person = store.persons.create(name, 'cli')
    const result = await service.fromBytes(person.id, bytes, { source: 'cli', actor: 'cli' })
    if (result.outcome !== 'enrolled') {
      store.persons.delete(person.id, 'cli')
      const reason = result.outcome === 'rejected' ? result.reason : result.outcome
      throw new CommandError('bad-input', `${picture} was not taken (${reason}): ${result.detail}`)
    }
    const { templateId, quality } = result
    print(
      options,
      { personId: person.id, templateId, quality },
      `enrolled as ${person.id}, quality ${quality.toFixed(2)}`,
    )
  } finally {
    store.close()
  }
}

/** `genkan identify PICTURE…`: who is it, out of everybody enrolled. */
export async function identify(
  pictures: readonly string[],
  options: FaceCommandOptions,
): Promise<void> {
  const { store, stages, recognition } = await openGallery(loadSetup(options))
  let refused = 0
  try {
    for (const picture of pictures) {
      const decoded = await decodeImage(readPicture(picture))
      const reading = decoded.ok
        ? await stages.readProbe(decoded.image)
        : ({ kind: 'rejected', fault: decoded.reason, detail: decoded.detail } as const)
      if (reading.kind === 'rejected') {
        refused++
        const { fault, detail } = reading
        print(
          options,
          { picture, outcome: 'refused', reason: fault, detail },
          `${picture}: refused (${fault}), ${detail}`,
        )
        continue
      }
      const found = recognition.identify(reading.embedding)
      const person = found.outcome === 'match' ? store.persons.get(found.personId) : undefined
      const who = person === undefined ? {} : { person: { id: person.id, name: person.name } }
      const threshold = recognition.threshold()?.value ?? null
      print(
        options,
        { picture, ...found, ...who, threshold, persons: recognition.gallery.personCount },
        `${picture}: ${person?.name ?? found.outcome}`,
      )
    }
  } finally {
    store.close()
  }
  if (refused > 0) throw new CommandError('bad-input', `${refused} picture(s) were refused`)
}

function print(options: FaceCommandOptions, fields: object, sentence: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(fields) : sentence}\n`)
}
