import type { Context } from 'hono'
import type { z } from '@hono/zod-openapi'

import type { AdminEnvironment } from './environment.js'
import { checkPicture, describeIssues } from './picture-upload.js'
import { AdminProblem } from './problems.js'
import { styleOrderSchema } from './style-schemas.js'
import type { PictureRefusal, PictureSource, StyleOrder } from './ports/style.js'

const pictureSchema = { type: 'string' as const, format: 'binary' }

/** What {@link readStyleOrder} takes, for the route's documentation. */
export const styleOrderBody = {
  required: true,
  content: {
    // By reference: a schema here would be held against forms, too.
    'application/json': { schema: { $ref: '#/components/schemas/StyleOrder' } },
    'multipart/form-data': {
      schema: {
        type: 'object' as const,
        required: ['order'],
        properties: {
          order: { type: 'string' as const, description: 'A StyleOrder as JSON.' },
          content: pictureSchema,
          style: pictureSchema,
        },
      },
    },
  },
}

type Order = z.output<typeof styleOrderSchema>

function parseOrder(value: unknown): Order {
  const parsed = styleOrderSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new AdminProblem('bad-request', { cause: describeIssues(parsed.error) })
}

async function uploadOf(form: FormData | undefined, name: string): Promise<Uint8Array> {
  const parts = form?.getAll(name) ?? []
  const part = parts.at(0)
  if (parts.length !== 1 || part === undefined || typeof part === 'string') {
    throw new AdminProblem('bad-request', {
      cause: `An uploaded ${name} picture comes as exactly one file named "${name}" of a form.`,
    })
  }
  return checkPicture(new Uint8Array(await part.arrayBuffer()))
}

async function readForm(c: Context<AdminEnvironment>): Promise<FormData> {
  try {
    return await c.req.formData()
  } catch {
    throw new AdminProblem('bad-request', { cause: 'The multipart body is cut off or malformed.' })
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AdminProblem('bad-request', { cause: 'The order is not JSON.' })
  }
}

/**
 * Reads an order sent as JSON, or as a form with the JSON in `order` and the pictures beside it.
 * @throws AdminProblem naming what is wrong
 */
export async function readStyleOrder(c: Context<AdminEnvironment>): Promise<StyleOrder> {
  const type = (c.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase()
  let form: FormData | undefined
  let order: Order
  if (type === 'multipart/form-data') {
    form = await readForm(c)
    const text = form.get('order')
    order = parseOrder(typeof text === 'string' ? readJson(text) : undefined)
  } else if (type === 'application/json') {
    order = parseOrder(readJson(await c.req.text()))
  } else {
    throw new AdminProblem('unsupported-media-type', {
      cause: 'An order comes as application/json or multipart/form-data.',
    })
  }
  const { content, style, settings, personId = null } = order
  if (content.kind === 'camera' && !content.consent) throw new AdminProblem('consent-needed')
  const uploaded = async (name: string): Promise<PictureSource & { kind: 'upload' }> => ({
    kind: 'upload',
    bytes: await uploadOf(form, name),
  })
  return {
    content:
      content.kind === 'upload'
        ? await uploaded('content')
        : content.kind === 'camera'
          ? { kind: 'camera' }
          : content,
    style: style.kind === 'upload' ? await uploaded('style') : style,
    settings,
    personId,
  }
}

/** @throws AdminProblem for a picture that was not taken */
export function refusePicture(refusal: PictureRefusal): never {
  switch (refusal.outcome) {
    case 'rejected':
      throw new AdminProblem(refusal.reason, { cause: refusal.detail })
    case 'no-such-picture':
      throw new AdminProblem('library-picture-not-found')
    case 'no-frame':
      throw new AdminProblem('no-picture')
  }
}
