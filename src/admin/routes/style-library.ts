import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import { readPictures, picturesBody } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import {
  libraryListSchema,
  libraryParam,
  networkListSchema,
  presentLibrary,
  presentNetworks,
  seeQuery,
} from '../style-schemas.js'
import type { SeeResult } from '../ports/style.js'
import { refusePicture } from '../style-upload.js'

const tags = ['Style']

const library = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/library',
  summary: 'The pictures that ship with genkan, as content and as style',
  tags,
  responses: {
    200: {
      description: 'The pictures.',
      content: { 'application/json': { schema: libraryListSchema } },
    },
    ...problemResponses(),
  },
})

const picture = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/library/{id}',
  summary: 'A picture of the library, small',
  tags,
  request: { params: libraryParam },
  responses: {
    200: {
      description: 'The picture.',
      content: { 'image/jpeg': { schema: { type: 'string', format: 'binary' } } },
    },
    ...problemResponses('library-picture-not-found'),
  },
})

const networks = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/networks',
  summary: 'The nets that can be looked into, with their layers',
  tags,
  responses: {
    200: {
      description: 'The nets.',
      content: { 'application/json': { schema: networkListSchema } },
    },
    ...problemResponses(),
  },
})

const sheet = {
  description: 'The nine patches that excite the unit most, as one PNG.',
  content: { 'image/png': { schema: { type: 'string' as const, format: 'binary' } } },
}

const seeLibrary = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/see.png',
  summary: 'What a unit sees in the pictures of the library',
  tags,
  request: { query: seeQuery },
  responses: { 200: sheet, ...problemResponses('cannot-see', 'not-ready') },
})

const seeUploads = adminRoute('enroller', {
  method: 'post',
  path: '/api/style/see.png',
  summary: 'What a unit sees in pictures sent along, which are not kept',
  tags,
  request: { query: seeQuery, body: picturesBody },
  responses: {
    200: sheet,
    ...problemResponses(
      'cannot-see',
      'not-ready',
      'body-too-large',
      'too-large',
      'unsupported-media-type',
      'not-an-image',
      'broken-image',
    ),
  },
})

function sheetOf(seen: SeeResult): Uint8Array<ArrayBuffer> {
  switch (seen.outcome) {
    case 'seen':
      return new Uint8Array(seen.png)
    case 'refused':
      throw new AdminProblem('cannot-see', { cause: seen.cause, cure: seen.cure })
    case 'busy':
      throw new AdminProblem('not-ready', {
        cause: 'Another look is under way, or this one took too long.',
        cure: 'Wait for a moment, then try again.',
      })
    case 'rejected':
    case 'no-such-picture':
    case 'no-frame':
      return refusePicture(seen)
  }
}

/** The library, and what the nets see; never anybody who is enrolled. */
export function addStyleLibraryRoutes(app: AdminApp, { style }: AdminPorts): void {
  app.openapi(library, async (c) => c.json(presentLibrary(await style.library()), 200))

  app.openapi(picture, async (c) => {
    const jpeg = await style.libraryPicture(c.req.valid('param').id)
    if (jpeg === undefined) throw new AdminProblem('library-picture-not-found')
    return c.body(new Uint8Array(jpeg), 200, { 'Content-Type': 'image/jpeg' })
  })

  app.openapi(networks, async (c) => c.json(presentNetworks(await style.networks()), 200))

  app.openapi(seeLibrary, async (c) => {
    const png = sheetOf(await style.see({ ...c.req.valid('query'), pictures: [] }))
    return c.body(png, 200, { 'Content-Type': 'image/png' })
  })

  app.openapi(seeUploads, async (c) => {
    const pictures = await readPictures(c)
    const png = sheetOf(await style.see({ ...c.req.valid('query'), pictures }))
    return c.body(png, 200, { 'Content-Type': 'image/png' })
  })
}
