import {
  createPictureEncoder,
  encoderIdOf,
  hindranceOf,
  type PictureEncoder,
} from '../encoder-rollout.js'
import { distanceSq } from '../encoding/embedding.js'
import { toFleetDoor } from '../fleet/doors.js'
import { listMembers, serverNowMs } from '../fleet/members.js'
import { openSecrets } from '../fleet/membership.js'
import type { FleetSecrets } from '../fleet/membership.js'
import type { Connection } from '../fleet/postgres.js'
import { readRows } from '../fleet/record-table.js'
import { encodersInUse, hindrances } from '../fleet/rollout.js'
import { subjectHash } from '../fleet/sealed-record.js'
import { copyOnce } from '../fleet/sync.js'
import type { Rollout } from '../store/fleet-rules.js'
import type { Store } from '../store/store.js'
import { CommandError } from './command-error.js'
import { printFleet, withFleet } from './fleet.js'
import type { FleetOptions } from './fleet.js'

export interface FleetAdmitOptions extends FleetOptions {
  readonly everybody?: boolean
  readonly nobody?: boolean
}

export interface FleetRolloutOptions extends FleetOptions {
  /** Kiosks of each stage, with commas between them. */
  readonly stage: readonly string[]
}

export interface FleetNextOptions extends FleetOptions {
  readonly force?: boolean
}

const ACTOR = 'cli'

const copy = (client: Connection, store: Store, secrets: FleetSecrets) =>
  copyOnce(client, { replica: store.replica, secrets, onApplied: () => undefined })

/** @throws CommandError for a name that no kiosk of the fleet has */
function findKiosk(secrets: FleetSecrets, who: string): string {
  const found = secrets
    .members()
    .filter(({ removed, id, name }) => !removed && (id === who || name === who))
  if (found.length === 1) return found[0].id
  const what = found.length === 0 ? 'there is no kiosk' : 'there are several kiosks'
  throw new CommandError('bad-input', `${what} ${who}; see \`genkan fleet members\` for the ids`)
}

/** `genkan fleet admit KIOSK GROUP…`: whom a door admits, said from any kiosk. */
export async function fleetAdmit(
  who: string,
  groups: readonly string[],
  options: FleetAdmitOptions,
): Promise<void> {
  const said = [groups.length > 0, options.everybody === true, options.nobody === true]
  if (said.filter(Boolean).length !== 1) {
    throw new CommandError('bad-input', 'name groups, or give --everybody or --nobody')
  }
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    await listMembers(client, secrets)
    await copy(client, store, secrets)
    const kiosk = findKiosk(secrets, who)
    const admits = options.everybody === true ? null : [...groups]
    store.fleetRules.setAdmits(kiosk, admits, ACTOR)
    await copy(client, store, secrets)
    const words = admits === null ? 'everybody' : admits.join(', ') || 'nobody'
    printFleet(options, { kiosk, admits }, `${who} admits ${words} as soon as it hears of it`)
  })
}

async function showRollout(
  client: Connection,
  store: Store,
  secrets: FleetSecrets,
  options: FleetOptions,
): Promise<void> {
  const rollout = store.fleetRules.rollout()
  if (rollout === undefined) {
    printFleet(options, { rollout: null }, 'no roll-out was begun')
    return
  }
  const reasons = await reasonsAgainst(client, store, secrets, rollout)
  const { from, to, stages, reached } = rollout
  const head =
    reached === 0
      ? `every kiosk shows its pictures to ${to}; no door uses it yet`
      : reached > stages.length
        ? `every door uses ${to}`
        : `doors of stage ${reached} of ${stages.length + 1} use ${to}, the others ${from}`
  printFleet(
    options,
    { rollout, hindrances: reasons },
    [head, ...reasons.map((reason) => `  not further yet: ${reason}`)].join('\n'),
  )
}

async function reasonsAgainst(
  client: Connection,
  store: Store,
  secrets: FleetSecrets,
  rollout: Rollout,
): Promise<string[]> {
  const rows = await listMembers(client, secrets)
  const { kiosk } = secrets.membership()
  const doors = rows.map((row) => toFleetDoor(row, kiosk))
  const unseen = store.encodings.countUnseen(rollout.to)
  return [
    ...(unseen > 0 ? [`${unseen} templates are known to ${rollout.from} only`] : []),
    ...hindrances(rollout, doors, await serverNowMs(client)),
  ]
}

