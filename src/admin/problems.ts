import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

import type { AdminEnvironment } from './environment.js'
import type { FaceRejection } from './ports/faces.js'

interface ProblemKind {
  readonly status: ContentfulStatusCode
  readonly title: string
  readonly cause: string
  readonly cure: string
}

const REJECTIONS = {
  'not-an-image': {
    status: 415,
    title: 'Not a picture',
    cause: 'The bytes are not a JPEG, PNG or WebP picture.',
    cure: 'Send a JPEG, PNG or WebP file.',
  },
  'broken-image': {
    status: 422,
    title: 'Broken picture',
    cause: 'The picture is empty, cut off or damaged.',
    cure: 'Send the whole file again, or take another picture.',
  },
  'too-large': {
    status: 413,
    title: 'Picture too large',
    cause: 'The picture has too many bytes or pixels.',
    cure: 'Send a smaller picture; 640 pixels across the face are plenty.',
  },
  'no-face': {
    status: 422,
    title: 'No face found',
    cause: 'No face was found in the picture.',
    cure: 'Use a picture that shows the face from the front.',
  },
  'two-faces': {
    status: 422,
    title: 'More than one face',
    cause: 'The picture shows more than one face.',
    cure: 'Use a picture, or a crop, with this person alone.',
  },
  'too-small': {
    status: 422,
    title: 'Face too small',
    cause: 'The face has too few pixels to be told from others.',
    cure: 'Use a closer or sharper picture.',
  },
  blurred: {
    status: 422,
    title: 'Face blurred',
    cause: 'The face is not sharp enough.',
    cure: 'Hold still, clean the lens, or use a sharper picture.',
  },
  'too-dark': {
    status: 422,
    title: 'Face too dark',
    cause: 'There is too little light on the face.',
    cure: 'Put light in front of the person, not behind.',
  },
  'too-bright': {
    status: 422,
    title: 'Face too bright',
    cause: 'The face is washed out by light.',
    cure: 'Soften the light on the face.',
  },
  turned: {
    status: 422,
    title: 'Face turned away',
    cause: 'The face looks too far to the side, up or down.',
    cure: 'Look straight into the camera.',
  },
  'looks-like-a-photo': {
    status: 422,
    title: 'Looks like a photo',
    cause: 'What stands before the camera looks like a picture of a person.',
    cure: 'Let the person come before the camera in person.',
  },
  'same-as-person': {
    status: 409,
    title: 'Face already enrolled',
    cause: 'This face already belongs to another person.',
    cure: 'Add the picture to that person, delete that person first, or let an admin force it.',
  },
} as const satisfies Record<FaceRejection, ProblemKind>

