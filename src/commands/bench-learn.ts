import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { toEmbedding, EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { encodePng } from '../frame/decode.js'
import { createImage } from '../frame/image.js'
import { readEncoderFiles } from '../learnt-encoder.js'
import { openStore } from '../store/store.js'
import { BUSY_DOOR, startBenchDaemon, type BenchDaemon } from './bench-daemon.js'
import { CommandError } from './command-error.js'
import {
  describeDoorUnderLoad,
  IDLE,
  measureDoorUnderLoads,
  type DoorUnderLoad,
  type Load,
} from './door-under-load.js'

export interface BenchLearnOptions {
  readonly persons: string
  readonly pictures: string
  readonly seconds: string
  readonly rounds: string
  readonly epochs: string
  readonly alter: string
  readonly json?: boolean
}

/** What {@link benchLearn} prints with `--json`. */
export interface BenchLearnReport {
  readonly persons: number
  readonly pictures: number
  readonly learning: {
    readonly seconds: number
    readonly mostMemoryMb: number
    readonly trainedPictures: number
    readonly reason: string
  }
  /** Left alone, and beside learning; the ratio of their decisions' p95 is wanted below 1.2. */
  readonly doors: readonly DoorUnderLoad[]
}

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url))
/** Until learning has read what it learns from. */
const SETTLE_MS = 2000

const learntSchema = z.object({
  seconds: z.number(),
  mostMemoryMb: z.number(),
  trainedPictures: z.number(),
  reason: z.string(),
})

/** `genkan bench-learn`: the real daemon, alone and beside `genkan learn` in turn. */
export async function benchLearn(options: BenchLearnOptions): Promise<void> {
  const numbers = [options.persons, options.pictures, options.seconds, options.rounds].map(Number)
  if (!numbers.every((value) => Number.isInteger(value) && value >= 1)) {
    throw new CommandError(
      'bad-input',
      '--persons, --pictures, --seconds and --rounds must be whole numbers from 1',
    )
  }
  const [persons, pictures, seconds, rounds] = numbers
  const daemon = await startBenchDaemon({ ...BUSY_DOOR, GENKAN_LEARNING_ENROLMENTS: 'true' })
  try {
    await enrolCrowd(daemon.dataFolder, persons, pictures)
    const args = ['--dry-run', '--json', '--epochs', options.epochs, '--alter', options.alter]
    const learning = createLearning(['learn', ...args], daemon)
    const doors = await measureDoorUnderLoads(daemon, [IDLE, learning.load], {
      seconds,
      rounds,
      settleMs: SETTLE_MS,
    })
    const report: BenchLearnReport = { persons, pictures, learning: learning.slowest(), doors }
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
  } finally {
    daemon.stop()
  }
}

/** Learns from the enrolments, again and again, and ends when the run that is under way has ended. */
function createLearning(args: readonly string[], daemon: BenchDaemon) {
  const runs: z.infer<typeof learntSchema>[] = []
  const load: Load = {
    name: 'learning',
    begin() {
      const state = { isOver: false }
      const over = (async () => {
        while (!state.isOver) {
          runs.push(await runLearning(args, { cwd: dirname(daemon.dataFolder), env: daemon.env }))
        }
      })()
      // Its fault is told by who waits for its end.
      over.catch(() => undefined)
      return Promise.resolve(async () => {
        state.isOver = true
        await over
      })
    },
  }
  return {
    load,
    slowest: () => runs.reduce((slowest, run) => (run.seconds > slowest.seconds ? run : slowest)),
  }
}

/** Random directions, and pictures of one person as far apart as of real ones (about 0.7). */
async function enrolCrowd(folder: string, persons: number, pictures: number): Promise<void> {
  const { manifest } = readEncoderFiles(undefined)
  const [, , side] = manifest.input.shape
  const random = createSeededRandom(1)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const noise = Uint8Array.from({ length: side * side * 3 }, () => 255 * random())
  const cropPng = await encodePng(createImage(side, side, noise))
  const store = openStore({ folder, nowMs: Date.now, role: 'command' })
  try {
    for (let person = 0; person < persons; person++) {
      const { id: personId } = store.persons.create(`Person ${person}`, 'bench')
      const centre = Float32Array.from({ length: EMBEDDING_LENGTH }, normal)
      for (let i = 0; i < pictures; i++) {
        const raw = centre.map((value) => value + 0.75 * normal())
        const embedding = toEmbedding(manifest.id, raw)
        store.templates.add({ personId, embedding, quality: 1, source: 'upload', cropPng }, 'bench')
      }
      // The store writes synchronously; connections that the daemon closes meanwhile must be seen to close.
      await pause(0)
    }
  } finally {
    store.close()
  }
}

/** Learns from the enrolments in a process of its own, as the timer does. */
function runLearning(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<z.infer<typeof learntSchema>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      ...options,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.once('close', (code) => {
      if (code === 0) resolve(learntSchema.parse(JSON.parse(out)))
      else reject(new CommandError('fault', `genkan learn ended with ${code}`))
    })
  })
}

function describe({ persons, pictures, learning, doors }: BenchLearnReport): string {
  return [
    `${persons} persons with ${pictures} pictures: learnt from ${learning.trainedPictures} pictures in ` +
      `${learning.seconds} s, at most ${learning.mostMemoryMb} MB (${learning.reason})`,
    ...doors.map(describeDoorUnderLoad),
    '',
  ].join('\n')
}
