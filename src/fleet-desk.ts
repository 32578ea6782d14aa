import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

import type { Logger } from 'pino'

import type { AdmittedGroups } from './admitted-groups.js'
import { ALONE as ALONE_VIEW } from './admin/ports/fleet.js'
import type { FleetPort } from './admin/ports/fleet.js'
import type { Config } from './config/schema.js'
import type { EncoderRollout } from './encoder-rollout.js'
import { distanceSq } from './encoding/embedding.js'
import type { Embedding } from './encoding/embedding.js'
import type { Health } from './events/messages.js'
import type { Publisher } from './events/publisher.js'
import type { Listener } from './events/subscriptions.js'
import { addressOf } from './fleet/address.js'
import { resealAudit, writeAudit } from './fleet/audit-sink.js'
import { writeDecisions } from './fleet/decision-sink.js'
import { MAX_TOLD_DUPLICATES, toFleetDoor, toldDuplicates } from './fleet/doors.js'
import type { FleetDoor } from './fleet/doors.js'
import { explainPostgres } from './fleet/fault.js'
import { createFreshness } from './fleet/freshness.js'
import type { FleetLink, startFleetLink } from './fleet/link.js'
import { listMembers, serverNowMs } from './fleet/members.js'
import { openSecrets, readMembership } from './fleet/membership.js'
import type { FleetSecrets } from './fleet/membership.js'
import { connectPostgres } from './fleet/postgres.js'
import { hindrances } from './fleet/rollout.js'
import type { Connection } from './fleet/postgres.js'
import { hearRevocation, revocationMessage, revocationTopic } from './fleet/revocations.js'
import type { LiveView } from './live-view.js'
import type { RecentProbes } from './recent-probes.js'
import type { Recognition } from './recognition.js'
import type { AppliedChanges } from './store/replica/replica.js'
import type { Store } from './store/store.js'
import { calibrationPath } from './threshold-source.js'
import { version } from './version.js'
import type { Trouble } from './watchdogs/trouble.js'

export interface FleetDeskParts {
  readonly config: Config
  readonly store: Store
  readonly recognition: Recognition
  /** Makes of a stored embedding what is compared, see `learnt-encoder.ts`. */
  readonly current: (stored: Embedding) => Embedding
  readonly recentProbes: Pick<RecentProbes, 'forgetAll'>
  readonly live: Pick<LiveView, 'showSystemChange'>
  readonly log: Logger
  readonly modelIds: Readonly<Record<string, string>>
  readonly rollout: Pick<EncoderRollout, 'state'>
  readonly groups: AdmittedGroups
}

/** The door's part in a fleet; for a door of its own it does nothing. */
export interface FleetDesk extends FleetPort {
  readonly listeners: readonly Listener[]
  /** @param health what the other doors' consoles show of this one */
  start(publisher: Pick<Publisher, 'send' | 'state'>, health: () => Health): void
  /** Why the door grants nobody: the replica is older than it may be, where the door then closes. */
  withhold(): Trouble | undefined
  /** What of the fleet is out of order. */
  trouble(): Trouble | undefined
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 200
const ANNOUNCEMENTS_A_TURN = 50
const DECISIONS_A_ROUND = 500

const NOT_A_MEMBER: Trouble = {
  cause: 'store.fleet.url is set, but this kiosk is in no fleet',
  cure: 'begin one (genkan fleet init) or join one (genkan fleet join), then start genkan anew',
}

const ALONE: FleetDesk = {
  ...ALONE_VIEW,
  listeners: [],
  start: () => undefined,
  withhold: () => undefined,
  trouble: () => undefined,
  stop: () => Promise.resolve(),
}

/** Opens the door's part in the fleet that the configuration names. */
export async function openFleetDesk(parts: FleetDeskParts): Promise<FleetDesk> {
  const { config, store, log } = parts
  const address = addressOf(config.store)
  const membership = readMembership(store.replica)
  if (address === undefined) {
    if (membership !== undefined) {
      log.warn('this kiosk is in a fleet, but store.fleet.url is not set; changes wait here')
    }
    return ALONE
  }
  if (membership === undefined) {
    log.warn(NOT_A_MEMBER)
    const closed = config.store.fleet.whenStale === 'closed' ? NOT_A_MEMBER : undefined
    return { ...ALONE, withhold: () => closed, trouble: () => NOT_A_MEMBER }
  }
  // A door of its own needs no PostgreSQL client.
  const link = await import('./fleet/link.js')
  return openMember(parts, address, openSecrets(store.replica), link.startFleetLink)
}

function healthOf(health: () => Health): Pick<Health, 'state'> | object {
  const { state, ...why } = health()
  return { health: state, ...('cause' in why ? { cause: why.cause } : {}) }
}

/** Tells calibrations apart: the beginning of the file's SHA-256. */
function calibrationHash(config: Config, modelIds: Readonly<Record<string, string>>) {
  const path = calibrationPath(config.matching, modelIds['encoder'] ?? '')
  if (!existsSync(path)) return null
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12)
}

