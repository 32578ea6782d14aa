import { writeSync } from 'node:fs'

import { rawDatabase } from '../store/samples.js'

const database = rawDatabase(process.argv[2] ?? '')
database.exec('BEGIN IMMEDIATE')
writeSync(1, 'held\n')
process.stdin.resume()
