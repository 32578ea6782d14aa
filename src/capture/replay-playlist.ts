/** One entry of a replay. Times are in seconds. */
export type ReplayItem =
  | {
      readonly kind: 'clip'
      /** For people: what is shown. */
      readonly label: string
      readonly file: string
      readonly startS: number
      readonly durationS: number
    }
  | {
      readonly kind: 'still'
      readonly label: string
      /** A picture file, or the picture of a clip at a time. */
      readonly from: { readonly picture: string } | { readonly clip: string; readonly atS: number }
      /** `held` shows the same picture all along; `moved` moves it like a hand does. */
      readonly shown: 'held' | 'moved'
      readonly durationS: number
      /** Standard deviation of added sensor noise in grey levels; none by default. */
      readonly noise?: number
      /** Chooses the motion and the noise; the same seed gives the same pictures. */
      readonly seed?: number
    }

/** The files of the default replay; real recordings and a painting. */
export const REPLAY_ASSETS = ['franck.mp4', 'cap13_edit2.mp4', 'joconde.jpg'] as const
export type ReplayAsset = (typeof REPLAY_ASSETS)[number]

/**
 * The replay of a first start, under a minute: a man talks, another man talks, then a photograph of
 * the first is held and moved before the camera, then the Mona Lisa is.
 * @param assetPath where a file of {@link REPLAY_ASSETS} is
 */
export function defaultReplayPlaylist(assetPath: (name: ReplayAsset) => string): ReplayItem[] {
  const franck = assetPath('franck.mp4')
  const photograph = { clip: franck, atS: 8 }
  return [
    { kind: 'clip', label: 'a man talking', file: franck, startS: 0, durationS: 14 },
    {
      kind: 'clip',
      label: 'another man talking',
      file: assetPath('cap13_edit2.mp4'),
      startS: 0,
      durationS: 12,
    },
    {
      kind: 'still',
      label: 'a photograph of the first man, held still',
      from: photograph,
      shown: 'held',
      durationS: 6,
    },
    {
      kind: 'still',
      label: 'the same photograph, moved by hand',
      from: photograph,
      shown: 'moved',
      durationS: 6,
      noise: 2,
      seed: 1,
    },
    {
      kind: 'still',
      label: 'the Mona Lisa, moved by hand',
      from: { picture: assetPath('joconde.jpg') },
      shown: 'moved',
      durationS: 8,
      noise: 2,
      seed: 2,
    },
  ]
}
