import { writeSync } from 'node:fs'

import { rawDatabase } from '../store/samples.js'

const database = rawDatabase(process.argv[2] ?? '')
database.exec('BEGIN IMMEDIATE')
writeSync(1, 'held\n')
// The listener keeps the database: of one that nobody holds the collector would end the lock.
process.stdin.resume().once('close', () => database.close())
