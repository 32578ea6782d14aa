import { createHash, X509Certificate } from 'node:crypto'
import type { Config } from '../config/schema.js'
import { readyAddress } from '../update/readiness.js'

/**
 * What `genkan-kiosk.service` reads: where the display is, with its token, and whose key it trusts. The
 * board's own browser asks the board's own daemon, whose certificate names other hosts, or is self-signed.
 * @param certificate of the daemon, PEM; where it serves TLS
 * @returns assignments, one a line
 */
export function kioskEnvironment(
  admin: Config['admin'],
  token: string,
  certificate: string | undefined,
): string {
  const address = new URL(`/kiosk#token=${token}`, readyAddress(admin))
  const lines = [`GENKAN_KIOSK_URL=${address.href}`]
  if (address.protocol === 'https:' && certificate !== undefined) {
    const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
    const pin = createHash('sha256').update(key).digest('base64')
    lines.push(`GENKAN_KIOSK_TRUST=--ignore-certificate-errors-spki-list=${pin}`)
  }
  return `${lines.join('\n')}\n`
}
