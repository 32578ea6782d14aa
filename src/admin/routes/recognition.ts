import { adminRoute } from '../access.js'
import { causeAndCure } from '../enrolment.js'
import type { AdminApp } from '../environment.js'
import { pictureBody, readPicture } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import type { ProbeRefusal } from '../ports/recognition.js'
import { AdminProblem, problemResponses } from '../problems.js'
import type { ProblemCode } from '../problems.js'
import {
  identificationSchema,
  curvesSchema,
  presentThresholds,
  thresholdsSchema,
  verificationSchema,
} from '../recognition-schemas.js'
import { personIdParam } from '../schemas.js'

const tags = ['Recognition']

const PROBE_PROBLEMS = [
  'body-too-large',
  'too-large',
  'unsupported-media-type',
  'not-an-image',
  'broken-image',
  'no-face',
  'two-faces',
  'too-small',
  'blurred',
  'too-dark',
  'too-bright',
  'turned',
  'not-ready',
] as const satisfies readonly ProblemCode[]

const identify = adminRoute('enroller', {
  method: 'post',
  path: '/api/identify',
  summary: 'Say who is in a picture, out of everybody enrolled (1:K)',
  description:
    'Opens no door and looks for no sign of life. A picture too poor to judge is refused, not matched. The request, but neither name nor picture, goes into the audit.',
  tags,
  request: { body: pictureBody },
  responses: {
    200: {
      description: 'How the search ended.',
      content: { 'application/json': { schema: identificationSchema } },
    },
    ...problemResponses(...PROBE_PROBLEMS),
  },
})

const verify = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/verify',
  summary: 'Say whether a picture shows this person (1:1)',
  description:
    'Compared at the threshold of 1:1, not at that of the whole gallery. Opens no door. A picture too poor to judge is refused. The request goes into the audit.',
  tags,
  request: { params: personIdParam, body: pictureBody },
  responses: {
    200: {
      description: 'How the comparison ended.',
      content: { 'application/json': { schema: verificationSchema } },
    },
    ...problemResponses('person-not-found', ...PROBE_PROBLEMS),
  },
})

const thresholds = adminRoute('viewer', {
  method: 'get',
  path: '/api/threshold',
  summary: 'The thresholds of 1:K and 1:1, what they cost, and how well they are founded',
  tags,
  responses: {
    200: {
      description: 'Both thresholds as they are in force now.',
      content: { 'application/json': { schema: thresholdsSchema } },
    },
    ...problemResponses('not-ready'),
  },
})

const curves = adminRoute('viewer', {
  method: 'get',
  path: '/api/threshold/curves',
  summary: 'What other thresholds and other galleries would cost, for plotting',
  tags,
  responses: {
    200: {
      description: 'FMR, FNMR and FPIR by τ; τ, FPIR and FNIR by K.',
      content: { 'application/json': { schema: curvesSchema } },
    },
    ...problemResponses('not-calibrated'),
  },
})

function toProblem(refusal: ProbeRefusal): AdminProblem {
  return refusal.outcome === 'rejected'
    ? new AdminProblem(refusal.reason, causeAndCure(refusal.detail))
    : new AdminProblem('not-ready', { cause: refusal.cause, cure: refusal.cure })
}

/** Compare pictures with the gallery, and show the thresholds that this is done at. */
export function addRecognitionRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(identify, async (c) => {
    const bytes = await readPicture(c)
    const result = await ports.recognition.identify(bytes, c.get('principal'))
    if (result.outcome === 'rejected' || result.outcome === 'unavailable') throw toProblem(result)
    return c.json(result, 200)
  })

  app.openapi(verify, async (c) => {
    const { id } = c.req.valid('param')
    const bytes = await readPicture(c)
    const result = await ports.recognition.verify(id, bytes, c.get('principal'))
    switch (result.outcome) {
      case 'rejected':
      case 'unavailable':
        throw toProblem(result)
      case 'no-such-person':
        throw new AdminProblem('person-not-found')
      case 'same':
      case 'different':
      case 'not-enrolled':
        return c.json(result, 200)
    }
  })

  app.openapi(curves, async (c) => {
    const points = await ports.recognition.curves()
    if (points === undefined) throw new AdminProblem('not-calibrated')
    const { byThreshold, byPersons, ...gallery } = points
    return c.json({ ...gallery, byThreshold: [...byThreshold], byPersons: [...byPersons] }, 200)
  })

  app.openapi(thresholds, async (c) => {
    const now = await ports.recognition.thresholds()
    if (now === undefined) {
      throw new AdminProblem('not-ready', {
        cause: 'The encoder has no valid calibration, so nobody is recognised.',
        cure: 'Run "genkan calibrate", or reinstall genkan.',
      })
    }
    const { persons } = ports.health().gallery
    return c.json(presentThresholds(now.identification, now.verification, persons), 200)
  })
}
