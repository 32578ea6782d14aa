import { parentPort, workerData } from 'node:worker_threads'

import { searchDatabase, type SearchAnswer, type SearchTask } from './erasure.js'
import { StoreError } from './store-error.js'

function answer(task: SearchTask): SearchAnswer {
  try {
    return { kind: 'done', ...searchDatabase(task) }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const { code, what, cure } = error
    return { kind: 'failed', fault: { code, what, cure } }
  }
}

parentPort?.postMessage(answer(workerData as SearchTask))
