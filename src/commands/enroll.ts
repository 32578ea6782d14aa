import { PHOTO_ADVICE, createEnrolmentService } from '../enrolment.js'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { MAX_ENROLMENT_PICTURES, selectPictures } from '../learning/few-shot.js'
import { farDistance } from '../learning/poisoned.js'
import { readCalibrationFile } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { openGallery, readPicture } from './faces.js'
import type { FaceCommandOptions } from './faces.js'
import { loadSetup } from './setup.js'

export interface EnrollOptions extends FaceCommandOptions {
  readonly templates: string
}

interface GoodPicture {
  readonly path: string
  readonly image: Image
  readonly vector: Float32Array
  readonly quality: number
}

/**
 * `genkan enroll NAME PICTURE…`: one person from one to ten pictures. Pictures that are of no use or of
 * somebody else are named and left out; of the others as many as wanted become templates.
 */
export async function enroll(
  name: string,
  paths: readonly string[],
  options: EnrollOptions,
): Promise<void> {
  const keep = Number(options.templates)
  if (!Number.isInteger(keep) || keep < 1 || keep > MAX_ENROLMENT_PICTURES) {
    throw new CommandError('bad-input', `--templates must be 1 to ${MAX_ENROLMENT_PICTURES}`)
  }
  if (paths.length > MAX_ENROLMENT_PICTURES) {
    throw new CommandError('bad-input', `give at most ${MAX_ENROLMENT_PICTURES} pictures`)
  }
  const pictures = paths.map((path) => ({ path, bytes: readPicture(path) }))
  const { store, stages, recognition, config } = await openGallery(loadSetup(options))
  try {
    const refused: {
      readonly picture: string
      readonly reason: string
      readonly detail: string
    }[] = []
    const good: GoodPicture[] = []
    for (const { path, bytes } of pictures) {
      const decoded = await decodeImage(bytes)
      if (!decoded.ok) {
        refused.push({ picture: path, reason: decoded.reason, detail: decoded.detail })
        continue
      }
      const reading = await stages.readEnrolment(decoded.image)
      if (reading.kind === 'rejected') {
        refused.push({ picture: path, reason: reading.fault, detail: reading.detail })
        continue
      }
      const { embedding, quality, looksLikePhoto } = reading
      if (looksLikePhoto) {
        refused.push({ picture: path, reason: 'looks-like-a-photo', detail: PHOTO_ADVICE })
        continue
      }
      good.push({ path, image: decoded.image, vector: embedding.vector, quality })
    }
    if (good.length === 0) {
      const [{ picture, reason, detail }] = refused
      throw new CommandError('bad-input', `${picture} was not taken (${reason}): ${detail}`)
    }
    const model = { id: stages.encoder.modelId, sha256: stages.nets.encoder.sha256 }
    const farSq = good.length === 1 ? 4 : farDistance(readCalibrationFile(config.matching, model))
    const { kept, outliers, spare } = selectPictures(good, { farSq, keep })
    for (const i of outliers) {
      const detail = 'looks like somebody else than most of the pictures'
      refused.push({ picture: good[i].path, reason: 'outlier', detail })
    }
    if (kept.length === 0) {
      throw new CommandError('bad-input', 'the pictures do not show one and the same person')
    }
    const service = createEnrolmentService({
      store,
      recognition,
      readEnrolment: stages.readEnrolment,
    })
    const person = store.persons.create(name, 'cli')
    const templates: { readonly templateId: string; readonly quality: number }[] = []
    for (const i of kept) {
      const by = { source: 'cli', actor: 'cli' } as const
      const result = await service.fromImage(person.id, good[i].image, by)
      if (result.outcome !== 'enrolled') {
        store.persons.delete(person.id, 'cli')
        const reason = result.outcome === 'rejected' ? result.reason : result.outcome
        throw new CommandError(
          'bad-input',
          `${good[i].path} was not taken (${reason}): ${result.detail}`,
        )
      }
      templates.push({ templateId: result.templateId, quality: result.quality })
    }
    const [{ templateId, quality }] = templates
    const fields = {
      personId: person.id,
      templateId,
      quality,
      templates,
      refused,
      spare: spare.map((i) => good[i].path),
    }
    const lines = [
      `enrolled as ${person.id}, ${templates.length} template${templates.length === 1 ? '' : 's'}, quality ${quality.toFixed(2)}`,
      ...refused.map(
        ({ picture, reason, detail }) => `left out: ${picture} (${reason}), ${detail}`,
      ),
    ]
    process.stdout.write(`${options.json === true ? JSON.stringify(fields) : lines.join('\n')}\n`)
  } finally {
    store.close()
  }
}
