import { signal } from '@preact/signals'

/** The pages of the console, in the order of its menu. */
export const PAGES = [
  'live',
  'people',
  'decisions',
  'doors',
  'threshold',
  'liveness',
  'style',
  'tokens',
  'audit',
  'system',
] as const

export type PageName = (typeof PAGES)[number]

/** Where in the console somebody is: `#/PAGE/DETAIL?QUERY`. */
export interface Route {
  readonly page: PageName
  readonly detail: string | undefined
  readonly query: URLSearchParams
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [name = '', detail = ''] = path.split('/')
  const page = PAGES.find((known) => known === name) ?? 'live'
  return {
    page,
    detail: detail === '' ? undefined : decodeURIComponent(detail),
    query: new URLSearchParams(query),
  }
}

export const route = signal(parseRoute(location.hash))

addEventListener('hashchange', () => {
  if (location.hash.startsWith('#/') || location.hash === '')
    route.value = parseRoute(location.hash)
})

/** The address of a page, for a link. */
export function hrefOf(page: PageName, detail?: string, query = ''): string {
  return `#/${page}${detail === undefined ? '' : `/${encodeURIComponent(detail)}`}${query}`
}

/** Goes to a page; `replace` leaves no step in the history. */
export function goTo(href: string, replace = false): void {
  if (!replace) {
    location.hash = href
    return
  }
  history.replaceState(null, '', href)
  route.value = parseRoute(href)
}
