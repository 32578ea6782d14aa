import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createImage, type Image } from '../frame/image.js'
import { requestSchema, type Introduction, type Run, type Step } from './protocol.js'

/** A contender's ways; each takes a frame and says how many faces it found. */
export type Steps = Readonly<Record<Step, (image: Image) => Promise<number>>>

const MB = 1024 * 1024

/** Answers the bench over standard input and output until the input ends. */
export async function serveBench(introduction: Introduction, steps: Steps): Promise<void> {
  const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
  let frames: Image[] = []
  let at = 0
  answer(introduction)
  for await (const line of createInterface({ input: process.stdin })) {
    const request = requestSchema.parse(JSON.parse(line))
    if (request.ask === 'load') {
      const { path, width, height, count } = request
      const bytes = readFileSync(path)
      const size = width * height * 3
      frames = Array.from({ length: count }, (_, i) =>
        createImage(width, height, bytes.subarray(i * size, (i + 1) * size)),
      )
      at = 0
      answer({})
      continue
    }
    const step = steps[request.step]
    const run: Run = { ms: [], faces: 0, cpuMs: 0, rssMb: 0 }
    const before = process.cpuUsage()
    for (let i = 0; i < request.frames; i++) {
      const image = frames[at++ % frames.length]
      const startedMs = performance.now()
      run.faces += await step(image)
      run.ms.push(performance.now() - startedMs)
    }
    const { user, system } = process.cpuUsage(before)
    run.cpuMs = (user + system) / 1000
    run.rssMb = process.memoryUsage.rss() / MB
    answer(run)
  }
}
