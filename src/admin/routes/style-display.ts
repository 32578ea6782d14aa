import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp } from '../environment.js'
import { pictureBody, readPicture } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { liveStyleChangeSchema, liveStyleSchema, styleJobParam } from '../style-schemas.js'
import type { LiveStyle } from '../ports/style.js'
import { refusePicture } from '../style-upload.js'

const tags = ['Display']

const jpeg = { 'image/jpeg': { schema: { type: 'string' as const, format: 'binary' } } }

const idle = adminRoute('kiosk', {
  method: 'get',
  path: '/api/kiosk/idle.jpg',
  summary: 'What the display at the door shows while nobody is there',
  tags,
  responses: {
    200: { description: 'The picture.', content: jpeg },
    ...problemResponses('no-idle-picture'),
  },
})

const setIdle = adminRoute('admin', {
  method: 'put',
  path: '/api/kiosk/idle.jpg',
  summary: 'Give the display an idle picture',
  tags,
  request: { body: pictureBody },
  responses: {
    204: { description: 'The display shows it within minutes.' },
    ...problemResponses(
      'body-too-large',
      'too-large',
      'unsupported-media-type',
      'not-an-image',
      'broken-image',
    ),
  },
})

const removeIdle = adminRoute('admin', {
  method: 'delete',
  path: '/api/kiosk/idle.jpg',
  summary: 'Take the idle picture away',
  tags,
  responses: {
    204: { description: 'The display shows its own drawing again.' },
    ...problemResponses('no-idle-picture'),
  },
})

const showJob = adminRoute('admin', {
  method: 'post',
  path: '/api/style/jobs/{id}/send-to-kiosk',
  summary: 'Make the result of a style job the idle picture',
  tags,
  request: { params: styleJobParam },
  responses: {
    204: { description: 'The display shows it within minutes.' },
    ...problemResponses('style-job-not-found', 'no-style-picture'),
  },
})

const livePicture = adminRoute('kiosk', {
  method: 'get',
  path: '/api/kiosk/live.jpg',
  summary: 'The live picture for the display, painted where that is wanted and in time',
  tags,
  responses: {
    200: {
      description: 'The picture.',
      headers: {
        'X-Frame-Sequence': {
          description: 'Pairs the picture with the boxes of a `faces` event.',
          schema: { type: 'integer' },
        },
        'X-Captured-At': { description: 'Wall clock, UTC.', schema: { type: 'string' } },
        'X-Style': { description: 'The style it is painted in.', schema: { type: 'string' } },
      },
      content: jpeg,
    },
    ...problemResponses('no-picture'),
  },
})

const style = {
  description: 'The style, and those there are.',
  content: { 'application/json': { schema: liveStyleSchema } },
}

const getStyle = adminRoute('viewer', {
  method: 'get',
  path: '/api/kiosk/live-style',
  summary: 'In which style the live picture at the door is painted',
  tags,
  responses: { 200: style, ...problemResponses() },
})

const setStyle = adminRoute('admin', {
  method: 'put',
  path: '/api/kiosk/live-style',
  summary: 'Choose the style of the live picture at the door',
  tags,
  request: {
    body: { required: true, content: { 'application/json': { schema: liveStyleChangeSchema } } },
  },
  responses: {
    200: style,
    ...problemResponses('unknown-live-style', 'body-too-large', 'unsupported-media-type'),
  },
})

const presentStyle = ({ style: id, available }: LiveStyle) => ({
  style: id,
  available: [...available],
})

/** What the display at the door shows: its idle picture and its live one. */
export function addDisplayRoutes(app: AdminApp, { display }: AdminPorts): void {
  app.openapi(idle, async (c) => {
    const picture = await display.idlePicture()
    if (picture === undefined) throw new AdminProblem('no-idle-picture')
    return c.body(new Uint8Array(picture.jpeg), 200, { 'Content-Type': 'image/jpeg' })
  })

  app.openapi(setIdle, async (c) => {
    const set = await display.setIdlePicture(await readPicture(c), actorOf(c))
    return set.outcome === 'set' ? c.body(null, 204) : refusePicture(set)
  })

  app.openapi(removeIdle, async (c) => {
    if (await display.removeIdlePicture(actorOf(c))) return c.body(null, 204)
    throw new AdminProblem('no-idle-picture')
  })

  app.openapi(showJob, async (c) => {
    switch (await display.showJob(c.req.valid('param').id, actorOf(c))) {
      case 'shown':
        return c.body(null, 204)
      case 'no-such-job':
        throw new AdminProblem('style-job-not-found')
      case 'no-result':
        throw new AdminProblem('no-style-picture')
    }
  })

  app.openapi(livePicture, async (c) => {
    const picture = await display.livePicture()
    if (picture === undefined) throw new AdminProblem('no-picture')
    return c.body(new Uint8Array(picture.jpeg), 200, {
      'Content-Type': 'image/jpeg',
      'X-Frame-Sequence': String(picture.sequence),
      'X-Captured-At': new Date(picture.capturedAtMs).toISOString(),
      ...(picture.style === null ? {} : { 'X-Style': picture.style }),
    })
  })

  app.openapi(getStyle, async (c) => c.json(presentStyle(await display.liveStyle()), 200))

  app.openapi(setStyle, async (c) => {
    const { style: wanted } = c.req.valid('json')
    const set = await display.setLiveStyle(wanted, actorOf(c))
    if (set === 'no-such-style') throw new AdminProblem('unknown-live-style')
    return c.json(presentStyle(await display.liveStyle()), 200)
  })
}
