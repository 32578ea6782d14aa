#!/usr/bin/env node
import { surviveClosedOutput } from './cli/closed-output.js'
import { runProgram } from './cli/run-program.js'

const words = process.argv.slice(2)
surviveClosedOutput(words[0])
await runProgram(words)
