import { z } from 'zod'
import { actuationSchema, contactSchema } from './actuation-schema.js'
import { cameraSchema } from './camera-schema.js'

const file = (description: string) =>
  z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[^\0\r\n]*$/, 'must be one line')
    .describe(description)

const milliseconds = (min: number, max: number, preset: number, description: string) =>
  z.int().min(min).max(max).default(preset).describe(description)

const days = (preset: number | null, description: string) =>
  z.int().min(1).max(36_500).nullable().default(preset).describe(description)

const doorSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .default('front')
    .describe('Id of the door in topics and decisions.'),
  name: z.string().min(1).max(100).default('Front door').describe('Name of the door for people.'),
  groups: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be the id of a group'))
    .max(100)
    .default([])
    .describe('Groups that may use the door, and that τ(K) counts; everybody if none is given.'),
})

const model = (role: string) =>
  file(`Model id, or path of your own manifest, for the ${role}; genkan's choice if not given.`)

const modelsSchema = z.strictObject({
  detector: model('face detector').optional(),
  landmarks: model('landmarks').optional(),
  texture: model('texture liveness net').optional(),
  encoder: model('face encoder').optional(),
  threads: z.int().min(1).max(64).default(1).describe('Threads within one run of a net.'),
  sideThread: z
    .boolean()
    .default(true)
    .describe('Run encoder, texture net and the one against masks in a thread beside the line’s.'),
  executionProviders: z
    .array(z.enum(['cpu', 'cuda', 'tensorrt']))
    .min(1)
    .max(3)
    .default(['cpu'])
    .describe('Where the nets run, best first; the CPU is always the last resort.'),
})

const livenessSchema = z
  .strictObject({
    mode: z
      .enum(['texture', 'life', 'challenge'])
      .default('life')
      .describe(
        'Proof of life wanted: `texture` (manned doors), `life` (also a blink or speech), `challenge` (a task).',
      ),
    askAfterMs: milliseconds(
      500,
      60_000,
      3000,
      'Without evidence for this long, the display asks.',
    ),
    attemptTimeoutMs: milliseconds(
      2000,
      120_000,
      12_000,
      'An attempt without enough evidence ends after this long.',
    ),
    calibrationFile: file(
      "The camera's own liveness thresholds, made by `genkan calibrate pad`.",
    ).optional(),
    pulse: z
      .boolean()
      .default(false)
      .describe('Also read the pulse from skin colour; shown and recorded, it never decides.'),
    challengeTimeoutMs: milliseconds(
      2000,
      30_000,
      6000,
      'Mode `challenge`: both steps must be done within this time of the first prompt.',
    ),
  })
  .refine(({ askAfterMs, attemptTimeoutMs }) => askAfterMs < attemptTimeoutMs, {
    error: 'must be shorter than liveness.attemptTimeoutMs',
    path: ['askAfterMs'],
  })

const decisionSchema = z.strictObject({
  frames: z
    .int()
    .min(1)
    .max(30)
    .default(3)
    .describe('Agreeing frames in a row that a grant needs.'),
  windowMs: milliseconds(100, 10_000, 1500, 'Those frames must lie within this time.'),
  cooldownMs: milliseconds(0, 60_000, 3000, 'After a denial, the same face waits for this long.'),
  grantCooldownMs: milliseconds(
    0,
    600_000,
    10_000,
    'After a grant, the same face is left in peace for this long.',
  ),
  grantLifeMs: milliseconds(
    500,
    5000,
    3000,
    'A grant may open the door for this long, then lapses.',
  ),
  antiPassbackMinutes: z
    .int()
    .min(0)
    .max(1440)
    .default(0)
    .describe('Nobody enters twice within this time without leaving in between; 0 is off.'),
})

