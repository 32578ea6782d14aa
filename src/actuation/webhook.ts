import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { failed, type Actuator } from './actuator.js'

/** Where orders go by HTTP. */
export interface WebhookOptions {
  readonly url: string
  /** First line: 32 characters or more; read for each order, so that a new one is taken up. */
  readonly secretFile: string
  readonly timeoutMs: number
  readonly door: string
  readonly nowMs: () => number
}

const MIN_SECRET_LENGTH = 32

/**
 * The signature of an order: HMAC-SHA256 over `TIMESTAMP.NONCE.BODY`, hex.
 * A receiver recomputes it, refuses timestamps (ms since the epoch) more than a few seconds off, and
 * nonces that it has seen.
 */
export function signOrder(secret: string, timestamp: number, nonce: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${nonce}.${body}`).digest('hex')
}

function readSecret(path: string): string | undefined {
  try {
    const [secret = ''] = readFileSync(path, 'utf8').split(/\r?\n/, 1)
    return secret.length >= MIN_SECRET_LENGTH ? secret : undefined
  } catch {
    return undefined
  }
}

/** Opens by one signed POST; never repeated, follows no redirection. */
export function createWebhook(options: WebhookOptions): Actuator {
  const { url, secretFile, timeoutMs, door, nowMs } = options
  return {
    kind: 'webhook',
    close: () => undefined,
    async open({ id, cause, pulseMs, withinMs }) {
      const secret = readSecret(secretFile)
      if (secret === undefined) {
        return failed(
          'the secret of the webhook can not be read, or is too short',
          `put ${MIN_SECRET_LENGTH} random characters into actuation.webhook.secretFile`,
        )
      }
      const timestamp = nowMs()
      const nonce = randomBytes(16).toString('hex')
      const body = JSON.stringify({ id, door, action: 'open', pulseMs, cause: cause.kind })
      const signature = signOrder(secret, timestamp, nonce, body)
      try {
        const answer = await fetch(url, {
          method: 'POST',
          redirect: 'error',
          signal: AbortSignal.timeout(Math.max(1, Math.min(timeoutMs, withinMs))),
          headers: {
            'content-type': 'application/json',
            'x-genkan-timestamp': String(timestamp),
            'x-genkan-nonce': nonce,
            'x-genkan-signature': `sha256=${signature}`,
          },
          body,
        })
        await answer.body?.cancel()
        if (answer.ok) return { outcome: 'opened', confirmed: true }
        return failed(`the webhook answered ${answer.status}`, 'see the log of its receiver')
      } catch (error) {
        const late = error instanceof Error && error.name === 'TimeoutError'
        return late
          ? failed('the webhook did not answer in time', 'check its receiver and the network')
          : failed('the webhook can not be reached', 'check actuation.webhook.url and the network')
      }
    },
  }
}
