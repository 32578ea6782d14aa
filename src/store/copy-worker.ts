import { parentPort, workerData } from 'node:worker_threads'

import { copyDatabase, examineFile, type CopyAnswer, type CopyTask } from './copy-database.js'
import { StoreError } from './store-error.js'

function answer(task: CopyTask): CopyAnswer {
  try {
    const report =
      task.kind === 'copy' ? copyDatabase(task.order) : examineFile(task.path, task.secret)
    return { kind: 'done', report }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const { code, what, cure } = error
    return { kind: 'failed', fault: { code, what, cure } }
  }
}

parentPort?.postMessage(answer(workerData as CopyTask))