const matchingSchema = z.strictObject({
  targetFpir: z
    .number()
    .min(1e-6)
    .max(0.1)
    .default(0.001)
    .describe('Rate of strangers taken for somebody enrolled, at most, over identifications.'),
  threshold: z
    .number()
    .positive()
    .max(4)
    .nullable()
    .default(null)
    .describe('Squared distance up to which two faces match; null takes it from the calibration.'),
  margin: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(null)
    .describe('Lead in squared distance over the next person; null takes it from the calibration.'),
  calibrationFile: file(
    'Calibration of the encoder, made by `genkan calibrate`; the shipped one if not given.',
  ).optional(),
  secondOpinion: z
    .enum(['off', 'advise', 'refuse'])
    .default('off')
    .describe(
      'Siamese head in 1:1 (`genkan learn siamese`): `advise` tells, `refuse` also refuses; it never opens.',
    ),
})

const learningSchema = z.strictObject({
  enrolments: z
    .boolean()
    .default(false)
    .describe('Let `genkan learn` train on the enrolled persons; ask them first.'),
  ageing: z
    .enum(['off', 'review', 'auto'])
    .default('off')
    .describe(
      'New templates from clear grants: `review` waits for a yes (`genkan ageing`), `auto` adds them.',
    ),
  ageingDays: z
    .int()
    .min(1)
    .max(36_500)
    .default(30)
    .describe('At most one such template a person within so many days.'),
  ageingTemplates: z.int().min(1).max(10).default(3).describe('Most such templates a person.'),
})

function isPostgres(url: string): boolean {
  const { protocol, hostname, pathname, password, search } = URL.canParse(url)
    ? new URL(url)
    : ({} as Partial<URL>)
  const isOne = protocol === 'postgres:' || protocol === 'postgresql:'
  return isOne && hostname !== '' && (pathname ?? '').length > 1 && password === '' && search === ''
}

const fleetSchema = z
  .strictObject({
    url: z
      .string()
      .max(2048)
      .refine(isPostgres, {
        error:
          'must be postgres://user@host:port/database, without password or parameters; use store.fleet.passwordFile',
      })
      .optional()
      .describe(
        'PostgreSQL that keeps what a fleet of doors shares, `postgres://user@host:port/database`; a door of its own if not given. Beyond this machine always TLS, verified.',
      ),
    passwordFile: file('File whose first line is the password there.').optional(),
    ca: file(
      'PEM file of the authority that signed its certificate; the system’s if not given.',
    ).optional(),
    cert: file('PEM file of our own certificate there; goes with `key`.').optional(),
    key: file('PEM file of our own private key there; goes with `cert`.').optional(),
    pollSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(10)
      .describe('Ask it by itself so often; a change there wakes this kiosk sooner.'),
    maxStalenessMinutes: z
      .int()
      .min(1)
      .max(525_600)
      .nullable()
      .default(null)
      .describe('Without having read it for this long the door is stale; null for never.'),
    whenStale: z
      .enum(['continue', 'closed'])
      .default('continue')
      .describe('What a stale door does: go on by its own copy, or grant nobody.'),
    decisions: z
      .boolean()
      .default(false)
      .describe('Also write decisions there, one partition a day; a person by id only.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: 'goes with store.fleet.key: give both or none',
    path: ['cert'],
  })

const storeSchema = z.strictObject({
  folder: file('Folder of the encrypted database.').default('./data'),
  keyFile: file(
    'File of the database key, mode 0600; else the systemd credential `genkan-key`, else a key made in the folder.',
  ).optional(),
  retention: z
    .strictObject({
      decisionsDays: days(365, 'Days after which a delivered decision is removed; null never.'),
      picturesDays: days(
        null,
        'Days after which an enrolment picture is removed (its template stays); null never.',
      ),
    })
    .prefault({})
    .describe('When what is stored is removed; see `genkan purge --dry-run`.'),
  fleet: fleetSchema.prefault({}).describe('Doors that share persons and access.'),
})

function isBroker(url: string): boolean {
  if (url === 'embedded') return true
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : {}
  return (protocol === 'mqtt:' || protocol === 'mqtts:') && hostname !== ''
}

const outboxSchema = z.strictObject({
  maxAgeDays: z
    .int()
    .min(1)
    .max(365)
    .default(30)
    .describe('Decisions that no broker took are given up after so long; the store keeps them.'),
  maxMegabytes: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('The same, oldest first, when more than this waits.'),
})

const homeAssistantSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe('Announce the door to Home Assistant; `genkan ha-remove` takes it back.'),
  prefix: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/,
      'must be up to four levels of letters, digits, _ or -',
    )
    .default('homeassistant')
    .describe('Its discovery prefix.'),
})

