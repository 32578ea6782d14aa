/**
 * Required before tap's own modules (see `.taprc`): keeps tap from accounting for every module that a test
 * and all that it starts load. It does so in a thread of its own, in each process and each thread, for a
 * coverage that nobody measures here; a daemon takes twice as long to start with it, and is no longer the
 * one that stands at a door.
 */
import nodeModule = require('node:module')
import workerThreads = require('node:worker_threads')

/** `@tapjs/processinfo` begins an account in whatever process has none yet. */
const ACCOUNT = Symbol.for('@tapjs/processinfo.ProcessInfoNodeData')
Reflect.set(globalThis, ACCOUNT, { files: [], sources: {} })
/** Its hooks on loading; nothing else here has any. */
Reflect.set(nodeModule, 'register', () => undefined)
Reflect.set(nodeModule, 'registerHooks', () => undefined)

/** What a process would hand on to those that it starts. */
const own = (process.env['NODE_OPTIONS'] ?? '')
  .replaceAll(/"?--import=\S*processinfo\S*/g, '')
  .trim()
if (own === '') delete process.env['NODE_OPTIONS']
else process.env['NODE_OPTIONS'] = own

/** A thread would take over the arguments of its process. */
class PlainWorker extends workerThreads.Worker {
  constructor(file: string | URL, options: workerThreads.WorkerOptions = {}) {
    super(file, { execArgv: [], ...options })
  }
}
Reflect.set(workerThreads, 'Worker', PlainWorker)
nodeModule.syncBuiltinESMExports()
