import { isOrIsLearntFrom } from '../encoding/learnt-id.js'
import type { Rollout } from '../store/fleet-rules.js'
import type { FleetDoor } from './doors.js'

/** What a kiosk says of a roll-out, for whoever takes the next step. */
export interface RolloutState {
  readonly encoder: string
  /** Templates that this kiosk knows by the old encoder only. */
  readonly unseen: number
  /** Why the kiosk could not use the new encoder; `null` when it could. */
  readonly hindrance: string | null
}

/** A door whose last word is older may have gone. */
const SILENT_MS = 180_000

/** Whether the roll-out has come to a kiosk. */
const isReached = ({ stages, reached }: Rollout, kiosk: string): boolean =>
  reached > stages.length || stages.slice(0, reached).some((stage) => stage.includes(kiosk))

/** Encoder that the fleet wants at a kiosk; `undefined` while it leaves that to each configuration. */
export function encoderWanted(rollout: Rollout | undefined, kiosk: string): string | undefined {
  if (rollout === undefined) return undefined
  return isReached(rollout, kiosk) ? rollout.to : rollout.from
}

/** Encoders that every template should be known to: doors of either kind are about. */
export const encodersInUse = (rollout: Rollout | undefined): readonly string[] =>
  rollout === undefined ? [] : [rollout.from, rollout.to]

const uses = ({ models }: FleetDoor, encoder: string): boolean =>
  isOrIsLearntFrom(models['encoder'] ?? '', encoder)

/** Why a door that the roll-out has reached is no ground to go on. */
function hindranceOfReached(door: FleetDoor, to: string): string | undefined {
  if (!uses(door, to)) return `does not use ${to} yet`
  if (door.health !== 'online') return `is not well: ${door.cause ?? 'no reason given'}`
  return door.calibration === null ? `has no calibration of ${to}` : undefined
}

/** Why a door cannot be of the next stage. */
function hindranceOfNext(door: FleetDoor, { from, to }: Rollout): string | undefined {
  if (uses(door, to)) return undefined
  const { rollout } = door
  if (rollout?.encoder !== to) return 'has not heard of the roll-out yet'
  if (rollout.hindrance !== null) return rollout.hindrance
  return rollout.unseen > 0 ? `knows ${rollout.unseen} templates by ${from} only` : undefined
}

/**
 * Why a roll-out must not go one stage further: a door that already has the new encoder is not well, or
 * one of the next stage could not use it.
 * @param doors as each last said of itself
 * @param nowMs by the server's clock
 * @returns reasons, with the door's name; none when it may go on
 */
export function hindrances(rollout: Rollout, doors: readonly FleetDoor[], nowMs: number): string[] {
  const { to, stages, reached } = rollout
  const next: Rollout = { ...rollout, reached: reached + 1 }

  function hindranceOf(door: FleetDoor): string | undefined {
    const seenMs = door.seenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(door.seenAt)
    if (!(nowMs - seenMs <= SILENT_MS)) return 'has not been heard of for three minutes'
    return isReached(rollout, door.kiosk)
      ? hindranceOfReached(door, to)
      : hindranceOfNext(door, rollout)
  }

  const gone = stages.flat().filter((id) => !doors.some((door) => door.kiosk === id))
  const asked = doors.filter(
    ({ kiosk, standing }) => standing === 'member' && isReached(next, kiosk),
  )
  return [
    ...gone.map((id) => `${id}: is no kiosk of the fleet`),
    ...asked.flatMap((door) => {
      const hindrance = hindranceOf(door)
      return hindrance === undefined ? [] : `${door.name}: ${hindrance}`
    }),
  ]
}
