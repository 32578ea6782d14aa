import { readFileSync } from 'node:fs'

import { z } from 'zod'

import { BrokerFault } from './broker-fault.js'

/** How to reach a broker; made to stand in the configuration as it is. */
export const brokerOptionsSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^mqtts?$/ })
      .describe('mqtt://host:port, or mqtts://host:port for TLS.')
      .refine(
        (url) => !/^mqtts?:\/\/[^/]*@/.test(url),
        'give user name and password by themselves',
      ),
    protocolVersion: z
      .union([z.literal(5), z.literal(4)])
      .default(5)
      .describe('5, or 4 (MQTT 3.1.1) for a broker that knows no 5.'),
    clientId: z
      .string()
      .regex(/^[\w-]{1,64}$/)
      .optional()
      .describe('Unique at the broker; genkan-DOOR when not given.'),
    username: z.string().min(1).max(256).optional(),
    password: z.string().max(1024).optional().describe('Prefer passwordFile.'),
    passwordFile: z
      .string()
      .optional()
      .describe('Its first line is the password; read at each connect.'),
    ca: z.string().optional().describe('PEM file of the authority that signed the broker.'),
    cert: z.string().optional().describe('PEM file of our certificate, with key.'),
    key: z.string().optional().describe('PEM file of our private key, with cert.'),
    keepaliveSeconds: z.int().min(5).max(300).default(15),
    connectTimeoutMs: z.int().min(500).max(60_000).default(10_000),
  })
  .refine((options) => (options.cert === undefined) === (options.key === undefined), {
    message: 'cert and key go together',
  })
  .refine(
    (options) =>
      options.url.startsWith('mqtts:') ||
      [options.ca, options.cert, options.key].every((file) => file === undefined),
    { message: 'ca, cert and key need an mqtts:// url' },
  )

/** Broker options with defaults filled in. */
export type BrokerOptions = z.output<typeof brokerOptionsSchema>
/** Broker options as written by people. */
export type BrokerOptionsInput = z.input<typeof brokerOptionsSchema>

/** What the option's files hold, read anew for each connection so that renewed ones are taken up. */
export interface BrokerSecrets {
  readonly password: string | undefined
  readonly ca: Buffer | undefined
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
}

function readOption(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new BrokerFault({
      cause: `the MQTT ${name} file ${path} can't be read`,
      cure: `put it there, readable for the user that runs genkan`,
      error,
    })
  }
}

/** @throws BrokerFault naming the file that can't be read */
export function readBrokerSecrets(options: BrokerOptions): BrokerSecrets {
  const { passwordFile, ca, cert, key } = options
  return {
    password:
      passwordFile === undefined
        ? options.password
        : readOption('password', passwordFile).toString('utf8').split(/\r?\n/, 1)[0],
    ca: ca === undefined ? undefined : readOption('ca', ca),
    cert: cert === undefined ? undefined : readOption('cert', cert),
    key: key === undefined ? undefined : readOption('key', key),
  }
}
