import createClient from 'openapi-fetch'

import type { paths } from './openapi-types.js'

/** What a walk over the API has seen. */
export interface Walk {
  readonly name: string
  readonly faces: number
  readonly identified: boolean
  readonly verified: string
  readonly refused: string
  readonly erased: { readonly templates: number; readonly pictures: number }
}

function present<T>(answer: { data?: T; error?: unknown }, what: string): T {
  if (answer.data !== undefined) return answer.data
  throw new Error(`${what}: ${JSON.stringify(answer.error)}`)
}

/**
 * Goes over the API with nothing but the client that its document makes: a person comes, is known
 * again, changes, and goes. Every field that is read here is one the document promises.
 */
export async function walkApi(baseUrl: string, token: string, picture: Blob): Promise<Walk> {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } })
  const jpeg = {
    headers: { 'Content-Type': 'image/jpeg' },
    bodySerializer: (body: unknown) => body as Blob,
  }
  const asBody = picture as unknown as string

  const group = present(
    await api.POST('/api/groups', { body: { name: 'Portraits' } }),
    'add a group',
  )
  const person = present(
    await api.POST('/api/persons', {
      params: { header: { 'idempotency-key': 'walk' } },
      body: { name: 'Lisa' },
    }),
    'add a person',
  )
  const path = { id: person.id }
  present(
    await api.POST('/api/persons/{id}/faces', { params: { path }, body: asBody, ...jpeg }),
    'add a face',
  )
  const renamed = present(
    await api.PATCH('/api/persons/{id}', {
      params: { path, header: { 'if-match': person.etag } },
      body: { name: 'Lisa Gherardini', groups: [group.id] },
    }),
    'rename',
  )
  const schedule = present(
    await api.GET('/api/schedules/{group}', { params: { path: { group: group.id } } }),
    'read the schedule',
  )
  present(
    await api.PUT('/api/schedules/{group}', {
      params: { path: { group: group.id }, header: { 'if-match': schedule.etag } },
      body: { timeZone: 'Asia/Tokyo', weekly: [], holidays: [] },
    }),
    'set the schedule',
  )
  present(
    await api.POST('/api/persons/{id}/consents', {
      params: { path },
      body: { kind: 'given', textVersion: '2026-11' },
    }),
    'record a consent',
  )
  const found = present(await api.POST('/api/identify', { body: asBody, ...jpeg }), 'identify')
  const verdict = present(
    await api.POST('/api/persons/{id}/verify', { params: { path }, body: asBody, ...jpeg }),
    'verify',
  )
  const nobody = await api.GET('/api/persons/{id}', {
    params: { path: { id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' } },
  })
  const { items } = present(await api.GET('/api/doors'), 'list the doors')
  for (const { id } of items) {
    present(
      await api.POST('/api/doors/{id}/open', {
        params: { path: { id } },
        body: { reason: 'walk' },
      }),
      'open the door',
    )
  }
  const held = present(
    await api.GET('/api/persons/{id}/export', { params: { path } }),
    'export the person',
  )
  const { erased } = present(await api.DELETE('/api/persons/{id}', { params: { path } }), 'erase')
  const { intact } = present(await api.GET('/api/audit/verify'), 'verify the audit')
  if (!intact) throw new Error('the audit is broken')
  return {
    name: renamed.name,
    faces: held.faces.length,
    identified: found.outcome === 'match' && found.person?.id === person.id,
    verified: verdict.outcome,
    refused: nobody.error?.code ?? 'nothing',
    erased,
  }
}
