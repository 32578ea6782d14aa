import type { AdminPorts } from '../../src/admin/ports.js'

/** Style transfer where nothing was ever painted, and a display with its own drawing. */
export const emptyStyle: Pick<AdminPorts, 'style' | 'display'> = {
  style: {
    submit: () => ({ outcome: 'queue-full' }),
    list: () => ({ items: [], nextCursor: null }),
    get: () => undefined,
    preview: () => undefined,
    picture: () => undefined,
    cancel: () => false,
    remove: () => false,
    subscribe: () => () => undefined,
    library: () => [],
    libraryPicture: () => undefined,
    networks: () => [],
    see: () => ({ outcome: 'busy' }),
  },
  display: {
    idlePicture: () => undefined,
    setIdlePicture: () => ({ outcome: 'set' }),
    showJob: () => 'no-such-job',
    removeIdlePicture: () => false,
    liveStyle: () => ({ style: null, available: [] }),
    setLiveStyle: (style) => (style === null ? 'set' : 'no-such-style'),
    livePicture: () => undefined,
  },
}
