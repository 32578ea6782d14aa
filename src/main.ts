#!/usr/bin/env node
import { surviveClosedOutput } from './cli/closed-output.js'
import { runCommand } from './commands/run.js'

surviveClosedOutput('run')
process.exitCode = await runCommand({})
