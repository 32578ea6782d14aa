/** What a problem document (RFC 9457) of the API says. */
interface ProblemDocument {
  readonly code?: string
  readonly cause?: string
  readonly cure?: string
  readonly personId?: string
}

/** A problem document of the API as an error; `status` 0 when there was no answer at all. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly document: ProblemDocument

  constructor(status: number, document: ProblemDocument = {}) {
    super(document.cause ?? `HTTP ${status}`)
    this.status = status
    this.document = document
  }
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly json?: unknown
  readonly body?: BodyInit
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** The API, asked either with the session's cookie or with a token of its own. */
export interface Api {
  /** @throws ApiProblem */
  ask(path: string, options?: AskOptions): Promise<Response>
  /** The answer's JSON, trusted to be what the API's description says. @throws ApiProblem */
  json<T>(path: string, options?: AskOptions): Promise<T>
}

async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    return new ApiProblem(response.status, (await response.json()) as ProblemDocument)
  } catch {
    return new ApiProblem(response.status)
  }
}

/**
 * @param token a bearer token; without it the browser's session cookie is used
 * @param onSignedOut told when the API no longer takes who asks
 */
export function createApi(options: {
  readonly token?: string
  readonly onSignedOut?: () => void
}): Api {
  const { token, onSignedOut } = options

  async function ask(path: string, asked: AskOptions = {}): Promise<Response> {
    const { method = 'GET', json, body = null, headers = {}, signal = null } = asked
    const sent = new Headers(headers)
    if (token !== undefined) sent.set('Authorization', `Bearer ${token}`)
    // What another site's page cannot send without being asked first.
    if (token === undefined && method !== 'GET') sent.set('X-Genkan-Csrf', '1')
    if (json !== undefined) sent.set('Content-Type', 'application/json')
    let response: Response
    try {
      response = await fetch(path, {
        method,
        headers: sent,
        body: json === undefined ? body : JSON.stringify(json),
        signal,
        credentials: token === undefined ? 'same-origin' : 'omit',
      })
    } catch (error) {
      if (signal?.aborted === true) throw error
      throw new ApiProblem(0)
    }
    if (response.ok) return response
    const problem = await problemOf(response)
    if (problem.status === 401) onSignedOut?.()
    throw problem
  }

  return {
    ask,
    json: async <T>(path: string, asked?: AskOptions) =>
      (await (await ask(path, asked)).json()) as T,
  }
}

/** `?name=value…` of what is given; empty values are left out. */
export function queryOf(values: Readonly<Record<string, string | number | null | undefined>>) {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
