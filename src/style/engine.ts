import type { Image } from '../frame/image.js'

/**
 * Layers of the style network that a cost can be taken at, shallow to deep, each after its ReLU.
 * With the picture's height H and width W they give n_C × n_H × n_W values:
 * `conv1` 32 × H/2 × W/2, `conv2` 32 × H/2 × W/2, `conv3` 64 × H/2 × W/2, `conv4` 80 × H/4 × W/4,
 * `conv5` 192 × H/4 × W/4, `mixed0` 256 × H/8 × W/8, `mixed1` 288 × H/8 × W/8.
 */
export const STYLE_LAYERS = [
  'conv1',
  'conv2',
  'conv3',
  'conv4',
  'conv5',
  'mixed0',
  'mixed1',
] as const

/** Name of one layer of the style network. */
export type StyleLayer = (typeof STYLE_LAYERS)[number]

/** What the optimisation minimises and how; every field has a default. */
export interface StyleSettings {
  /** Longer side of the result in pixels, 32 to 2048; the result keeps the content's proportions. */
  readonly sizePixels: number
  /** The picture that the optimisation starts from. */
  readonly start: 'content' | 'noise'
  /** α, the weight of J_content. */
  readonly alpha: number
  /** β, the weight of J_style. */
  readonly beta: number
  /** The layer l of J_content. */
  readonly contentLayer: StyleLayer
  /** λ^[l] of each layer of J_style. */
  readonly styleLayers: Readonly<Partial<Record<StyleLayer, number>>>
  /**
   * `balanced`: each layer's cost is divided by what it is of a first picture, so that α, β and λ
   * weigh like with like; `plain`: α, β and λ multiply the seed's formulas as they are.
   */
  readonly weighting: 'balanced' | 'plain'
  /** Weight of the total variation of the result; 0 leaves it out. */
  readonly totalVariation: number
  /**
   * Whose colours the result has: the style's, the content's (only luminance is taken over), or the
   * content's by giving the style picture the content's mean and covariance of colour first.
   */
  readonly colour: 'style' | 'content-luminance' | 'content-statistics'
  /** Size of the style's strokes: the style picture's longer side relative to the result's. */
  readonly strokeScale: number
  readonly optimiser: 'lbfgs' | 'adam'
  /**
   * Most steps at a size of 150,000 pixels, up to three times as many at smaller sizes and fewer at
   * larger ones; it stops early where the cost no longer falls.
   */
  readonly stepsPerLevel: number
  /** Chooses the noise. The same seed, pictures, settings and threads give the same result. */
  readonly seed: number
}

/** A picture to restyle and the picture whose style it takes. */
export interface StyleRequest {
  readonly content: Image
  readonly style: Image
  readonly settings?: Partial<StyleSettings>
}

/** J and its parts, already weighted: total = content + style + totalVariation + range. */
export interface StyleCosts {
  readonly total: number
  readonly content: number
  readonly style: number
  readonly totalVariation: number
  /** What values outside 0..1 cost while the optimisation is under way. */
  readonly range: number
}

/** How far a run is, after each step. */
export interface StyleStep {
  /** Counts from 0, smallest picture first. */
  readonly level: number
  readonly levels: number
  /** Of the picture at this level. */
  readonly width: number
  readonly height: number
  /** Steps done at this level, from 1, and the most there will be. */
  readonly step: number
  readonly steps: number
  /** 0..1 of the whole run, by the work of each level. */
  readonly progress: number
  readonly costs: StyleCosts
  /** The picture as it is now, at this level's size; to be called before the next step. */
  preview(): Image
  /**
   * Everything needed to go on from here, as bytes to keep; to be called before the next step.
   * They hold the picture under way: encrypt them as the picture itself.
   */
  checkpoint(): Uint8Array
}

/** How a run is watched, stopped and resumed. */
export interface StyleHooks {
  /** Called after each step; the next begins when what it returns is settled. */
  readonly onStep?: (step: StyleStep) => void | Promise<void>
  /** Ends the run between two steps: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** A checkpoint of the same request; the run goes on where it was taken. */
  readonly resumeFrom?: Uint8Array
  /** Threads within one operator; 2 by default. */
  readonly threads?: number
  /** Wanted onnxruntime execution providers, best first; `cpu` is always the last resort. */
  readonly executionProviders?: readonly string[]
}

/** The result of a run. */
export interface Stylised {
  readonly image: Image
  readonly costs: StyleCosts
  /** Steps taken over all levels. */
  readonly steps: number
}

/**
 * Neural style transfer (Gatys, Ecker & Bethge 2016): the picture G that minimises
 * J(G) = α·J_content(C, G) + β·J_style(S, G), small picture first.
 * @throws StyleError for settings or pictures out of bounds, or a checkpoint of another request
 * @throws the signal's reason when aborted
 */
export type Stylize = (request: StyleRequest, hooks?: StyleHooks) => Promise<Stylised>

/** Why a request was refused. */
export type StyleFault =
  'bad-settings' | 'picture-too-small' | 'picture-too-large' | 'checkpoint-invalid' | 'not-finite'

/** A fault of a style request; the message says what to do about it. */
export class StyleError extends Error {
  override readonly name = 'StyleError'

  constructor(
    readonly fault: StyleFault,
    message: string,
  ) {
    super(message)
  }
}

/** A picture stylised by a trained net in one pass, for a live preview. */
export interface Stylizer {
  readonly id: string
  /** The same size out as in; 32 to 1024 pixels a side. */
  stylize(image: Image): Promise<Image>
  release(): Promise<void>
}

/** What one unit of a layer sees, to find the patches that excite it most. */
export interface FeatureMaps {
  readonly channels: number
  readonly width: number
  readonly height: number
  /** Channel-major, `channels · height · width` values. */
  readonly data: Float32Array
  /** Pixels of the picture from one value to the next. */
  readonly stridePixels: number
  /** Side of the square of pixels that one value depends on. */
  readonly receptiveFieldPixels: number
}
