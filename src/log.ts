import { pino } from 'pino'
import type { Logger } from 'pino'
import type { Config } from './config/schema.js'

/** The daemon's log on standard error: lines for people on a terminal, JSON for everything else. */
export async function createLog({ level }: Config['log']): Promise<Logger> {
  const stream = process.stderr.isTTY
    ? (await import('pino-pretty')).default({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'HH:MM:ss',
      })
    : pino.destination({ fd: 2, sync: true })
  return pino({ level, base: null }, stream)
}
