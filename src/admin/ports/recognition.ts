import type { BoundedRate } from '../../matching/calibration.js'
import type { ThresholdAdvice } from '../../matching/threshold.js'
import type { Awaitable } from './awaitable.js'
import type { FaceRejection } from './faces.js'
import type { Principal } from './sign-in.js'

/** Why a probe was not compared at all. */
export type ProbeRefusal =
  | {
      readonly outcome: 'rejected'
      readonly reason: FaceRejection
      /** What was seen, and after a semicolon what to do about it; names no path. */
      readonly detail: string
    }
  | { readonly outcome: 'unavailable'; readonly cause: string; readonly cure: string }

/** How a search of everybody enrolled (1:K) ended; distances are squared L2. */
export type IdentifyResult =
  | ProbeRefusal
  | {
      readonly outcome: 'match' | 'ambiguous' | 'unknown'
      /** Only of a match. */
      readonly person?: { readonly id: string; readonly name: string }
      /** To the nearest person; `null` when nobody is enrolled. */
      readonly distanceSq: number | null
      /** To the next person; `null` when there is none, or when nobody was near enough. */
      readonly runnerUpDistanceSq: number | null
      /** τ(K). */
      readonly threshold: number
      readonly margin: number
      /** K. */
      readonly galleryPersons: number
    }

/** How a comparison with one claimed person (1:1) ended; distances are squared L2. */
export type VerifyResult =
  | ProbeRefusal
  | { readonly outcome: 'no-such-person' }
  | {
      readonly outcome: 'same' | 'different' | 'not-enrolled'
      /** To the person's nearest template; `null` when there is none to compare with. */
      readonly distanceSq: number | null
      /** τ of 1:1 for as many templates as the person has. */
      readonly threshold: number
    }

/** A threshold with what is known of its cost. */
export interface ThresholdStanding {
  /** τ, squared L2. */
  readonly value: number
  readonly margin: number
  /** Rate of strangers let through, at most. */
  readonly targetFpir: number
  /** Absent when it was set by hand and there is no calibration. */
  readonly advice: ThresholdAdvice | undefined
}

/** What other thresholds and other galleries would cost. */
export interface ThresholdCurves {
  /** The gallery as it is. */
  readonly persons: number
  readonly templates: number
  /** By τ: of one comparison (FMR, FNMR), and of the gallery as it is (FPIR). */
  readonly byThreshold: readonly {
    readonly threshold: number
    readonly fmr: BoundedRate
    readonly fnmr: BoundedRate
    readonly fpir: BoundedRate
  }[]
  /** By K, one template a person, at the τ(K) that the target asks for. */
  readonly byPersons: readonly {
    readonly persons: number
    readonly threshold: number
    readonly expectedFpir: BoundedRate
    readonly expectedFnir: BoundedRate
    readonly supported: boolean
  }[]
}

/** Compares pictures with the gallery. Writes who asked into the audit before it answers. */
export interface RecognitionPort {
  /** 1:K. @param bytes an encoded picture from outside, bounded before it is decoded */
  identify(bytes: Uint8Array, by: Principal): Awaitable<IdentifyResult>
  /** 1:1. @param bytes as for {@link identify} */
  verify(personId: string, bytes: Uint8Array, by: Principal): Awaitable<VerifyResult>
  /** The thresholds of the moment; `undefined` while there is no valid calibration. */
  thresholds(): Awaitable<
    | {
        /** For the gallery as it is. */
        readonly identification: ThresholdStanding
        /** For a person with one template. */
        readonly verification: ThresholdStanding
      }
    | undefined
  >
  /** `undefined` without a calibration. */
  curves(): Awaitable<ThresholdCurves | undefined>
}
