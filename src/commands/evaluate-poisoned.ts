import {
  ratePoisonedSearch,
  type CountedRate,
  type PoisonedRates,
} from '../evaluation/poisoned-protocol.js'
import { CommandError } from './command-error.js'
import { encodeFolder } from './encode-folder.js'
import { loadLearningNets, poisonLimits, thresholdsInForce } from './learning-setup.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluatePoisonedOptions extends SetupOptions {
  /** People whom neither encoder nor calibration were fitted on, one folder a person. */
  readonly images: string
  readonly seed: string
  /** Folder that keeps encodings. */
  readonly keep?: string
  readonly json?: boolean
}

/** `genkan evaluate poisoned`: how well enrolments that would teach the wrong thing are found. */
export async function evaluatePoisoned(options: EvaluatePoisonedOptions): Promise<void> {
  const config = loadSetup(options)
  const seed = Number(options.seed)
  if (!Number.isInteger(seed) || seed < 0) {
    throw new CommandError('bad-input', '--seed must be a whole number from 0')
  }
  const nets = await loadLearningNets(config)
  const limits = poisonLimits(thresholdsInForce(config, nets.encoder))
  const people = await encodeFolder(options.images, { nets, alterations: [], seed }, options.keep)
  const rates = ratePoisonedSearch(people, limits, seed)
  const report = { encoder: nets.encoder.manifest.id, limits, persons: people.length, ...rates }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(rates))
}

function describe(rates: PoisonedRates): string {
  const percent = (rate: number) => (100 * rate).toFixed(2)
  const row = (what: string, { events, trials, low, high }: CountedRate) =>
    `${what.padEnd(56)} ${`${events} of ${trials}`.padStart(14)}   ` +
    `${percent(events / trials)} [${percent(low)}, ${percent(high)}]`
  return [
    ...rates.twoPeople.flatMap(({ ownPictures, found, named }) => [
      row(`a stranger's picture beside ${ownPictures} of one's own: found`, found),
      row('  and the picture named', named),
    ]),
    ...rates.twoNames.map(({ picturesEach, found }) =>
      row(`one person under two names, ${picturesEach} picture(s) each: found`, found),
    ),
    row('false alarm: one person said to be two', rates.falselyTwoPeople),
    row('false alarm: two persons said to be one', rates.falselyOne),
    ...rates.alarms.map((alarm) =>
      alarm.kind === 'two-people'
        ? `  look at: ${alarm.pictures.join(', ')}`
        : `  look at: ${alarm.pictures.join(' and ')}`,
    ),
    '',
  ].join('\n')
}
