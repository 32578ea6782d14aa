import { captureFault, type CaptureFault } from './capture-session.js'

const MAX_LINES = 12
const MAX_LINE_LENGTH = 300

/** Hides what may be secret in a line for people: user, password and query of any address. */
export function redactAddresses(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?]*)\?[^\s'"]*/gi, '$1?***')
}

/** Keeps the last lines of what a process says, bounded however much that is. */
export interface LineTail {
  push(chunk: string): void
  lines(): readonly string[]
}

export function createLineTail(): LineTail {
  let lines: string[] = []
  let open = ''
  return {
    push(chunk) {
      const parts = (open + chunk.slice(-MAX_LINES * MAX_LINE_LENGTH)).split(/\r\n|\r|\n/)
      open = (parts.pop() ?? '').slice(-MAX_LINE_LENGTH)
      const told = parts.filter((line) => line.trim() !== '')
      lines = [...lines, ...told.map((line) => line.slice(0, MAX_LINE_LENGTH))].slice(-MAX_LINES)
    },
    lines: () => (open.trim() === '' ? lines : [...lines, open]).map(redactAddresses),
  }
}

const CURES: readonly { pattern: RegExp; cure: string }[] = [
  {
    pattern: /No such (file or directory|device)/,
    cure: 'check that the camera is plugged in or the file is there, and the path in the configuration',
  },
  {
    pattern: /Permission denied|Operation not permitted/,
    cure: 'let the service read it: for a camera, add its user to the group video',
  },
  {
    pattern: /Device or resource busy/,
    cure: 'another program holds the camera: find it with `fuser -v /dev/video*` and stop it',
  },
  {
    pattern: /not a video capture device|Inappropriate ioctl|Not a video/i,
    cure: 'choose another device: `v4l2-ctl --list-devices` lists them',
  },
  {
    pattern: /401 Unauthorized|403 Forbidden|authorization failed/i,
    cure: 'check camera.username and the password in the file of camera.passwordFile',
  },
  {
    pattern: /404 Not Found|5XX|4XX|Server returned/,
    cure: "check the path in camera.url against the camera's own web page",
  },
  {
    pattern:
      /Connection (refused|reset|timed out)|timed out|No route to host|Network is unreachable|Failed to resolve|Name or service not known|Input\/output error|End of file/,
    cure: "check the camera's power and cable, and the host and port in camera.url",
  },
  {
    pattern: /[Ww]hitelist/,
    cure: 'only plain video files and camera addresses are opened; convert the file to MP4',
  },
  {
    pattern: /Invalid data found|moov atom not found|could not find codec|overread|explode/i,
    cure: 'the source sends no readable video: check that it plays, with `ffplay`, or replace it',
  },
]

const GENERAL_CURE = 'check the camera, its cable and the camera section of the configuration'

/** The fault that FFmpeg's messages tell of, with the cure for it. */
export function faultFromLines(lines: readonly string[], happened: string): CaptureFault {
  const known = lines
    .toReversed()
    .map((line) => ({ line, cure: CURES.find(({ pattern }) => pattern.test(line))?.cure }))
    .find(({ cure }) => cure !== undefined)
  const told = known?.line ?? lines.at(-1)
  const cause = told === undefined ? happened : `${happened}: ${told.trim()}`
  return captureFault(cause, known?.cure ?? GENERAL_CURE)
}