const commandsSchema = z.strictObject({
  allow: z
    .array(z.enum(['open', 'lockdown', 'enroll', 'leave', 'reload']))
    .max(5)
    .default([])
    .describe('Commands taken from the broker; needs mqtts:// and a login or certificate.'),
  maxAgeMs: milliseconds(1000, 60_000, 10_000, 'A command issued longer ago is refused.'),
})

const mqttSchema = z
  .strictObject({
    url: z
      .string()
      .max(2048)
      .refine(isBroker, 'must be `embedded`, mqtt://host:port or mqtts://host:port')
      .refine((url) => !/^mqtts?:\/\/[^/?#]*@/i.test(url), {
        error: 'must hold no user name or password; use mqtt.username and mqtt.passwordFile',
      })
      .default('embedded')
      .describe('Broker: `mqtt://host:port`, `mqtts://host:port`, or `embedded` (loopback only).'),
    embeddedPort: z
      .int()
      .min(0)
      .max(65_535)
      .default(1883)
      .describe('Port of the embedded broker; 0 takes a free one.'),
    topicPrefix: z
      .string()
      .regex(
        /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/,
        'must be up to four levels of letters, digits, _ or -',
      )
      .default('genkan')
      .describe('What all topics begin with.'),
    clientId: z
      .string()
      .regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
      .optional()
      .describe('Unique at the broker; `genkan-DOOR` if not given.'),
    username: z.string().min(1).max(256).optional().describe('User name at the broker.'),
    passwordFile: file('File whose first line is the password at the broker.').optional(),
    ca: file('PEM file of the authority that signed the broker’s certificate.').optional(),
    cert: file('PEM file of our own certificate; goes with `key`.').optional(),
    key: file('PEM file of our own private key; goes with `cert`.').optional(),
    protocolVersion: z
      .union([z.literal(5), z.literal(4)], 'must be 5 or 4')
      .default(5)
      .describe('MQTT 5, or 4 (3.1.1) for a broker that knows no 5.'),
    keepaliveSeconds: z
      .int()
      .min(5)
      .max(300)
      .default(15)
      .describe('Sign of life to the broker; a dead line shows after 1.5 times this.'),
    connectTimeoutMs: milliseconds(500, 60_000, 10_000, 'Longest wait for the broker to answer.'),
    waitForReader: z
      .boolean()
      .default(false)
      .describe(
        'Keep each decision until somebody subscribes, so that a broker that forgot its readers loses none; needs MQTT 5.',
      ),
    outbox: outboxSchema.prefault({}).describe('How much may wait for a broker.'),
    homeAssistant: homeAssistantSchema.prefault({}).describe('Home Assistant discovery.'),
    commands: commandsSchema.prefault({}).describe('Commands over MQTT.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: 'goes with mqtt.key: give both or none',
    path: ['cert'],
  })
  .refine(({ protocolVersion, waitForReader }) => protocolVersion === 5 || !waitForReader, {
    error: 'needs mqtt.protocolVersion 5: MQTT 3.1.1 does not tell whether anybody reads',
    path: ['waitForReader'],
  })
  .refine(
    ({ url, ca, cert }) => url.startsWith('mqtts:') || (ca === undefined && cert === undefined),
    { error: 'must begin with mqtts:// when certificates are given', path: ['url'] },
  )
  .refine(
    ({ url, username, passwordFile, cert, commands }) =>
      commands.allow.length === 0 ||
      (url.startsWith('mqtts:') &&
        (cert !== undefined || (username !== undefined && passwordFile !== undefined))),
    {
      error: 'needs an mqtts:// broker and mqtt.username with mqtt.passwordFile, or mqtt.cert',
      path: ['commands', 'allow'],
    },
  )

const tlsSchema = z
  .strictObject({
    cert: file(
      'PEM file of the certificate, with what lies between it and a known authority.',
    ).optional(),
    key: file('PEM file of its private key, mode 0600.').optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: 'goes with admin.tls.key: give both or none',
    path: ['cert'],
  })

const adminSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name')
    .default('127.0.0.1')
    .describe('Address that the console listens at.'),
  port: z.int().min(0).max(65_535).default(8080).describe('Its port; 0 takes a free one.'),
  allowPlainHttp: z
    .boolean()
    .default(false)
    .describe('Listen beyond loopback without TLS; only on a network you trust.'),
  tls: tlsSchema
    .prefault({})
    .describe('HTTPS; beyond loopback a certificate of its own is made where none is given.'),
  hostNames: z
    .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'must be a host name'))
    .max(20)
    .default([])
    .describe('Further names by which browsers reach this machine.'),
})

