import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from './config/paths.js'

const packageSchema = z.object({ version: z.string() })

/** Version of genkan, from its package.json. */
export const version = packageSchema.parse(
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')),
).version
