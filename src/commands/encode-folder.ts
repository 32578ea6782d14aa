import { join } from 'node:path'
import { createFaceFinder } from '../detection/find-faces.js'
import { createEncoder } from '../encoding/encoder.js'
import { folderMark, keptPeople } from '../evaluation/kept-people.js'
import type { Alteration } from '../learning/alterations.js'
import { gatherFolder } from '../learning/gather.js'
import type { LearningPerson } from '../learning/people.js'
import type { LearningNets } from './learning-setup.js'
import { startProgress } from './progress.js'

/**
 * The people of a folder through the frozen encoder.
 * @param keep folder that keeps the encodings; they tell people apart, so it is to be kept private
 */
export function encodeFolder(
  folder: string,
  options: {
    readonly nets: LearningNets
    readonly alterations: readonly Alteration[]
    readonly seed: number
  },
  keep: string | undefined,
): Promise<readonly LearningPerson[]> {
  const { nets, alterations, seed } = options
  const mark = folderMark(folder)
  const altered = alterations.length === 0 ? 'as-is' : `${alterations.join('-')}-seed-${seed}`
  const file = keep === undefined ? undefined : join(keep, `${mark}-${altered}.json`)
  return keptPeople(file, `${nets.encoder.sha256} ${mark} ${altered}`, async () => {
    let progress: ReturnType<typeof startProgress> | undefined
    const people = await gatherFolder(folder, createFaceFinder(nets.detector, nets.landmarks), {
      encoder: createEncoder(nets.encoder),
      template: nets.encoder.manifest.input.fit.template,
      alterations,
      seed,
      onProgress(done, total) {
        progress ??= startProgress('faces', total)
        progress.update(done)
      },
    })
    progress?.stop()
    return people
  })
}