const styleSchema = z.strictObject({
  threads: z.int().min(1).max(64).default(1).describe('Threads of a style job.'),
  stylizers: file('Folder of trained styles.')
    .default('./stylizers')
    .describe('Folder of your own trained styles for the live picture, beside the shipped ones.'),
  maxQueued: z.int().min(1).max(1000).default(20).describe('Style jobs that may wait.'),
  maxKept: z.int().min(1).max(10_000).default(100).describe('Style jobs that are kept.'),
  maxMegabytes: z
    .int()
    .min(10)
    .max(100_000)
    .default(256)
    .describe('No further style job is taken while kept pictures have more than this.'),
})

const watchdogSchema = z.strictObject({
  stageDeadlineMs: milliseconds(
    500,
    60_000,
    3000,
    'A frame that takes longer than this to judge is a fault and opens nothing.',
  ),
  memoryLimitMb: z
    .int()
    .min(100)
    .max(1_000_000)
    .nullable()
    .default(700)
    .describe('Resident memory beyond which the daemon restarts itself; null for no limit.'),
})

const logSchema = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe lines to write.'),
})

/** The whole configuration. Every key has a default, so no file is needed to start. */
export const configSchema = z.strictObject({
  board: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be the name of a folder in firmware-config')
    .optional()
    .describe('Board whose profile in `firmware-config/` lies under this configuration.'),
  door: doorSchema.prefault({}).describe('The door that this daemon watches.'),
  camera: cameraSchema.prefault({ source: 'replay' }),
  models: modelsSchema.prefault({}).describe('Nets and where they run.'),
  liveness: livenessSchema.prefault({}).describe('Proof that a living person stands there.'),
  decision: decisionSchema.prefault({}).describe('How frames become a decision.'),
  actuation: actuationSchema.prefault({}).describe('What opens the lock.'),
  contact: contactSchema.prefault({}).describe('The switch that tells whether the door is open.'),
  matching: matchingSchema.prefault({}).describe('When two faces are the same person.'),
  learning: learningSchema.prefault({}).describe('What the door may learn on site.'),
  store: storeSchema.prefault({}).describe('Persons, templates and decisions.'),
  mqtt: mqttSchema.prefault({}).describe('Where decisions are published.'),
  admin: adminSchema.prefault({}).describe('Web console and API.'),
  style: styleSchema.prefault({}).describe('Pictures painted in the style of others.'),
  watchdog: watchdogSchema
    .prefault({})
    .describe('When the daemon holds itself to be out of order.'),
  log: logSchema.prefault({}).describe('What the daemon writes about itself.'),
})

/** The configuration with every default filled in. */
export type Config = z.output<typeof configSchema>
