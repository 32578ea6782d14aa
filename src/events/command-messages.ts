import { z } from 'zod'

import { actuationResultSchema } from '../decision/door-control.js'

/** What may be asked for over MQTT. */
export const COMMAND_NAMES = ['open', 'lockdown', 'enroll', 'leave', 'reload'] as const
export type CommandName = (typeof COMMAND_NAMES)[number]

const envelope = {
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{8,64}$/)
    .describe('Chosen by the sender; a command is carried out once an id.'),
  issuedAt: z.iso.datetime({ offset: true }).describe('By the clock of the sender.'),
}

const reason = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'must hold no control characters')
  .default('')
  .describe('For the record.')

/** Payloads on `…/command/NAME`. */
export const commandSchemas = {
  open: z.strictObject({
    ...envelope,
    reason,
    action: z
      .enum(['open', 'lock'])
      .default('open')
      .describe('`lock` is refused: the lock falls shut by itself.'),
  }),
  lockdown: z.strictObject({ ...envelope, on: z.boolean(), reason }),
  enroll: z
    .strictObject({ ...envelope, personId: z.ulid().describe('Who stands before the camera.') })
    .describe('Enrols a person who exists from the camera.'),
  leave: z
    .strictObject({ ...envelope, personId: z.ulid() })
    .describe('The person has left; ends anti-passback for them.'),
  reload: z.strictObject({ ...envelope }).describe('Reads the gallery anew.'),
} as const

export type Command = {
  [Name in CommandName]: { readonly name: Name } & z.output<(typeof commandSchemas)[Name]>
}[CommandName]

/** Why a command was not looked at any further. */
export const COMMAND_REFUSALS = [
  'too-large',
  'too-many',
  'retained',
  'not-json',
  'too-deep',
  'not-valid',
  'not-allowed',
  'stale',
  'from-the-future',
  'bad-response-topic',
  'unanswered-before',
] as const
export const commandRefusalSchema = z.enum(COMMAND_REFUSALS)
export type CommandRefusal = z.infer<typeof commandRefusalSchema>

/** How a command ended. */
export const commandResultSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('done') }),
  z.strictObject({ outcome: z.literal('enrolled'), faceId: z.string(), quality: z.number() }),
  ...actuationResultSchema.options.filter(
    (option) => option.shape.outcome.value === 'opened' || option.shape.outcome.value === 'failed',
  ),
  z.strictObject({
    outcome: z.literal('refused'),
    reason: z.string().describe('A reason of commands, of the door, or of the enrolment.'),
    detail: z.string().max(500),
  }),
])
export type CommandResult = z.infer<typeof commandResultSchema>

/** Payload on `…/response`, or on the topic below it that the command names. */
export const responseMessageSchema = z.strictObject({
  id: z.string().nullable().describe('Of the command; null where it could not be read.'),
  command: z.enum(COMMAND_NAMES),
  at: z.iso.datetime(),
  repeated: z.boolean().describe('The command was carried out before; this is its answer of then.'),
  result: commandResultSchema,
})
export type ResponseMessage = z.infer<typeof responseMessageSchema>
