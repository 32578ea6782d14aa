#!/usr/bin/env node
import { surviveClosedOutput } from './cli/closed-output.js'
import { runDaemon } from './cli/run-daemon.js'

surviveClosedOutput('run')
process.exitCode = await runDaemon({})