function openMember(
  parts: FleetDeskParts,
  address: NonNullable<ReturnType<typeof addressOf>>,
  secrets: FleetSecrets,
  startLink: typeof startFleetLink,
): FleetDesk {
  const { config, store, recognition, log } = parts
  const { maxStalenessMinutes, whenStale, pollSeconds } = config.store.fleet
  const { fleet, kiosk, name } = secrets.membership()
  const topic = revocationTopic(config.mqtt.topicPrefix, fleet)
  const freshness = createFreshness(store.replica, {
    wallMs: Date.now,
    monotonicMs: () => performance.now(),
  })
  const toCheck: string[] = []
  let link: FleetLink | undefined
  let timer: NodeJS.Timeout | undefined
  let publisher: Pick<Publisher, 'send' | 'state'> | undefined
  const calibration = calibrationHash(config, parts.modelIds)

  const { groups } = parts
  let followed = JSON.stringify(groups())
  /** Whom the door admits may change here, there, and by another process. */
  function followGroups(): void {
    const now = JSON.stringify(groups())
    if (now === followed) return
    recognition.reload()
    followed = now
    parts.live.showSystemChange()
  }

  /** The gallery follows what was written; one that cannot is read anew. */
  function show(changes: AppliedChanges): void {
    try {
      const { gallery } = recognition
      for (const id of changes.personsGone) gallery.removePerson(id)
      for (const id of changes.templatesGone) gallery.remove(id)
      const faces = new Set(changes.templates.map(({ personId }) => personId))
      // Who may use this door hangs on the person's groups.
      if (groups() !== null) changes.persons.forEach((id) => faces.add(id))
      for (const id of faces) recognition.refresh(id)
      if (changes.personsGone.length > 0) parts.recentProbes.forgetAll()
      if (changes.others || changes.personsGone.length > 0) recognition.reloadNegatives()
      if (changes.others) followGroups()
    } catch (error) {
      log.error({ err: error }, 'the gallery could not follow the fleet and is read anew')
      recognition.reload()
    }
    toCheck.push(...changes.confirmed)
    const { persons, personsGone, templates, templatesGone, others } = changes
    const count = persons.length + personsGone.length + templates.length + templatesGone.length
    if (count > 0 || others) parts.live.showSystemChange()
  }

  /** Whether a face that was enrolled here has two names by now; one a turn, since each is a search. */
  function checkOne(): void {
    const templateId = toCheck.shift()
    const template = templateId === undefined ? undefined : store.templates.get(templateId)
    if (template === undefined) return
    const embedding = parts.current(template.embedding)
    if (embedding.modelId !== recognition.gallery.modelId) return
    const other = recognition.nearestOther(embedding, template.personId)
    if (other !== undefined) note(template.personId, other)
  }

  function note(personId: string, otherId: string): void {
    if (!store.replica.noteDuplicate(personId, otherId)) return
    log.warn({ persons: [personId, otherId] }, 'two persons have one face')
  }

  /** Another door found them, or somebody wrote so to the database: seen for oneself before it is believed. */
  function checkTold(pairs: readonly (readonly [string, string])[]): void {
    const thresholdSq = recognition.threshold()?.value
    if (thresholdSq === undefined) return
    const vectorsOf = (personId: string) =>
      store.templates
        .byPerson(personId)
        .map(({ embedding }) => parts.current(embedding))
        .filter(({ modelId }) => modelId === recognition.gallery.modelId)
        .map(({ vector }) => vector)
    for (const [personId, otherId] of pairs) {
      const others = vectorsOf(otherId)
      const isClose = (vector: Float32Array) =>
        others.some((other) => distanceSq(vector, other) <= thresholdSq)
      if (personId !== otherId && vectorsOf(personId).some(isClose)) note(personId, otherId)
    }
  }

  let sending = false
  async function sendAnnouncements(): Promise<void> {
    if (sending || publisher?.state().name !== 'connected') return
    sending = true
    try {
      for (const told of store.replica.unsent(ANNOUNCEMENTS_A_TURN)) {
        const payload = revocationMessage(secrets, told)
        if (!(await publisher.send({ topic, payload, schema: 'genkan.revocation.v1' }))) return
        store.replica.sent(told.sequence)
      }
    } finally {
      sending = false
    }
  }

  function look(): void {
    try {
      followGroups()
      store.replica.announce()
      if (store.replica.hasPending()) link?.kick()
      checkOne()
    } catch (error) {
      log.error({ err: error }, 'the replica cannot be read')
    }
    sendAnnouncements().catch((error: unknown) => {
      log.error({ err: error }, 'a revocation could not be announced')
    })
  }

  async function handAudit(client: Connection): Promise<void> {
    try {
      const { replica, audit } = store
      if (audit.head().sequence > Number(replica.recall('audit-cursor') ?? 0)) {
        replica.remember('audit-cursor', await writeAudit(client, secrets, audit))
      }
      const generation = secrets.generation()
      if (replica.recall('audit-generation') === generation) return
      await resealAudit(client, secrets, audit)
      replica.remember('audit-generation', generation)
    } catch (error) {
      const { cause, cure } = explainPostgres(error)
      log.error({ cause, cure }, 'the audit could not be handed to the fleet’s database')
    }
  }

  async function handDecisions(client: Connection): Promise<void> {
    if (!config.store.fleet.decisions) return
    try {
      for (;;) {
        const after = Number(store.replica.recall('decision-cursor') ?? 0)
        const decisions = store.decisions.after(after, DECISIONS_A_ROUND)
        const last = decisions.at(-1)
        if (last === undefined) return
        await writeDecisions(client, kiosk, decisions)
        store.replica.remember('decision-cursor', last.sequence)
      }
    } catch (error) {
      const { cause, cure } = explainPostgres(error)
      log.error({ cause, cure }, 'decisions could not be handed to the fleet’s database')
    }
  }

  /** A store that cannot be read says so elsewhere. */
  function firstDuplicate() {
    try {
      return store.replica.duplicates().at(0)
    } catch {
      return undefined
    }
  }

  let asking: ReturnType<typeof askOnce> | undefined
  /** On a connection of its own, which leaves the copying alone; many who ask at once share one. */
  function askDoors(): ReturnType<typeof askOnce> {
    asking ??= askOnce().finally(() => (asking = undefined))
    return asking
  }
  async function askOnce(): Promise<{
    readonly doors: readonly FleetDoor[] | null
    /** As the doors say, see {@link toldDuplicates}. */
    readonly duplicates: readonly (readonly [string, string])[]
    /** By the server's clock. */
    readonly nowMs: number
    readonly trouble: Trouble | null
  }> {
    try {
      const client = await connectPostgres(address, `genkan ${name} console`)
      try {
        const rows = await listMembers(client, secrets)
        const doors = rows.map((row) => toFleetDoor(row, kiosk))
        const duplicates = rows.flatMap(toldDuplicates)
        return { doors, duplicates, nowMs: await serverNowMs(client), trouble: null }
      } finally {
        await client.end().catch(() => undefined)
      }
    } catch (error) {
      const { cause, cure } = explainPostgres(error)
      return { doors: null, duplicates: [], nowMs: Number.NaN, trouble: { cause, cure } }
    }
  }

  const isStale = () => maxStalenessMinutes !== null && freshness.ageMinutes() > maxStalenessMinutes
  const stale: Trouble = {
    cause: `the fleet’s record was last read more than ${String(maxStalenessMinutes)} minutes ago`,
    cure: 'check the database and the network (genkan fleet status)',
  }

  return {
    listeners: [
      {
        filter: topic,
        onMessage({ payload, retained }) {
          if (retained) return
          try {
            const hearing = hearRevocation(secrets, store.replica, payload)
            if (hearing.outcome === 'applied') parts.live.showSystemChange()
            if (hearing.outcome === 'own' || hearing.outcome === 'replayed') return
            log.info({ revocation: hearing.outcome }, 'a revocation was heard')
            if (hearing.outcome === 'not-trusted') link?.relearnMembers()
            link?.kick()
          } catch (error) {
            log.error({ err: error }, 'a revocation could not be written; the record has it, too')
            link?.kick()
          }
        },
      },
    ],
    start(through, health) {
      publisher = through
      link = startLink({
        replica: store.replica,
        secrets,
        address,
        name: `genkan ${name}`,
        pollMs: pollSeconds * 1000,
        random: Math.random,
        onApplied: show,
        onFresh: (agoMs) => freshness.confirm(agoMs),
        onState: (state) => log.info({ fleet: state }, 'fleet'),
        status: () => ({
          version,
          door: config.door.id,
          models: parts.modelIds,
          calibration,
          groups: groups() ?? [],
          // Told apart from a door that admits everybody.
          admitsNobody: groups()?.length === 0,
          rollout: parts.rollout.state(),
          ...healthOf(health),
          sequence: store.replica.cursor().sequence,
          pending: store.replica.countPending(),
          duplicates: store.replica
            .duplicates()
            .slice(0, MAX_TOLD_DUPLICATES)
            .map(({ personId, otherId }) => [personId, otherId]),
        }),
        async afterRound(client) {
          await handDecisions(client)
          await handAudit(client)
        },
      })
      timer = setInterval(look, LOOK_EVERY_MS)
    },
    withhold: () => (whenStale === 'closed' && isStale() ? stale : undefined),
    trouble() {
      if (isStale()) return stale
      const state = link?.state()
      if (state?.name === 'degraded') return { cause: state.cause, cure: state.cure }
      const twice = firstDuplicate()
      if (twice === undefined) return undefined
      return {
        cause: `two persons have one face: ${twice.personId} and ${twice.otherId}`,
        cure: 'delete the one who is not, in the console',
      }
    },
    async view() {
      const state = link?.state()
      const ageMinutes = freshness.ageMinutes()
      const answer = await askDoors()
      const trouble = answer.trouble ?? (state?.name === 'degraded' ? state : null)
      const rollout = store.fleetRules.rollout()
      checkTold(answer.duplicates)
      return {
        state:
          trouble !== null ? 'degraded' : state?.name === 'connected' ? 'connected' : 'connecting',
        trouble: trouble && { cause: trouble.cause, cure: trouble.cure },
        ageMinutes: Number.isFinite(ageMinutes) ? ageMinutes : null,
        pending: store.replica.countPending(),
        doors:
          answer.doors?.map((door) => {
            const said = store.fleetRules.admits(door.kiosk)
            return { ...door, rule: said === undefined ? null : { groups: said } }
          }) ?? null,
        duplicates: store.replica.duplicates(),
        rollout: rollout
          ? {
              from: rollout.from,
              to: rollout.to,
              stages: rollout.stages.length,
              reached: rollout.reached,
              hindrances:
                answer.doors === null ? [] : hindrances(rollout, answer.doors, answer.nowMs),
            }
          : null,
      }
    },
    setAdmits(id, rule, actor) {
      const door = secrets.members().find((member) => member.id === id)
      if (door === undefined || door.removed) return 'no-such-door'
      const known = new Set(store.groups.list().map((group) => group.id))
      if (rule.groups?.some((group) => !known.has(group))) return 'no-such-group'
      store.fleetRules.setAdmits(id, rule.groups === null ? null : [...rule.groups], actor)
      followGroups()
      link?.kick()
      return 'set'
    },
    async stop() {
      clearInterval(timer)
      await link?.stop()
    },
  }
}
