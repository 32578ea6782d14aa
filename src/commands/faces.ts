import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.js'
import { decodeImage } from '../frame/decode.js'
import { encoderOfFleet } from '../encoder-rollout.js'
import { encoderInForce } from '../learnt-encoder.js'
import { createRecognition, listNegatives, loadGallery } from '../recognition.js'
import { openSecondOpinion } from '../second-opinion.js'
import { loadStages } from '../stages.js'
import type { Stages } from '../stages.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import { createThresholdSource } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface FaceCommandOptions extends SetupOptions {
  readonly json?: boolean
}

const NO_OPINION =
  'matching.secondOpinion is refuse, but no siamese head was learnt for this encoder; ' +
  'run `genkan learn siamese`, or set it to off'

/** Exit code of `genkan verify` for a face that is not the claimed person's. */
export const DIFFERENT_EXIT_CODE = 3

/** Store, nets and gallery, as the door uses them. */
export async function openGallery(configured: Config) {
  const store = openStore(storeOptionsOf(configured.store, 'command'))
  try {
    const rolled = encoderOfFleet(configured, store)
    const { config, current } = encoderInForce(rolled.config, store)
    const stages = await loadStages(config.models)
    const recognition = createRecognition(
      () => loadGallery(store, stages.encoder.modelId, current).gallery,
      createThresholdSource(config.matching, stages.nets.encoder),
      () => listNegatives(store, current),
      openSecondOpinion(config.matching, store, {
        id: stages.encoder.modelId,
        sha256: stages.nets.encoder.sha256,
      }),
    )
    return { store, stages, recognition, config }
  } catch (error) {
    store.close()
    throw error
  }
}

/** @throws CommandError */
export function readPicture(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new CommandError('bad-input', `${path} cannot be read: ${(error as Error).message}`)
  }
}

async function readProbe(stages: Stages, picture: string) {
  const decoded = await decodeImage(readPicture(picture))
  return decoded.ok
    ? stages.readProbe(decoded.image)
    : ({ kind: 'rejected', fault: decoded.reason, detail: decoded.detail } as const)
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
      store.audit.append({ actor: 'cli', action: 'face.identify' })
      const reading = await readProbe(stages, picture)
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
      const inForce = recognition.threshold()
      const limits = { threshold: inForce?.value ?? null, margin: inForce?.margin ?? null }
      print(
        options,
        { picture, ...found, ...who, ...limits, persons: recognition.gallery.personCount },
        `${picture}: ${person?.name ?? found.outcome}`,
      )
    }
  } finally {
    store.close()
  }
  if (refused > 0) throw new CommandError('bad-input', `${refused} picture(s) were refused`)
}

/**
 * `genkan verify PERSON_ID PICTURE`: is it the person it is said to be.
 * @returns the exit code: 0 for the same person, {@link DIFFERENT_EXIT_CODE} for another
 * @throws CommandError for an unknown person, one without a face, or a picture of no use
 */
export async function verify(
  claimedId: string,
  picture: string,
  options: FaceCommandOptions,
): Promise<number> {
  const { store, stages, recognition } = await openGallery(loadSetup(options))
  try {
    const person = store.persons.get(claimedId.toUpperCase())
    if (person === undefined) {
      throw new CommandError('bad-input', 'no person has this id; the console lists them')
    }
    store.audit.append({ actor: 'cli', action: 'face.verify', subjectId: person.id })
    const reading = await readProbe(stages, picture)
    if (reading.kind === 'rejected') {
      const { fault, detail } = reading
      throw new CommandError('bad-input', `${picture} is of no use (${fault}): ${detail}`)
    }
    const templates = store.templates.counts().get(person.id) ?? 0
    const verdict = recognition.verify(reading.embedding, { personId: person.id, templates })
    switch (verdict.outcome) {
      case 'no-threshold':
        throw new CommandError(
          'fault',
          'the encoder has no valid calibration; run `genkan calibrate`, or see `genkan doctor`',
        )
      case 'refused':
        throw new CommandError('fault', verdict.detail)
      case 'no-opinion':
        throw new CommandError('fault', NO_OPINION)
      case 'not-enrolled':
        throw new CommandError(
          'bad-input',
          'this person has no face made by the encoder in use; enrol one first',
        )
      case 'same':
      case 'different': {
        const { outcome, distanceSq, opinion } = verdict
        const threshold = recognition.verificationThreshold(templates)?.value
        print(
          options,
          { picture, personId: person.id, outcome, distanceSq, threshold, templates, opinion },
          `${picture}: ${outcome}, distance ${distanceSq.toFixed(3)}, threshold ${threshold?.toFixed(3)}`,
        )
        return outcome === 'same' ? 0 : DIFFERENT_EXIT_CODE
      }
    }
  } finally {
    store.close()
  }
}

function print(options: FaceCommandOptions, fields: object, sentence: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(fields) : sentence}\n`)
}
