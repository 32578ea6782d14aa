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

/** Whether it is this encoder, or one with a head learnt on site behind it. */
const isOf = (encoder: string | undefined, base: string): boolean =>
  encoder === base || (encoder?.startsWith(`${base.slice(0, 53)}-h`) ?? false)

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
  const named = stages.flat()
  const gone = named.filter((id) => !doors.some((door) => door.kiosk === id))
  return [
    ...gone.map((id) => `${id}: is no kiosk of the fleet`),
    ...doors
      .filter(({ standing }) => standing === 'member')
      .flatMap((door) => {
        const say = (what: string) => `${door.name}: ${what}`
        if (!isReached(next, door.kiosk)) return []
        const seenMs = door.seenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(door.seenAt)
        if (!(nowMs - seenMs <= SILENT_MS)) return say('has not been heard of for three minutes')
        if (isReached(rollout, door.kiosk)) {
          if (!isOf(door.models['encoder'], to)) return say(`does not use ${to} yet`)
          if (door.health !== 'online')
            return say(`is not well: ${door.cause ?? 'no reason given'}`)
          if (door.calibration === null) return say(`has no calibration of ${to}`)
          return []
        }
        if (isOf(door.models['encoder'], to)) return []
        const { rollout: own } = door
        if (own?.encoder !== to) return say('has not heard of the roll-out yet')
        if (own.hindrance !== null) return say(own.hindrance)
        if (own.unseen > 0) return say(`knows ${own.unseen} templates by ${rollout.from} only`)
        return []
      }),
  ]
}
