/** A problem document (RFC 9457) of the API as an error; `status` 0 when there was no answer. */
export class ApiProblem extends Error {
  constructor(status, problem = {}) {
    super(problem.cause ?? `HTTP ${status}`)
    this.status = status
    this.code = problem.code
    this.cause = problem.cause
    this.cure = problem.cure
  }
}

const SILENCE_MS = 30_000

/** Splits server-sent events out of a text stream; gives each as (event, data). */
function createEventParser(onEvent) {
  let rest = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) {
      let event = 'message'
      let data = ''
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice(7)
        else if (line.startsWith('data: ')) data += line.slice(6)
      }
      if (data !== '') onEvent(event, JSON.parse(data))
    }
  }
}

/**
 * The API with a token.
 * @param onSignedOut called when the token is no longer taken
 */
export function createApi(token, onSignedOut) {
  async function ask(path, options = {}) {
    let response
    try {
      response = await fetch(path, {
        ...options,
        headers: { ...options.headers, Authorization: `Bearer ${token}` },
      })
    } catch (error) {
      if (options.signal?.aborted) throw error
      throw new ApiProblem(0)
    }
    if (response.ok) return response
    const problem = await response.json().catch(() => ({}))
    if (response.status === 401) onSignedOut()
    throw new ApiProblem(response.status, problem)
  }

  const json = async (path) => (await ask(path)).json()

  /** Follows the stream once; ends when it ends or falls silent. */
  async function followOnce(onEvent, signal) {
    const silence = new AbortController()
    const either = AbortSignal.any([signal, silence.signal])
    let timer
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
    }
    heard()
    try {
      const response = await ask('/api/live/events', { signal: either })
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      const parse = createEventParser(onEvent)
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        heard()
        parse(value)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    health: () => json('/api/health'),
    thresholds: () => json('/api/threshold'),
    persons: (cursor) => json(`/api/persons?limit=100${cursor ? `&cursor=${cursor}` : ''}`),
    decisions: (cursor, limit = 12) =>
      json(`/api/decisions?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`),
    removePerson: (id) => ask(`/api/persons/${id}`, { method: 'DELETE' }),

    async addPerson(name, picture) {
      const body = new FormData()
      body.set('name', name)
      body.set('picture', picture)
      return (await ask('/api/persons', { method: 'POST', body })).json()
    },

    async addPersonFromCamera(name) {
      const response = await ask('/api/persons', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name, face: 'from-camera' }),
      })
      return response.json()
    },

    async addFace(id, picture) {
      const body = new FormData()
      body.set('picture', picture)
      return (await ask(`/api/persons/${id}/faces`, { method: 'POST', body })).json()
    },

    addFaceFromCamera: (id) => ask(`/api/persons/${id}/faces/from-camera`, { method: 'POST' }),

    async snapshot(signal) {
      return (await ask('/api/live/snapshot.jpg', { signal })).blob()
    },

    /**
     * Follows the live events and reconnects by itself, waiting longer after each failure.
     * @param onConnected called with true at every (re)connection, with false when it is lost
     */
    async follow(onEvent, onConnected, signal) {
      let pauseMs = 500
      while (!signal.aborted) {
        try {
          await followOnce((event, data) => {
            if (event === 'health') onConnected(true)
            pauseMs = 500
            onEvent(event, data)
          }, signal)
        } catch (error) {
          if (error.status === 401) return
        }
        if (signal.aborted) return
        onConnected(false)
        await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)))
        pauseMs = Math.min(pauseMs * 2, 10_000)
      }
    },
  }
}
