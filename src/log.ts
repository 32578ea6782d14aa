import { pino } from 'pino'
import type { Logger } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from './config/schema.js'

/** The daemon's log on standard error: lines for people on a terminal, JSON for everything else. */
export function createLog({ level }: Config['log']): Logger {
  const stream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : pino.destination({ fd: 2, sync: true })
  return pino({ level, base: null }, stream)
}
