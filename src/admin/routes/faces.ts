import { adminRoute } from '../access.js'
import { enrolledFace } from '../enrolment.js'
import type { AdminApp } from '../environment.js'
import { pictureBody, readPicture } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { problemResponses } from '../problems.js'
import { faceSchema, personIdParam } from '../schemas.js'

const tags = ['Faces']

const enrolled = {
  description: 'The face as enrolled.',
  content: { 'application/json': { schema: faceSchema } },
}

const upload = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/faces',
  summary: 'Add a face from a picture',
  tags,
  request: { params: personIdParam, body: pictureBody },
  responses: {
    201: enrolled,
    ...problemResponses(
      'person-not-found',
      'same-as-person',
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
      'occluded',
      'not-ready',
    ),
  },
})

const fromCamera = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/faces/from-camera',
  summary: 'Add the face that is before the camera now',
  tags,
  request: { params: personIdParam },
  responses: {
    201: enrolled,
    ...problemResponses(
      'person-not-found',
      'same-as-person',
      'too-large',
      'not-an-image',
      'no-face',
      'two-faces',
      'looks-like-a-photo',
      'not-ready',
    ),
  },
})

/** Add faces to a person by upload or from the camera. */
export function addFaceRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(upload, async (c) => {
    const { id } = c.req.valid('param')
    const bytes = await readPicture(c)
    return c.json(enrolledFace(await ports.faces.addFromPicture(id, bytes), id), 201)
  })

  app.openapi(fromCamera, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(enrolledFace(await ports.faces.addFromCamera(id), id), 201)
  })
}
