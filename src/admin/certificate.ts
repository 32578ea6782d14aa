import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { createSecureContext } from 'node:tls'

/** What a TLS server needs, in PEM. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the certificate, as browsers show it: to be compared by eye at the first visit. */
  readonly fingerprint: string
  readonly validUntil: string
  /** Made by genkan itself, so that browsers ask before they trust it. */
  readonly selfSigned: boolean
}

/** Longer is refused by Apple's browsers, even for a certificate that its user trusts. */
const LIFE_DAYS = 800
/** Made anew at a start within this time of its end. */
const RENEW_DAYS = 60
const DAY_MS = 24 * 3_600_000

function describe(cert: string, key: string, selfSigned: boolean): ServerCertificate {
  const { fingerprint256, validTo } = new X509Certificate(cert)
  const validUntil = new Date(validTo).toISOString()
  return { cert, key, fingerprint: fingerprint256, validUntil, selfSigned }
}

/**
 * Reads the configured certificate and sees that the key belongs to it.
 * @throws Error saying what is wrong and what to do
 */
export function readCertificate(certFile: string, keyFile: string): ServerCertificate {
  const read = (file: string, what: string) => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      throw new Error(`${what} ${file} can't be read (${code}); check the path and its owner`)
    }
  }
  const cert = read(certFile, 'admin.tls.cert')
  const key = read(keyFile, 'admin.tls.key')
  try {
    createSecureContext({ cert, key })
    const described = describe(cert, key, false)
    if (Date.parse(described.validUntil) > Date.now()) return described
  } catch {
    throw new Error(
      `${certFile} and ${keyFile} are no certificate with its private key; both must be PEM, and belong together`,
    )
  }
  throw new Error(`the certificate ${certFile} has expired; put a new one in its place`)
}

/** The names and addresses by which this machine may be reached. */
function namesOf(host: string, hostNames: readonly string[]): string[] {
  const own = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .map(({ address }) => address.replace(/%.*$/, ''))
  const bound = ['0.0.0.0', '::'].includes(host) ? [] : [host]
  return [...new Set([...hostNames, own, `${own}.local`, 'localhost', ...bound, ...addresses])]
}

function stillServes(cert: string, key: string, names: readonly string[]): boolean {
  const x509 = new X509Certificate(cert)
  createSecureContext({ cert, key })
  const lastsMs = Date.parse(x509.validTo) - Date.now()
  if (!(lastsMs > RENEW_DAYS * DAY_MS && Date.parse(x509.validFrom) <= Date.now())) return false
  return names.every((name) =>
    isIP(name) === 0 ? x509.checkHost(name) !== undefined : x509.checkIP(name) !== undefined,
  )
}

/**
 * The self-signed certificate kept in a file; made at the first start, near its end, and when a
 * configured name is missing in it. An address that came since (DHCP) is no reason: the fingerprint
 * that people have learnt to trust would change with it.
 * @param file holds certificate and key, mode 0600
 * @throws Error when it can't be written
 */
export async function keepSelfSigned(
  file: string,
  host: string,
  hostNames: readonly string[],
): Promise<ServerCertificate> {
  if (existsSync(file)) {
    try {
      const text = readFileSync(file, 'utf8')
      const cert = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n?/.exec(text)?.[0]
      const key = /-----BEGIN PRIVATE KEY-----[^]+?-----END PRIVATE KEY-----\n?/.exec(text)?.[0]
      if (cert !== undefined && key !== undefined && stillServes(cert, key, hostNames)) {
        return describe(cert, key, true)
      }
    } catch {
      // Damaged: made anew below.
    }
  }
  const names = namesOf(host, hostNames)
  // Two hundred files, for once in years.
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'genkan' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + LIFE_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name },
        ),
      },
    ],
  })
  writeFileSync(`${file}.new`, `${made.cert}\n${made.private}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return describe(made.cert, made.private, true)
}
