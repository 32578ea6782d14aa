import type { Context } from 'hono'
import type { z } from '@hono/zod-openapi'

import type { AdminEnvironment } from './environment.js'
import { AdminProblem } from './problems.js'
import { newPersonSchema } from './schemas.js'

const pictureSchema = { type: 'string' as const, format: 'binary' }

/** What {@link readPicture} takes, for a route's documentation. */
export const pictureBody = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object' as const,
        required: ['picture'],
        properties: { picture: pictureSchema },
      },
    },
    'image/jpeg': { schema: pictureSchema },
    'image/png': { schema: pictureSchema },
    'image/webp': { schema: pictureSchema },
  },
}

const PICTURE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const

/** {@link pictureBody}, where several may come at once. */
export const picturesBody = {
  required: true,
  content: {
    ...pictureBody.content,
    'multipart/form-data': {
      schema: {
        type: 'object' as const,
        required: ['picture'],
        properties: {
          picture: { type: 'array' as const, items: pictureSchema, minItems: 1, maxItems: 10 },
        },
      },
    },
  },
}

const MAX_PICTURES = 10

/** A new person with where the first face comes from. */
export interface NewPerson {
  readonly name: string
  readonly face: Uint8Array | 'from-camera' | undefined
}

function contentTypeOf(c: Context<AdminEnvironment>): string {
  return (c.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function isPicture(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  return (
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    (head.startsWith('RIFF') && head.slice(8) === 'WEBP')
  )
}

/** @throws AdminProblem for what is no picture by its first bytes */
export function checkPicture(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw new AdminProblem('broken-image', { cause: 'The picture is empty.' })
  if (!isPicture(bytes)) throw new AdminProblem('not-an-image')
  return bytes
}

async function readForm(c: Context<AdminEnvironment>): Promise<FormData> {
  try {
    return await c.req.formData()
  } catch {
    throw new AdminProblem('bad-request', { cause: 'The multipart body is cut off or malformed.' })
  }
}

async function pictureOf(form: FormData): Promise<Uint8Array | undefined> {
  const parts = form.getAll('picture')
  const part = parts.at(0)
  if (part === undefined) return undefined
  if (parts.length > 1 || typeof part === 'string') {
    throw new AdminProblem('bad-request', {
      cause: 'The form needs exactly one file named "picture".',
    })
  }
  return checkPicture(new Uint8Array(await part.arrayBuffer()))
}

/** Names what of a request does not fit, without repeating its values. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}.` : `${message}.`,
    )
    .join(' ')
}

function parseNewPerson(value: unknown): z.infer<typeof newPersonSchema> {
  const parsed = newPersonSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new AdminProblem('bad-request', { cause: describeIssues(parsed.error) })
}

/**
 * Reads a picture sent as the multipart file `picture` or as the whole body.
 * @throws AdminProblem for anything that is no JPEG, PNG or WebP
 */
export async function readPicture(c: Context<AdminEnvironment>): Promise<Uint8Array> {
  const type = contentTypeOf(c)
  if (type === 'multipart/form-data') {
    const picture = await pictureOf(await readForm(c))
    if (picture !== undefined) return picture
    throw new AdminProblem('bad-request', { cause: 'The form has no file named "picture".' })
  }
  if (PICTURE_TYPES.some((known) => known === type)) {
    return checkPicture(new Uint8Array(await c.req.arrayBuffer()))
  }
  throw new AdminProblem('unsupported-media-type', {
    cause: `A picture comes as multipart/form-data or as ${PICTURE_TYPES.join(', ')}.`,
  })
}

/**
 * Reads one or several pictures; of several, each is checked only when it is taken.
 * @throws AdminProblem as for {@link readPicture}, and for too many
 */
export async function readPictures(
  c: Context<AdminEnvironment>,
): Promise<readonly [Uint8Array, ...Uint8Array[]]> {
  if (contentTypeOf(c) !== 'multipart/form-data') return [await readPicture(c)]
  const parts = (await readForm(c)).getAll('picture')
  if (parts.length === 0) {
    throw new AdminProblem('bad-request', { cause: 'The form has no file named "picture".' })
  }
  if (parts.length > MAX_PICTURES) {
    throw new AdminProblem('bad-request', { cause: `At most ${MAX_PICTURES} pictures at once.` })
  }
  const files = parts.map((part) => {
    if (typeof part !== 'string') return part
    throw new AdminProblem('bad-request', { cause: '"picture" must be a file.' })
  })
  const [first, ...rest] = await Promise.all(
    files.map(async (file) => new Uint8Array(await file.arrayBuffer())),
  )
  return rest.length === 0 ? [checkPicture(first)] : [first, ...rest]
}

/**
 * Reads a new person sent as JSON, or as a form with `name` and optionally the file `picture`.
 * @throws AdminProblem naming what is wrong
 */
export async function readNewPerson(c: Context<AdminEnvironment>): Promise<NewPerson> {
  const type = contentTypeOf(c)
  if (type === 'multipart/form-data') {
    const form = await readForm(c)
    const picture = await pictureOf(form)
    const names = form.getAll('name')
    const { name } = parseNewPerson({ name: names.length === 1 ? names[0] : undefined })
    return { name, face: picture }
  }
  if (type === 'application/json') {
    let value: unknown
    try {
      value = await c.req.json()
    } catch {
      throw new AdminProblem('bad-request', { cause: 'The body is not JSON.' })
    }
    const { name, face } = parseNewPerson(value)
    return { name, face }
  }
  throw new AdminProblem('unsupported-media-type', {
    cause: 'A person comes as application/json or multipart/form-data.',
  })
}
