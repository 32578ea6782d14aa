import { readFile } from 'node:fs/promises'

import type {
  DisplayPort,
  PictureRefusal,
  PictureSource,
  StylePort,
  StyleSubmission,
} from './admin/ports/style.js'
import { toFaceRejection } from './face-rejection.js'
import { encodeSmaller } from './frame/decode.js'
import type { DecodeFault } from './frame/decode.js'
import type { LiveView } from './live-view.js'
import type { Store } from './store/store.js'
import { StoreError } from './store/store-error.js'
import type { Drawer } from './style/jobs/drawer.js'
import { takePicture } from './style/jobs/intake.js'
import type { LivePainter } from './style/jobs/live-painter.js'
import type { PictureOrigin } from './style/jobs/request.js'
import type { StyleRunner } from './style/jobs/runner.js'
import type { Seer } from './style/jobs/seer.js'
import type { StyleLibrary } from './style/library.js'
import type { TrainedStyle } from './style/trained-styles.js'

export interface StylePortParts {
  readonly store: Pick<Store, 'displayPicture' | 'memory' | 'styleJobs' | 'audit'>
  readonly live: Pick<LiveView, 'latestFrame' | 'latestJpeg'>
  readonly runner: StyleRunner
  readonly seer: Seer
  readonly drawer: Drawer
  readonly library: StyleLibrary
  /** Trained styles for the live picture. */
  readonly liveStyles: readonly TrainedStyle[]
  /** The one before is ended first. */
  readonly startPainter: (style: TrainedStyle) => LivePainter
  readonly nowMs: () => number
}

const DEFAULT_SIDE_PIXELS = 512
/** The style picture is used at the size of the result at most, times its stroke scale. */
const STYLE_SIDE_PIXELS = 1024
const SEE_SIDE_PIXELS = 512
const LIBRARY_SIDE_PIXELS = 192
const IDLE_SIDE_PIXELS = 1920

type Taken = { readonly png?: Uint8Array; readonly origin: PictureOrigin } | PictureRefusal

const rejected = (fault: DecodeFault, detail: string): PictureRefusal => {
  const reason = toFaceRejection(fault)
  const known = reason === 'broken-image' || reason === 'too-large' ? reason : 'not-an-image'
  return { outcome: 'rejected', reason: known, detail }
}