/** Every problem the API can answer with, by code. */
export const PROBLEMS = {
  ...REJECTIONS,
  'bad-request': {
    status: 400,
    title: 'Request not understood',
    cause: 'The request does not have the documented form.',
    cure: 'Compare it with the documentation at /docs.',
  },
  unauthorized: {
    status: 401,
    title: 'Token needed',
    cause: 'The request has no valid token.',
    cure: 'Send the header "Authorization: Bearer TOKEN" with the token printed at first start.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed for this role',
    cause: 'The token may not do this.',
    cure: 'Use a token with the role that /docs names for this address.',
  },
  'cross-site': {
    status: 403,
    title: 'Request from another site',
    cause: 'The request came with a session but not from a page of genkan.',
    cure: 'Send the header "X-Genkan-Csrf: 1" from a page of genkan, or use a token instead.',
  },
  'not-found': {
    status: 404,
    title: 'Nothing here',
    cause: 'There is nothing at this address.',
    cure: 'Look up the address at /docs.',
  },
  'person-not-found': {
    status: 404,
    title: 'No such person',
    cause: 'No person has this id.',
    cure: 'List the persons to see their ids.',
  },
  'face-not-found': {
    status: 404,
    title: 'No such face',
    cause: 'The person has no face with this id, or its picture is no longer held.',
    cure: 'List the faces of the person to see their ids.',
  },
  'decision-not-found': {
    status: 404,
    title: 'No such decision',
    cause: 'No decision has this id.',
    cure: 'List the decisions to see their ids.',
  },
  'group-not-found': {
    status: 404,
    title: 'No such group',
    cause: 'No access group has this id.',
    cure: 'List the groups to see their ids, or add the group first.',
  },
  'group-exists': {
    status: 409,
    title: 'Group exists',
    cause: 'There is a group with this id or name already.',
    cure: 'Use that group, or choose another name.',
  },
  'group-in-use': {
    status: 409,
    title: 'Group in use',
    cause: 'Persons are in this group; without it they would be admitted at all times.',
    cure: 'Take the persons out of the group first.',
  },
  'token-not-found': {
    status: 404,
    title: 'No such token',
    cause: 'No token has this id; it may be revoked already.',
    cure: 'List the tokens to see their ids.',
  },
  'last-admin': {
    status: 409,
    title: 'Last admin token',
    cause: 'Without this token nobody could administer genkan.',
    cure: 'Make another admin token first, then revoke this one with it.',
  },
  'door-not-found': {
    status: 404,
    title: 'No such door',
    cause: 'This daemon has no door with this id.',
    cure: 'List the doors to see their ids.',
  },
  'not-opened': {
    status: 409,
    title: 'Door not opened',
    cause: 'The door may not be opened now.',
    cure: 'End the lockdown, or configure what opens the door.',
  },
  'door-failed': {
    status: 502,
    title: 'Door did not answer',
    cause: 'What opens the door failed.',
    cure: 'Look at the relay and its cable, then try again.',
  },
  'setting-refused': {
    status: 422,
    title: 'Setting refused',
    cause: 'The settings do not go together.',
    cure: 'Choose another value.',
  },
  'backup-unreadable': {
    status: 422,
    title: 'Backup of no use',
    cause: 'The file is no backup of genkan, is damaged, or was made with another passphrase.',
    cure: 'Check the file and the passphrase, or take an earlier backup.',
  },
  'backup-too-new': {
    status: 422,
    title: 'Backup of a newer genkan',
    cause: 'The backup was made by a newer version of genkan.',
    cure: 'Install that version, then restore.',
  },
  'not-calibrated': {
    status: 409,
    title: 'No calibration',
    cause: 'The encoder has no valid calibration, so what a threshold costs is not known.',
    cure: 'Run "genkan calibrate", or reinstall genkan.',
  },
  'unknown-group': {
    status: 422,
    title: 'Unknown group',
    cause: 'The person is to be in a group that does not exist.',
    cure: 'Add the group first, or leave it out.',
  },
  'not-a-grant': {
    status: 409,
    title: 'Not a grant',
    cause: 'The decision let nobody in, so nobody was mistaken for anybody.',
    cure: 'Choose a decision that was granted.',
  },
  'nothing-to-learn': {
    status: 409,
    title: 'Nothing to learn from',
    cause: 'The face of this decision is no longer held, and it was not said who it was.',
    cure: 'Say whom it shows in "was", or tell within half an hour of the decision.',
  },
  'style-job-not-found': {
    status: 404,
    title: 'No such style job',
    cause: 'No style job has this id.',
    cure: 'List the style jobs to see their ids.',
  },
  'no-style-picture': {
    status: 404,
    title: 'No such picture of the job',
    cause: 'The job has not come so far, or came to nothing.',
    cure: 'Look at the state of the job.',
  },
  'library-picture-not-found': {
    status: 404,
    title: 'No such library picture',
    cause: 'No picture of the library has this id, or it is not meant for this use.',
    cure: 'List the library at /api/style/library.',
  },
  'no-idle-picture': {
    status: 404,
    title: 'No idle picture',
    cause: 'The display has no idle picture of its own.',
    cure: 'Send one with PUT, or send the result of a style job to the display.',
  },
  'unknown-live-style': {
    status: 422,
    title: 'Unknown live style',
    cause: 'There is no trained style of this name.',
    cure: 'Use one that GET names as available, or null.',
  },
  'consent-needed': {
    status: 422,
    title: 'Consent needed',
    cause: 'A still of the camera shows people, and it was not said that they agreed.',
    cure: 'Ask who is in the picture, then send "consent": true; or use another picture.',
  },
  'cannot-see': {
    status: 422,
    title: 'Nothing to see',
    cause: 'The network, layer or unit is not there, or no picture could be shown to it.',
    cure: 'Choose one that /api/style/networks names.',
  },
  'style-job-ended': {
    status: 409,
    title: 'Style job has ended',
    cause: 'The job has ended already.',
    cure: 'Look at the state of the job.',
  },
  'style-queue-full': {
    status: 409,
    title: 'Style queue full',
    cause: 'As many style jobs wait as are allowed.',
    cure: 'Wait for one to end, or cancel one.',
  },
  'style-gallery-full': {
    status: 409,
    title: 'Style gallery full',
    cause: 'As many results are kept as are allowed.',
    cure: 'Delete style jobs that nobody needs.',
  },
  'request-under-way': {
    status: 409,
    title: 'Request under way',
    cause: 'A request with this idempotency key is not finished yet.',
    cure: 'Wait for a moment, then send it again.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'Changed meanwhile',
    cause: 'Somebody else changed this since it was read.',
    cure: 'Read it again, then make the change.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key used for another request',
    cause: 'This idempotency key came with another request before.',
    cure: 'Make up a new key for each new request.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    cause: 'This address does not take this method.',
    cure: 'Use a method named in the Allow header.',
  },
  'body-too-large': {
    status: 413,
    title: 'Request too large',
    cause: 'The request has more bytes than are accepted.',
    cure: 'Send a smaller picture.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Content type not supported',
    cause: 'The request has a content type that this address does not take.',
    cure: 'Use a content type that /docs names for this address.',
  },
  'wrong-host': {
    status: 421,
    title: 'Not this host',
    cause: 'The Host header names another machine.',
    cure: 'Use the address that genkan printed at start, or add the name to the configuration.',
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many wrong tokens',
    cause: 'This address sent too many wrong tokens.',
    cure: 'Wait for the seconds in the Retry-After header, then use the right token.',
  },
  internal: {
    status: 500,
    title: 'Fault inside genkan',
    cause: 'Something failed that should not; the request had no effect that can be relied on.',
    cure: 'Look for the requestId in the log, and run "genkan doctor".',
  },
  'disk-full': {
    status: 507,
    title: 'Disk full',
    cause: 'There is no space left to write to.',
    cure: 'Free disk space, then try again; nothing was changed.',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    cause: 'A part that this needs is not ready.',
    cure: 'See /api/health for the part and its cure, then try again.',
  },
  'no-picture': {
    status: 503,
    title: 'No picture from the camera',
    cause: 'The camera has given no picture yet.',
    cure: 'See /api/health for the state of the camera.',
  },
  'too-many-viewers': {
    status: 503,
    title: 'Too many viewers',
    cause: 'As many event streams are open as are allowed.',
    cure: 'Close a console page that nobody needs, then try again.',
  },
  'timed-out': {
    status: 504,
    title: 'Took too long',
    cause: 'The answer was not ready in time.',
    cure: 'Try again; if it stays so, run "genkan doctor".',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof PROBLEMS

/** RFC 9457 problem document, with a code for programs, and cause and cure for people. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: '/docs#no-face' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'Cause and cure in one text.' }),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    cause: z.string(),
    cure: z.string(),
    requestId: z.string(),
    personId: z.string().optional().openapi({ description: 'Who already has this face.' }),
  })
  .openapi('Problem')

/** What is known beyond the catalogue's words. */
export interface ProblemDetails {
  readonly cause?: string
  readonly cure?: string
  readonly personId?: string
}

/** A problem on its way out of a handler; the app answers it. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem'
  readonly code: ProblemCode
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.cause ?? PROBLEMS[code].cause)
    this.code = code
    this.details = details
  }
}

/** Parts tell their causes and cures as bare clauses; people read sentences. */
function toSentence(text: string): string {
  const trimmed = text.trim()
  const closed = /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
  return closed.charAt(0).toUpperCase() + closed.slice(1)
}

/** Answers with a problem document. */
export function answerProblem(
  c: Context<AdminEnvironment>,
  code: ProblemCode,
  details: ProblemDetails = {},
): Response {
  const kind: ProblemKind = PROBLEMS[code]
  const cause = toSentence(details.cause ?? kind.cause)
  const cure = toSentence(details.cure ?? kind.cure)
  const document: z.infer<typeof problemSchema> = {
    type: `/docs#${code}`,
    title: kind.title,
    status: kind.status,
    detail: `${cause} ${cure}`,
    code,
    cause,
    cure,
    requestId: c.get('requestId'),
    ...(details.personId === undefined ? {} : { personId: details.personId }),
  }
  return c.body(JSON.stringify(document), kind.status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  })
}

/** The `responses` of a route for the problems it can answer with, grouped by status. */
export function problemResponses(...codes: readonly ProblemCode[]) {
  const common: readonly ProblemCode[] = [
    'bad-request',
    'unauthorized',
    'forbidden',
    'cross-site',
    'wrong-host',
    'too-many-attempts',
    'internal',
    'timed-out',
  ]
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set([...common, ...codes])) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `${code}: ${PROBLEMS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  )
}
