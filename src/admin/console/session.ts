import { computed, signal } from '@preact/signals'

import { ApiProblem, createApi } from './api.js'
import { createDoorView } from './door-view.js'

export type Role = 'admin' | 'enroller' | 'viewer' | 'kiosk'

/** Who is signed in. */
export interface Me {
  readonly id: string
  readonly name: string
  readonly role: Role
}

/** Why nobody is signed in, when it is not simply so. */
export type WhyOut = 'wrong-token' | 'signed-out' | 'kiosk' | ApiProblem

/** How it stands with the session: not asked yet, nobody, or somebody. */
export type Session =
  | { readonly state: 'asking' }
  | { readonly state: 'out'; readonly why?: WhyOut }
  | { readonly state: 'in'; readonly me: Me }

export const session = signal<Session>({ state: 'asking' })
export const door = createDoorView()

/** The API by the session's cookie. */
export const api = createApi({
  onSignedOut() {
    if (session.value.state === 'in') leave('signed-out')
  },
})

const RANK: Readonly<Record<Role, number>> = { admin: 3, enroller: 2, viewer: 1, kiosk: 0 }

/** Whether who is signed in has at least this role. */
export function may(role: 'admin' | 'enroller' | 'viewer'): boolean {
  const now = session.value
  return now.state === 'in' && RANK[now.me.role] >= RANK[role]
}

export const isAdmin = computed(() => may('admin'))
export const isEnroller = computed(() => may('enroller'))

let following: AbortController | undefined

function leave(why?: WhyOut): void {
  following?.abort()
  following = undefined
  session.value = why === undefined ? { state: 'out' } : { state: 'out', why }
}

async function enter(): Promise<void> {
  const me = await api.json<Me>('/api/me')
  if (me.role === 'kiosk') {
    leave('kiosk')
    return
  }
  following?.abort()
  following = new AbortController()
  session.value = { state: 'in', me }
  void door.follow(api, following.signal)
}

/** Goes on with the session that the browser still has a cookie of, if it has. */
export async function resume(): Promise<void> {
  try {
    await enter()
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    leave(error.status === 401 ? undefined : error)
  }
}

/** Trades a token for a session. The token itself is kept nowhere. */
export async function signIn(token: string): Promise<void> {
  try {
    await api.ask('/api/session', { method: 'POST', json: { token } })
    await enter()
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    leave(error.status === 401 ? 'wrong-token' : error)
  }
}

export async function signOut(): Promise<void> {
  try {
    await api.ask('/api/session', { method: 'DELETE' })
  } finally {
    leave()
  }
}
