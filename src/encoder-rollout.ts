import { setTimeout as pause } from 'node:timers/promises'

import type { Config } from './config/schema.js'
import { alignFace } from './detection/align.js'
import { createEncoder } from './encoding/encoder.js'
import type { Encoder } from './encoding/encoder.js'
import { addressOf } from './fleet/address.js'
import { readMembership } from './fleet/membership.js'
import { encodersInUse, encoderWanted } from './fleet/rollout.js'
import type { RolloutState } from './fleet/rollout.js'
import { decodeImage } from './frame/decode.js'
import { readEncoderFiles } from './learnt-encoder.js'
import { defaultModels, readManifest } from './models/registry.js'
import { loadNet } from './models/session.js'
import type { Store } from './store/store.js'
import { readCalibrationFile } from './threshold-source.js'

/** Between two pictures, so that the door has its core. */
const PAUSE_MS = 100
const LOOK_EVERY_MS = 2000

type RolloutStore = Pick<Store, 'encodings' | 'fleetRules' | 'replica' | 'templates'>

/** The configuration with the encoder that the fleet wants here, where this door can use it. */
export interface FleetEncoder {
  readonly config: Config
  /** Why the door stays with its own encoder. */
  readonly hindrance: string | undefined
}

/** Id of the encoder that a configuration names. */
export const encoderIdOf = (model: string | undefined) =>
  readManifest(model ?? defaultModels.encoder).manifest.id

/** A calibration that was named is of the encoder of before. */
const withShippedCalibration = (matching: Config['matching']): Config['matching'] => ({
  ...matching,
  calibrationFile: undefined,
})

/**
 * Why a door cannot go over to an encoder: no model, no calibration, or a threshold set by hand for
 * another. `undefined` when it can.
 */
export function hindranceOf(config: Config, encoder: string): string | undefined {
  const matching = withShippedCalibration(config.matching)
  if (matching.threshold !== null) return 'matching.threshold is set by hand, for another encoder'
  try {
    const { manifest } = readEncoderFiles(encoder)
    readCalibrationFile(matching, { id: manifest.id, sha256: manifest.file.sha256 })
    return undefined
  } catch (error) {
    return `cannot use ${encoder}: ${(error as Error).message}`.slice(0, 300)
  }
}

/** Which encoder the fleet wants at this door; `undefined` for its own. */
function wantedHere(config: Config, store: Pick<Store, 'fleetRules' | 'replica'>) {
  const membership = readMembership(store.replica)
  if (membership === undefined || addressOf(config.store) === undefined) return undefined
  const rollout = store.fleetRules.rollout()
  const wanted = encoderWanted(rollout, membership.kiosk)
  return wanted === undefined || wanted === encoderIdOf(config.models.encoder) ? undefined : wanted
}

/**
 * The encoder that this door is to start with. It stays with its own while that knows more of the
 * templates: a roll-out shuts nobody out.
 */
export function encoderOfFleet(
  config: Config,
  store: RolloutStore,
  hindered: typeof hindranceOf = hindranceOf,
): FleetEncoder {
  const wanted = wantedHere(config, store)
  if (wanted === undefined) return { config, hindrance: undefined }
  const own = encoderIdOf(config.models.encoder)
  const unseen = store.encodings.countUnseen(wanted)
  const hindrance =
    hindered(config, wanted) ??
    (unseen > store.encodings.countUnseen(own)
      ? `${unseen} templates are not known to ${wanted} yet`
      : undefined)
  if (hindrance !== undefined) return { config, hindrance }
  const matching = withShippedCalibration(config.matching)
  return {
    config: { ...config, models: { ...config.models, encoder: wanted }, matching },
    hindrance: undefined,
  }
}

function inputOf(model: string) {
  const { manifest } = readManifest(model)
  if (manifest.role !== 'encoder') throw new Error(`${model} is no encoder`)
  return manifest.input
}

/** Shows enrolment pictures to other encoders than the one they were cut out for. */
export interface PictureEncoder {
  /**
   * What an encoder makes of a picture that was cut out for another.
   * @throws ModelError, or Error for a picture that is none
   */
  encode(
    encoder: string,
    picture: { readonly cropPng: Uint8Array; readonly modelId: string },
  ): ReturnType<Encoder['encode']>
}

