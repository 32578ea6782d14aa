/**
 * How the daemon's process is started: by `npm start`, by `systemd/genkan.service` and its launcher
 * `systemd/debian/genkan`, and by whatever measures it (a test compares them).
 *
 * - `MALLOC_ARENA_MAX`: glibc gives each thread an arena of its own and returns little of it, so that
 *   the memory of a process that decodes and scales pictures for weeks creeps up; sharp's manual
 *   advises the same. `genkan soak` shows it.
 * - `--max-semi-space-size`: what lives for one frame is little; the room that V8 takes for it by
 *   default is 48 MB.
 * - `--initial-old-space-size`: V8 begins with a heap so small that it collects the whole of it several
 *   times a second, each time a pause that a frame waits for; with this room it seldom has to.
 */
export const DAEMON_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const

/** Node's own arguments. */
export const DAEMON_NODE_ARGUMENTS = [
  '--max-semi-space-size=2',
  '--initial-old-space-size=40',
] as const
