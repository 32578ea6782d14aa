import type { z } from '@hono/zod-openapi'

import type { NewPerson } from './picture-upload.js'
import type { AdminPorts } from './ports.js'
import type { EnrolledFor, EnrolmentResult } from './ports/faces.js'
import type { PersonEntry } from './ports/persons.js'
import { AdminProblem } from './problems.js'
import type { ProblemDetails } from './problems.js'
import type { faceSchema } from './person-schemas.js'

/** Splits "what was seen; what to do about it". */
export function causeAndCure(detail: string): ProblemDetails {
  const at = detail.indexOf('; ')
  return at < 0 ? { cause: detail } : { cause: detail.slice(0, at), cure: detail.slice(at + 2) }
}

/**
 * The face of a successful enrolment.
 * @throws AdminProblem for every other outcome
 */
export function enrolledFace(
  result: EnrolmentResult,
  personId: string,
): z.infer<typeof faceSchema> {
  switch (result.outcome) {
    case 'enrolled':
      return { id: result.faceId, personId, quality: result.quality }
    case 'rejected':
      throw new AdminProblem(result.reason, {
        ...causeAndCure(result.detail),
        ...(result.personId === undefined ? {} : { personId: result.personId }),
      })
    case 'no-such-person':
      throw new AdminProblem('person-not-found')
    case 'unavailable':
      throw new AdminProblem('not-ready', { cause: result.cause, cure: result.cure })
  }
}

/**
 * Adds a person together with the first face, or not at all:
 * a person whose face was not taken is removed again.
 * @throws AdminProblem saying why the face was not taken
 */
export async function enrolPerson(
  ports: AdminPorts,
  person: NewPerson,
  by: EnrolledFor,
): Promise<PersonEntry> {
  const { name, face } = person
  const created = await ports.persons.create(name, by.actor)
  if (face === undefined) return created
  try {
    const result =
      face === 'from-camera'
        ? await ports.faces.addFromCamera(created.id, by)
        : await ports.faces.addFromPicture(created.id, face, by)
    enrolledFace(result, created.id)
  } catch (error) {
    await ports.persons.remove(created.id, by.actor)
    throw error
  }
  return (await ports.persons.get(created.id)) ?? { ...created, faces: 1 }
}
