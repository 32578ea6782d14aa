import type { z } from '@hono/zod-openapi'

import type {
  libraryListSchema,
  liveStyleSchema,
  networkListSchema,
  styleJobSchema,
  styleOrderSchema,
} from '../style-schemas.js'

import { queryOf } from './api.js'
import type { Page } from './resources.js'
import { api } from './session.js'

export type StyleJobRecord = z.infer<typeof styleJobSchema>
export type LibraryPicture = z.infer<typeof libraryListSchema>['items'][number]
export type NetworkRecord = z.infer<typeof networkListSchema>['items'][number]
export type LiveStyleRecord = z.infer<typeof liveStyleSchema>
export type StyleOrderRecord = z.input<typeof styleOrderSchema>

const jobPath = (id: string) => `/api/style/jobs/${encodeURIComponent(id)}`

export const styleJobs = {
  list: (cursor: string | undefined, signal?: AbortSignal) =>
    api.json<Page<StyleJobRecord>>(
      `/api/style/jobs${queryOf({ cursor, limit: 24 })}`,
      signal ? { signal } : {},
    ),
  create(order: StyleOrderRecord, pictures: { content?: Blob; style?: Blob }) {
    const body = new FormData()
    body.set('order', JSON.stringify(order))
    for (const [name, picture] of Object.entries(pictures)) body.set(name, picture)
    const headers = { 'Idempotency-Key': crypto.randomUUID() }
    return api.json<StyleJobRecord>('/api/style/jobs', { method: 'POST', body, headers })
  },
  eventsHref: (id: string) => `${jobPath(id)}/events`,
  previewHref: (id: string, number: number) => `${jobPath(id)}/preview.jpg?${number}`,
  thumbnailHref: (id: string) => `${jobPath(id)}/thumbnail.jpg`,
  resultHref: (id: string) => `${jobPath(id)}/result.png`,
  cancel: (id: string) => api.ask(`${jobPath(id)}/cancel`, { method: 'POST' }),
  remove: (id: string) => api.ask(jobPath(id), { method: 'DELETE' }),
  sendToKiosk: (id: string) => api.ask(`${jobPath(id)}/send-to-kiosk`, { method: 'POST' }),
}

export const styleLibrary = {
  async list(signal: AbortSignal) {
    return (await api.json<{ items: readonly LibraryPicture[] }>('/api/style/library', { signal }))
      .items
  },
  pictureHref: (id: string) => `/api/style/library/${encodeURIComponent(id)}`,
  async networks(signal: AbortSignal) {
    return (await api.json<{ items: readonly NetworkRecord[] }>('/api/style/networks', { signal }))
      .items
  },
  async see(
    unit: { network: string; layer: string; unit: number },
    pictures: readonly Blob[],
  ): Promise<Blob> {
    const path = `/api/style/see.png${queryOf(unit)}`
    if (pictures.length === 0) return (await api.ask(path)).blob()
    const body = new FormData()
    for (const picture of pictures) body.append('picture', picture)
    return (await api.ask(path, { method: 'POST', body })).blob()
  },
}

export const kioskDisplay = {
  async idlePicture(signal: AbortSignal): Promise<Blob> {
    return (await api.ask('/api/kiosk/idle.jpg', { signal })).blob()
  },
  setIdlePicture: (picture: Blob) =>
    api.ask('/api/kiosk/idle.jpg', {
      method: 'PUT',
      body: picture,
      headers: { 'Content-Type': picture.type },
    }),
  removeIdlePicture: () => api.ask('/api/kiosk/idle.jpg', { method: 'DELETE' }),
  liveStyle: (signal: AbortSignal) =>
    api.json<LiveStyleRecord>('/api/kiosk/live-style', { signal }),
  setLiveStyle: (style: string | null) =>
    api.json<LiveStyleRecord>('/api/kiosk/live-style', { method: 'PUT', json: { style } }),
}
