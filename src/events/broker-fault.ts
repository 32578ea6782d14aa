/** Why there is no working connection to the broker, and what mends it. */
export class BrokerFault extends Error {
  override readonly name = 'BrokerFault'
  override readonly cause: string
  readonly cure: string
  /** The broker refused one message; the connection itself stands. */
  readonly refusal: boolean
  /** What lay beneath. */
  readonly error: unknown

  constructor(fault: { cause: string; cure: string; refusal?: boolean; error?: unknown }) {
    super(`${fault.cause}; ${fault.cure}`)
    this.cause = fault.cause
    this.cure = fault.cure
    this.refusal = fault.refusal ?? false
    this.error = fault.error
  }
}

type Explanation = readonly [cause: string, cure: string]

const CREDENTIALS: Explanation = [
  'the broker refuses user name or password',
  'check mqtt.username and mqtt.passwordFile against the broker (mosquitto_passwd)',
]
const VERSION: Explanation = [
  'the broker knows no MQTT 5',
  'set mqtt.protocolVersion to 4, or use a broker that speaks MQTT 5',
]
const CLIENT_ID: Explanation = [
  'the broker refuses the client id',
  'set mqtt.clientId to one the broker allows',
]
const BUSY: Explanation = ['the broker is not available now', 'see the log of the broker']
const NOT_ALLOWED: Explanation = [
  'the broker does not let this user do it',
  "give the user write access to genkan's topics in the broker's access list",
]

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
const RETURN_CODES: Readonly<Record<number, Explanation>> = {
  1: VERSION,
  2: CLIENT_ID,
  3: BUSY,
  4: CREDENTIALS,
  5: CREDENTIALS,
}

/** Reason codes of MQTT 5, section 2.4, in CONNACK. */
const CONNECT_REASONS: Readonly<Record<number, Explanation>> = {
  0x84: VERSION,
  0x85: CLIENT_ID,
  0x86: CREDENTIALS,
  0x87: CREDENTIALS,
  0x88: BUSY,
  0x89: BUSY,
  0x8a: ['the broker has banned this client', 'lift the ban at the broker'],
  0x8c: ['the broker wants another way to log in', 'let it accept user name and password'],
  0x97: ['a quota of the broker is used up', 'raise it at the broker'],
  0x9f: ['the broker limits the rate of connections', 'wait, or raise the limit at the broker'],
}

/** Reason codes of MQTT 5 in DISCONNECT. */
const DISCONNECT_REASONS: Readonly<Record<number, Explanation>> = {
  0x87: NOT_ALLOWED,
  0x8b: ['the broker is shutting down', 'start it again'],
  0x8d: ['the broker heard nothing from us for too long', 'check the network'],
  0x8e: [
    'another client took over with the same client id',
    'give each door its own id, or set mqtt.clientId',
  ],
}

const SYSTEM_CODES: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: ['nothing listens at the broker address', 'start the broker or correct mqtt.url'],
  ENOTFOUND: ["the broker's host name is unknown", 'correct mqtt.url or the name server'],
  EAI_AGAIN: ["the broker's host name can't be looked up now", 'check the name server'],
  ETIMEDOUT: ['the broker does not answer', 'check the network and the firewall'],
  EHOSTUNREACH: ['there is no way to the broker', 'check the network'],
  ENETUNREACH: ['there is no network', 'check the network'],
  ECONNRESET: ['the broker cut the connection', 'see the log of the broker'],
  EPIPE: ['the broker cut the connection', 'see the log of the broker'],
  CERT_HAS_EXPIRED: ["the broker's certificate has expired", 'renew it; check the clock here'],
  CERT_NOT_YET_VALID: ["the broker's certificate is not valid yet", 'check the clock here'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "the broker's certificate is for another host name",
    'use the name in the certificate in mqtt.url',
  ],
}

const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
])

function explainSystem(code: string): Explanation | undefined {
  if (UNTRUSTED.has(code)) {
    return [
      "the broker's certificate is not signed by the authority we trust",
      'set mqtt.ca to the authority of this broker; never switch the check off',
    ]
  }
  if (code.startsWith('ERR_OSSL_PEM') || code.startsWith('ERR_OSSL_X509')) {
    return [
      `mqtt.ca, mqtt.cert or mqtt.key is not what it should be (${code})`,
      'give PEM files, and a key that belongs to its certificate',
    ]
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_') || code === 'EPROTO') {
    return [
      `no TLS connection (${code})`,
      'check that the port speaks TLS, and mqtt.cert and mqtt.key if the broker asks for them',
    ]
  }
  return SYSTEM_CODES[code]
}

function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' || typeof code === 'number' ? code : undefined
}

/** Explains an error met while connecting or connected. */
export function explainError(error: unknown, where: string): BrokerFault {
  if (error instanceof BrokerFault) return error
  const code = codeOf(error)
  const explanation =
    typeof code === 'number'
      ? (RETURN_CODES[code] ?? CONNECT_REASONS[code])
      : explainSystem(code ?? '')
  const [cause, cure] = explanation ?? [
    error instanceof Error ? error.message.slice(0, 200) : 'unknown error',
    'see the log of the broker',
  ]
  return new BrokerFault({ cause: `${cause} (${where})`, cure, error })
}

/** Explains a broker's DISCONNECT. */
export function explainDisconnect(reasonCode: number, where: string): BrokerFault {
  const [cause, cure] = DISCONNECT_REASONS[reasonCode] ?? [
    `the broker ended the connection (reason 0x${reasonCode.toString(16)})`,
    'see the log of the broker',
  ]
  return new BrokerFault({ cause: `${cause} (${where})`, cure })
}

/** Explains a PUBACK that refuses. */
export function explainRefusal(error: unknown, topic: string): BrokerFault {
  const code = codeOf(error)
  const [cause, cure]: Explanation =
    code === 0x87
      ? NOT_ALLOWED
      : [
          error instanceof Error ? error.message.slice(0, 200) : 'the broker refuses a message',
          'see the log of the broker',
        ]
  return new BrokerFault({ cause: `${cause} (${topic})`, cure, refusal: true, error })
}

/** Explains a SUBACK that refuses. */
export function explainSubscription(topic: string, error: unknown): BrokerFault {
  return new BrokerFault({
    cause: `the broker does not let this user read ${topic}`,
    cure: "give the user read access to it in the broker's access list",
    refusal: true,
    error,
  })
}