/** Loads each encoder once; a session lives as long as the process. */
export function createPictureEncoder(models: Config['models']): PictureEncoder {
  const loaded = new Map<string, Promise<Encoder>>()
  function open(model: string): Promise<Encoder> {
    const known = loaded.get(model)
    if (known !== undefined) return known
    const opening = loadNet('encoder', {
      model,
      intraOpNumThreads: models.threads,
      executionProviders: models.executionProviders,
    }).then(createEncoder)
    loaded.set(model, opening)
    return opening
  }
  return {
    async encode(model, { cropPng, modelId }) {
      const encoder = await open(model)
      const decoded = await decodeImage(cropPng)
      if (!decoded.ok) throw new Error(`an enrolment picture cannot be read: ${decoded.detail}`)
      const from = inputOf(modelId)
      const to = inputOf(model)
      const [, , side] = to.shape
      const isSame =
        decoded.image.width === side && from.fit.template.join() === to.fit.template.join()
      const aligned = isSame
        ? decoded.image
        : alignFace(decoded.image, Float32Array.from(from.fit.template), to.fit.template, side)
      return encoder.encode(aligned)
    },
  }
}

export interface EncoderRolloutParts {
  readonly config: Config
  readonly store: RolloutStore
  /** Encoder that this process started with, without a head learnt on site. */
  readonly running: string
  readonly pictures: PictureEncoder
  /** Another encoder takes a new start. */
  readonly onWanted: (why: string) => void
  readonly onTrouble: (error: unknown, templateId: string) => void
}

/** A door's part in a roll-out: shows the pictures it keeps to both encoders, and goes over when told. */
export interface EncoderRollout {
  /** `null` while there is none. */
  state(): RolloutState | null
  stop(): Promise<void>
}

/** Works in the background, one picture after the other, until stopped. */
export function startEncoderRollout(parts: EncoderRolloutParts): EncoderRollout {
  const { config, store, running, pictures } = parts
  const stopping = new AbortController()
  const failed = new Set<string>()
  let hasAsked = false
  /** Model files are read once a process; others come with a new start. */
  const found = new Map<string, string | undefined>()
  function hindered(of: Config, encoder: string): string | undefined {
    if (!found.has(encoder)) found.set(encoder, hindranceOf(of, encoder))
    return found.get(encoder)
  }

  /** @returns whether there was one */
  async function showOne(encoder: string): Promise<boolean> {
    let after = ''
    for (;;) {
      const picture = store.encodings.nextUnseen(encoder, after, true)
      if (picture === undefined) return false
      const { templateId } = picture
      after = templateId
      if (failed.has(`${encoder}/${templateId}`)) continue
      try {
        store.encodings.add(templateId, await pictures.encode(encoder, picture))
      } catch (error) {
        failed.add(`${encoder}/${templateId}`)
        parts.onTrouble(error, templateId)
      }
      return true
    }
  }

  /**
   * Asks once for a start with another encoder, where the fleet wants one and that knows as many as the
   * one that runs. Somebody who was enrolled a moment ago, and is known to one of them only, is no reason.
   */
  function goOver(): void {
    const next = wantedHere(config, store) ?? encoderIdOf(config.models.encoder)
    if (hasAsked || next === running) return
    if (store.encodings.countUnseen(next) > store.encodings.countUnseen(running)) return
    if (encoderIdOf(encoderOfFleet(config, store, hindered).config.models.encoder) !== next) return
    hasAsked = true
    parts.onWanted(`the fleet wants ${next} at this door, which takes a new start`)
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let worked = false
      try {
        const wanted = encodersInUse(store.fleetRules.rollout())
        for (const encoder of wanted) {
          if (encoder === running || hindered(config, encoder) === undefined) {
            worked = (await showOne(encoder)) || worked
          }
        }
        if (wanted.length > 0) goOver()
      } catch (error) {
        parts.onTrouble(error, '')
      }
      await pause(worked ? PAUSE_MS : LOOK_EVERY_MS, undefined, {
        signal: stopping.signal,
        ref: false,
      }).catch(() => undefined)
    }
  }

  const ended = run()
  return {
    state() {
      const rollout = store.fleetRules.rollout()
      if (rollout === undefined) return null
      return {
        encoder: rollout.to,
        unseen: store.encodings.countUnseen(rollout.to),
        hindrance: hindered(config, rollout.to) ?? null,
      }
    },
    async stop() {
      stopping.abort()
      await ended
    },
  }
}