/** Gives the admin API style transfer and the display's pictures. */
export function createStylePorts(parts: StylePortParts): {
  readonly style: StylePort
  readonly display: DisplayPort
  stop(): void
} {
  const { store, live, runner, seer, drawer, library, liveStyles, startPainter, nowMs } = parts
  const thumbnails = new Map<string, Uint8Array>()

  async function take(
    source: PictureSource,
    use: 'content' | 'style',
    sidePixels: number,
  ): Promise<Taken> {
    switch (source.kind) {
      case 'upload': {
        const taken = await takePicture(source.bytes, sidePixels)
        if (!taken.ok) return rejected(taken.fault, taken.detail)
        return { png: taken.bytes, origin: { kind: 'upload' } }
      }
      case 'library': {
        const entry = library.find(source.id)
        if (entry?.use !== use) return { outcome: 'no-such-picture' }
        return { origin: source }
      }
      case 'camera': {
        const frame = live.latestFrame()
        if (frame === undefined) return { outcome: 'no-frame' }
        return {
          png: await encodeSmaller(frame.image, sidePixels, 'png'),
          origin: { kind: 'camera', consent: true, atMs: nowMs() },
        }
      }
    }
  }

  const style: StylePort = {
    async submit(order, actor): Promise<StyleSubmission> {
      const side = order.settings.sizePixels ?? DEFAULT_SIDE_PIXELS
      const content = await take(order.content, 'content', side)
      if ('outcome' in content) return content
      const picture = await take(order.style, 'style', STYLE_SIDE_PIXELS)
      if ('outcome' in picture) return picture
      const { settings, personId } = order
      const request = { content: content.origin, style: picture.origin, settings }
      try {
        const job = { request, personId, content: content.png, style: picture.png }
        return runner.submit(job, actor)
      } catch (error) {
        if (error instanceof StoreError && error.code === 'not-found') {
          return { outcome: 'no-such-person' }
        }
        throw error
      }
    },
    list({ cursor, limit }) {
      const { jobs, more } = runner.list({
        limit,
        ...(cursor === undefined ? {} : { beforeId: cursor }),
      })
      return { items: jobs, nextCursor: more ? (jobs.at(-1)?.id ?? null) : null }
    },
    get: (id) => runner.get(id),
    preview: (id) => runner.preview(id),
    picture: (id, part) => runner.picture(id, part),
    cancel(id, actor) {
      if (!runner.cancel(id)) return false
      store.audit.append({ actor, action: 'style-job.cancel', subjectId: id })
      return true
    },
    remove: (id, actor) => runner.delete(id, actor),
    subscribe: (id, listener) => runner.subscribe(id, listener),
    library: () => library.list(),
    async libraryPicture(id) {
      if (library.find(id) === undefined) return undefined
      const known = thumbnails.get(id)
      if (known !== undefined) return known
      const file = library.fileOf(id)
      const bytes =
        file === undefined ? await drawer.draw(id, LIBRARY_SIDE_PIXELS) : await readFile(file)
      const made = await takePicture(bytes, LIBRARY_SIDE_PIXELS, 'jpeg')
      if (!made.ok) throw new Error(made.detail)
      thumbnails.set(id, made.bytes)
      return made.bytes
    },
    networks: () => seer.networks(),
    async see({ pictures, ...unit }) {
      const shown: Uint8Array[] = []
      for (const bytes of pictures) {
        const taken = await takePicture(bytes, SEE_SIDE_PIXELS)
        if (!taken.ok) return rejected(taken.fault, taken.detail)
        shown.push(taken.bytes)
      }
      return seer.see(unit, shown)
    },
  }

  let painter: { readonly style: string; readonly made: LivePainter } | undefined
  const available = liveStyles.map(({ manifest }) => manifest.id)
  const wantedStyle = (): TrainedStyle | undefined => {
    const wanted = store.memory.get('live-style')
    return liveStyles.find(({ manifest }) => manifest.id === wanted)
  }

  function painterOf(style: TrainedStyle): LivePainter {
    const { id } = style.manifest
    if (painter?.style !== id) {
      painter?.made.stop()
      painter = { style: id, made: startPainter(style) }
    }
    return painter.made
  }

  const display: DisplayPort = {
    idlePicture: () => store.displayPicture.get(),
    async setIdlePicture(bytes, actor) {
      const taken = await takePicture(bytes, IDLE_SIDE_PIXELS, 'jpeg')
      if (!taken.ok) return rejected(taken.fault, taken.detail)
      store.displayPicture.set({ jpeg: taken.bytes, jobId: null, personId: null }, actor)
      return { outcome: 'set' }
    },
    async showJob(id, actor) {
      const job = runner.get(id)
      if (job === undefined) return 'no-such-job'
      const png = runner.picture(id, 'result')
      const taken = png && (await takePicture(png, IDLE_SIDE_PIXELS, 'jpeg'))
      if (!taken?.ok) return 'no-result'
      // Deleted, or erased with its person, while it was being encoded.
      if (runner.get(id) === undefined) return 'no-such-job'
      store.displayPicture.set({ jpeg: taken.bytes, jobId: id, personId: job.personId }, actor)
      return 'shown'
    },
    removeIdlePicture: (actor) => store.displayPicture.delete(actor),
    liveStyle: () => ({ style: wantedStyle()?.manifest.id ?? null, available }),
    setLiveStyle(wanted, actor) {
      if (wanted !== null && !available.includes(wanted)) return 'no-such-style'
      store.memory.set('live-style', wanted)
      store.audit.append({
        actor,
        action: 'live-style.set',
        ...(wanted === null ? {} : { subjectId: wanted }),
      })
      if (wanted !== painter?.style) {
        painter?.made.stop()
        painter = undefined
      }
      return 'set'
    },
    async livePicture() {
      const wanted = wantedStyle()
      const frame = wanted === undefined ? undefined : live.latestFrame()
      if (wanted !== undefined && frame !== undefined) {
        const jpeg = await painterOf(wanted).paint(frame)
        const { sequence, capturedAtMs } = frame
        if (jpeg !== undefined) return { jpeg, sequence, capturedAtMs, style: wanted.manifest.id }
      }
      const plain = await live.latestJpeg()
      return plain && { ...plain, style: null }
    },
  }
  return {
    style,
    display,
    stop() {
      painter?.made.stop()
      drawer.stop()
    },
  }
}
