import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { timeout } from 'hono/timeout'

import { authenticate, SESSION_COOKIE } from './auth.js'
import type { AdminApp, AdminEnvironment, AdminOptions } from './environment.js'
import { createEventHub } from './event-hub.js'
import { createFailureLimiter } from './failure-limiter.js'
import { importMapSource } from './page-files.js'
import { idempotent } from './idempotency.js'
import { addPages } from './pages.js'
import { describeIssues } from './picture-upload.js'
import type { AdminPorts } from './ports.js'
import { AdminProblem, PROBLEMS, answerProblem } from './problems.js'
import type { ProblemCode } from './problems.js'
import { StoreError } from '../store/store-error.js'
import { addAuditRoutes } from './routes/audit.js'
import { addBackupRoutes, BACKUP_PATHS } from './routes/backups.js'
import { addConsentRoutes } from './routes/consents.js'
import { addDecisionRoutes } from './routes/decisions.js'
import { addDoorRoutes } from './routes/doors.js'
import { addFaceRoutes } from './routes/faces.js'
import { addFleetRoutes } from './routes/fleet.js'
import { addGroupRoutes } from './routes/groups.js'
import { addHealthRoutes, addStatusRoutes } from './routes/health.js'
import { addLiveRoutes } from './routes/live.js'
import { addPersonRoutes } from './routes/persons.js'
import { addRecognitionRoutes } from './routes/recognition.js'
import { addSettingsRoutes } from './routes/settings.js'
import { addSessionRoutes, addSignInRoute } from './routes/session.js'
import { addDisplayRoutes } from './routes/style-display.js'
import { addStyleJobRoutes } from './routes/style-jobs.js'
import { addStyleLibraryRoutes } from './routes/style-library.js'
import { addTokenRoutes } from './routes/tokens.js'

const CODE_BY_HTTP_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'bad-request',
  413: 'body-too-large',
  415: 'unsupported-media-type',
  504: 'timed-out',
}

const secured = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'", importMapSource],
    imgSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
  },
  permissionsPolicy: { camera: ['self'], microphone: [], geolocation: [] },
  strictTransportSecurity: false,
  xFrameOptions: 'DENY',
})

/** Long enough to copy and examine the store of a large building, or to take one in. */
const BACKUP_TIMEOUT_MS = 10 * 60_000

const isBackup = (c: Context) => BACKUP_PATHS.some((path) => path === c.req.path)
/** Goes straight to the disk, whose room is watched. */
const isUploadedBackup = (c: Context) => isBackup(c) && c.req.path !== '/api/backups'

/**
 * The admin API with its pages, as one app that can be served or asked directly.
 *
 * Open: `/`, `/docs`, `/openapi.json`, `/health`, signing in, and the pages' files.
 * Every other request needs a token or a session, whether or not there is something at its address.
 *
 * @throws Error when the pages' files can't be read
 */
export function createAdminApp(ports: AdminPorts, options: AdminOptions = {}): AdminApp {
  const {
    maxUploadBytes = 12 * 1024 * 1024,
    answerTimeoutMs = 15_000,
    maxViewers = 16,
    heartbeatMs = 10_000,
    maxFailedAuthPerMinute = 10,
    now = () => performance.now(),
    onFault = () => undefined,
  } = options

  const app = new OpenAPIHono<AdminEnvironment>({
    defaultHook: (result) => {
      if (result.success) return
      throw new AdminProblem('bad-request', { cause: describeIssues(result.error) })
    },
  })
  const hub = createEventHub({
    live: ports.live,
    health: () => ports.health(),
    kiosk: () => ports.kiosk(),
    maxViewers,
    heartbeatMs,
    onFault: (error) => onFault({ error, requestId: 'live-events' }),
  })

  app.onError((error, c) => {
    if (error instanceof AdminProblem) return answerProblem(c, error.code, error.details)
    if (error instanceof StoreError && error.code === 'disk-full') {
      return answerProblem(c, 'disk-full')
    }
    if (error instanceof StoreError && error.code === 'invalid-value') {
      return answerProblem(c, 'bad-request', { cause: error.what, cure: error.cure })
    }
    const code = error instanceof HTTPException ? CODE_BY_HTTP_STATUS[error.status] : undefined
    if (code !== undefined) return answerProblem(c, code)
    onFault({ error, requestId: c.get('requestId') })
    return answerProblem(c, 'internal')
  })
  app.notFound((c) => answerProblem(c, 'not-found'))

  app.use(requestId({ limitLength: 64 }), secured)
  app.use(async (c, next) => {
    // Asked directly, without a server, there are no bindings.
    c.env = { ...c.env }
    const allowed = c.env.allowsHost?.(new URL(c.req.url).hostname) ?? true
    if (!allowed) return answerProblem(c, 'wrong-host')
    await next()
    return undefined
  })

  addPages(app)
  addStatusRoutes(app, ports)
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description: 'Of a signed-in browser; what changes something also needs `X-Genkan-Csrf: 1`.',
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'genkan admin API',
      version: ports.health().version,
      description: 'Enrol people, follow the door, read its decisions.',
    },
    'x-problems': PROBLEMS,
  })

  const bounded = bodyLimit({
    maxSize: maxUploadBytes,
    onError: (c: Context<AdminEnvironment>) => answerProblem(c, 'body-too-large'),
  })
  const limiter = createFailureLimiter(maxFailedAuthPerMinute, now)
  app.on('POST', '/api/session', bounded, timeout(answerTimeoutMs))
  addSignInRoute(app, ports, limiter)
  app.use(authenticate({ tokens: ports.tokens, sessions: ports.sessions, limiter }))
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header('Allow', methods.join(', '))
        return answerProblem(c, 'method-not-allowed')
      },
    }),
  )
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store')
    await next()
  })
  const answered = timeout(answerTimeoutMs)
  const slowlyAnswered = timeout(Math.max(answerTimeoutMs, BACKUP_TIMEOUT_MS))
  app.use((c, next) => (isBackup(c) ? slowlyAnswered(c, next) : answered(c, next)))
  app.use((c, next) => (isUploadedBackup(c) ? next() : bounded(c, next)))

  const creations = [
    '/api/persons',
    '/api/persons/:id/faces',
    '/api/persons/:id/faces/from-camera',
    '/api/persons/:id/consents',
    '/api/groups',
    '/api/tokens',
    '/api/doors/:id/open',
    '/api/style/jobs',
  ]
  app.on('POST', creations, idempotent(ports.idempotency))

  addSessionRoutes(app, ports)
  addHealthRoutes(app, ports)
  addPersonRoutes(app, ports)
  addFaceRoutes(app, ports)
  addRecognitionRoutes(app, ports)
  addDecisionRoutes(app, ports)
  addLiveRoutes(app, ports, hub)
  addDoorRoutes(app, ports)
  addFleetRoutes(app, ports)
  addGroupRoutes(app, ports)
  addConsentRoutes(app, ports)
  addSettingsRoutes(app, ports)
  addTokenRoutes(app, ports)
  addAuditRoutes(app, ports)
  addBackupRoutes(app, ports)
  addStyleJobRoutes(app, ports, { heartbeatMs })
  addStyleLibraryRoutes(app, ports)
  addDisplayRoutes(app, ports)
  return app
}