/** `genkan fleet rollout start ENCODER`: every kiosk begins to show its pictures to it. */
export async function fleetRolloutStart(
  encoder: string,
  options: FleetRolloutOptions,
): Promise<void> {
  await withFleet(options, async (client, store, config) => {
    const secrets = openSecrets(store.replica)
    await listMembers(client, secrets)
    await copy(client, store, secrets)
    const before = store.fleetRules.rollout()
    const isUnderWay = before !== undefined && before.reached > 0
    if (isUnderWay && before.reached <= before.stages.length) {
      const cure =
        'finish it (genkan fleet rollout next) or take it back (genkan fleet rollout back)'
      throw new CommandError('bad-input', `a roll-out of ${before.to} is under way; ${cure}`)
    }
    const hindrance = hindranceOf(config, encoder)
    if (hindrance !== undefined) throw new CommandError('bad-input', hindrance)
    const from = before !== undefined && isUnderWay ? before.to : encoderIdOf(config.models.encoder)
    const to = encoderIdOf(encoder)
    if (from === to) throw new CommandError('bad-input', `the doors use ${to} already`)
    const stages = options.stage.map((stage) =>
      stage.split(',').map((who) => findKiosk(secrets, who.trim())),
    )
    store.fleetRules.setRollout({ from, to, stages, reached: 0 }, ACTOR)
    await copy(client, store, secrets)
    await showRollout(client, store, secrets, options)
  })
}

/** `genkan fleet rollout next`: one stage further, where every door that has it is well. */
export async function fleetRolloutNext(options: FleetNextOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    await copy(client, store, secrets)
    const rollout = store.fleetRules.rollout()
    if (rollout === undefined || rollout.reached > rollout.stages.length) {
      const cure = 'begin one (genkan fleet rollout start ENCODER)'
      throw new CommandError('bad-input', `no roll-out is under way; ${cure}`)
    }
    const reasons = await reasonsAgainst(client, store, secrets, rollout)
    if (reasons.length > 0 && options.force !== true) {
      const list = reasons.slice(0, 20).join('; ')
      throw new CommandError('fault', `not yet: ${list}; wait, mend it, or give --force`)
    }
    store.fleetRules.setRollout({ ...rollout, reached: rollout.reached + 1 }, ACTOR)
    await copy(client, store, secrets)
    await showRollout(client, store, secrets, options)
  })
}

/** `genkan fleet rollout back`: every door goes back to the encoder of before. */
export async function fleetRolloutBack(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    await copy(client, store, secrets)
    const rollout = store.fleetRules.rollout()
    if (rollout === undefined) throw new CommandError('bad-input', 'no roll-out was begun')
    store.fleetRules.setRollout({ ...rollout, reached: 0 }, ACTOR)
    await copy(client, store, secrets)
    await showRollout(client, store, secrets, options)
  })
}

/** `genkan fleet rollout status`. */
export async function fleetRolloutStatus(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    await copy(client, store, secrets)
    await showRollout(client, store, secrets, options)
  })
}

/** The same picture to the same encoder gives the same numbers, but for another processor's rounding. */
const SAME_PICTURE_SQ = 0.05

/**
 * A picture that another kiosk took, from the record; `undefined` where it is not to be had, was sealed
 * with a key that somebody may have who was removed since, or is of another face than the template.
 */
async function pictureFromRecord(
  client: Connection,
  store: Store,
  secrets: FleetSecrets,
  pictures: PictureEncoder,
  templateId: string,
): Promise<Uint8Array | undefined> {
  const subject = subjectHash(secrets, 'picture', templateId).toString('hex')
  const { records } = await readRows(client, secrets, [subject])
  const record = records.at(0)
  const template = store.templates.get(templateId)
  if (record?.payload?.kind !== 'picture' || record.outdated || template === undefined) {
    return undefined
  }
  const cropPng = Buffer.from(record.payload.cropPng, 'base64')
  const { modelId, vector } = template.embedding
  const again = await pictures.encode(modelId, { cropPng, modelId })
  return distanceSq(again.vector, vector) <= SAME_PICTURE_SQ ? cropPng : undefined
}

/**
 * `genkan fleet reencode`: shows the encoders of a roll-out the pictures of kiosks that do not do so
 * themselves, such as one that is out of order. Pictures come sealed from the record and are not kept.
 */
export async function fleetReencode(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store, config) => {
    const secrets = openSecrets(store.replica)
    await copy(client, store, secrets)
    const pictures = createPictureEncoder(config.models)
    let encoded = 0
    let left = 0
    for (const encoder of encodersInUse(store.fleetRules.rollout())) {
      let after = ''
      for (;;) {
        const next = store.encodings.nextUnseen(encoder, after, false)
        if (next === undefined) break
        after = next.templateId
        const cropPng =
          next.cropPng.length > 0
            ? next.cropPng
            : await pictureFromRecord(client, store, secrets, pictures, next.templateId)
        if (cropPng === undefined) {
          left++
          continue
        }
        const { modelId, templateId } = next
        if (store.encodings.add(templateId, await pictures.encode(encoder, { cropPng, modelId }))) {
          encoded++
        }
      }
    }
    await copy(client, store, secrets)
    printFleet(
      options,
      { encoded, left },
      `${encoded} pictures shown to the other encoder, ${left} left: nobody has a picture that can be trusted`,
    )
  })
}
