/** What can be wrong between a kiosk and its fleet, as a closed set. */
export type FleetFaultCode =
  | 'unreachable'
  | 'refused'
  | 'no-fleet'
  | 'another-fleet'
  | 'not-a-member'
  | 'removed'
  | 'bad-invitation'
  | 'untrusted'
  | 'newer-schema'
  | 'bad-input'

/** A fault of the fleet: what happened and what mends it. Holds no key and no name of a person. */
export class FleetFault extends Error {
  override readonly name = 'FleetFault'
  readonly code: FleetFaultCode
  override readonly cause: string
  readonly cure: string

  constructor(code: FleetFaultCode, cause: string, cure: string) {
    super(`${cause}; ${cure}`)
    this.code = code
    this.cause = cause
    this.cure = cure
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors.at(0))
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const REFUSALS = /^(28|42501|3D000)/
const CERTIFICATES = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/

/** What an error of the PostgreSQL client means. */
export function explainPostgres(error: unknown): FleetFault {
  if (error instanceof FleetFault) return error
  const code = codeOf(error)
  const text = error instanceof Error ? error.message.slice(0, 300) : String(error)
  if (CERTIFICATES.test(code)) {
    const cure = 'set store.fleet.ca to the authority that signed the server’s certificate'
    return new FleetFault('refused', `the server’s certificate is not trusted (${code})`, cure)
  }
  if (REFUSALS.test(code)) {
    const cure = 'check user, password file and database of store.fleet, and what the user may do'
    return new FleetFault('refused', `PostgreSQL refuses: ${text}`, cure)
  }
  const cure = 'check the server and the network; the door goes on by its own copy meanwhile'
  return new FleetFault('unreachable', `PostgreSQL: ${text}`, cure)
}
