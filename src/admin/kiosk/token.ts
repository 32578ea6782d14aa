const KEPT = 'genkan.kiosk-token'

/**
 * The display's token: out of `#token=…`, which leaves the address bar, else the one kept from
 * before. Kept for good, since a display must come back by itself after a power cut; its role is
 * worth nothing beyond the display.
 */
export function kioskToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null && given !== '') {
    localStorage.setItem(KEPT, given)
    history.replaceState(null, '', location.pathname)
  }
  return localStorage.getItem(KEPT) ?? undefined
}
