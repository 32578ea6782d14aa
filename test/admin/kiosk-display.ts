import { createAdminApp } from '../../src/admin/app.js'
import type { LiveFace } from '../../src/admin/ports/live.js'
import { serveAdmin } from '../../src/admin/serve.js'
import { clipFrames } from './clip-frames.js'
import { createMemoryDoor } from './memory-door.js'
import type { MemoryDoor } from './memory-door.js'
import { deniedDecision, grantedDecision } from './sample-decisions.js'

const FRAME = { width: 360, height: 288 }
const FACE: LiveFace = {
  trackId: 1,
  box: { x: 108, y: 62, width: 138, height: 172 },
  standing: 'judging',
  name: null,
  reason: null,
  quality: 'good',
}

/** What may be before the display, each made by the events that the daemon would send. */
export const KIOSK_SCENES = [
  'idle',
  'judging',
  'closer',
  'blink',
  'challenge',
  'granted',
  'denied',
  'blind',
  'locked',
] as const
export type KioskScene = (typeof KIOSK_SCENES)[number]

/** A door in memory with a hand on what happens before it, served for a display. */
export interface KioskDoor {
  readonly door: MemoryDoor
  readonly url: string
  readonly token: string
  /** Makes a scene and holds it until the next. */
  play(scene: KioskScene): void
  stop(): Promise<void>
}

/**
 * Serves a door whose camera plays a clip.
 * @param kioskLanguage as the door's settings say
 */
export async function openKioskDoor(kioskLanguage: 'en' | 'ja' = 'en'): Promise<KioskDoor> {
  const frames = await clipFrames('franck.mp4', 12, 8)
  const door = createMemoryDoor(frames[0])
  const ports = { ...door.ports, kiosk: () => ({ ...door.ports.kiosk(), kioskLanguage }) }
  const server = await serveAdmin({ app: createAdminApp(ports), host: '127.0.0.1', port: 0 })
  let shown = 0
  let holding: NodeJS.Timeout | undefined
  const playing = setInterval(() => door.show(frames[++shown % frames.length]), 125)

  function see(face: Partial<LiveFace> | undefined) {
    const faces = face === undefined ? [] : [{ ...FACE, ...face }]
    door.tell({ type: 'faces', sequence: shown, frame: FRAME, faces })
  }

  function once(scene: KioskScene) {
    switch (scene) {
      case 'idle':
        see(undefined)
        break
      case 'judging':
        see({})
        break
      case 'closer':
        see({ quality: 'too-small' })
        break
      case 'blink':
        see({})
        door.tell({
          type: 'prompt',
          prompt: { code: 'please-blink-or-say-your-name', text: 'Please blink, or say your name' },
        })
        break
      case 'challenge':
        see({})
        door.tell({
          type: 'challenge',
          challenge: {
            nonce: '0f',
            steps: ['smile', 'turn-left'],
            at: 1,
            remainingMs: 4_000,
          },
        })
        break
      case 'granted':
        door.decide(grantedDecision({ id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X', name: 'Franck' }))
        break
      case 'denied':
        door.decide(deniedDecision('unknown'))
        break
      case 'blind':
        door.setHealth({
          status: 'down',
          camera: {
            description: 'front camera',
            state: { name: 'degraded', cause: 'No frame for 4 s.', cure: 'Check its cable.' },
          },
        })
        break
      case 'locked':
        door.setHealth({ lockedDown: true })
    }
  }

  return {
    door,
    url: server.url,
    token: door.token,
    play(scene) {
      clearInterval(holding)
      door.tell({ type: 'prompt', prompt: null })
      door.tell({ type: 'challenge', challenge: null })
      if (scene !== 'blind') {
        const camera = {
          description: 'front camera',
          state: { name: 'ready', framesPerSecond: 12 },
        } as const
        door.setHealth({ status: 'ok', camera, lockedDown: false })
      }
      once(scene)
      holding = setInterval(() => once(scene), 1_000)
    },
    async stop() {
      clearInterval(holding)
      clearInterval(playing)
      await server.stop()
    },
  }
}
