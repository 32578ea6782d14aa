#!/usr/bin/env node
import { surviveClosedOutput } from './cli/closed-output.js'
import { runDaemon } from './cli/run-daemon.js'

surviveClosedOutput('run')
const options = process.argv.slice(2)
if (options.length === 0) process.exitCode = await runDaemon({})
else await (await import('./cli/run-program.js')).runProgram(['run', ...options])
