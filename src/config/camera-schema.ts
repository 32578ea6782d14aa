import { z } from 'zod'

const common = {
  width: z.int().min(160).max(1920).multipleOf(2).default(640).describe('Frame width in pixels.'),
  height: z.int().min(120).max(1080).multipleOf(2).default(480).describe('Frame height in pixels.'),
  fps: z.number().min(1).max(60).default(15).describe('Frames per second to judge at most.'),
  stallTimeoutMs: z
    .int()
    .min(500)
    .max(60_000)
    .default(3000)
    .describe('Without a new frame for this long the camera is reopened.'),
  openTimeoutMs: z
    .int()
    .min(1000)
    .max(120_000)
    .default(10_000)
    .describe('The same for the first frame after opening.'),
}

/** Camera keys that every source has; they survive when another source is chosen over a profile's. */
export const COMMON_CAMERA_KEYS = Object.keys(common)

const filePath = (description: string) =>
  z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[^\0\r\n]*$/, 'must be one line')
    .describe(description)

const network = (protocol: RegExp, example: string) => ({
  url: z
    .url({ protocol, error: `must be an address such as ${example}` })
    .max(2048)
    .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), {
      error: 'must hold no user name or password; use username and passwordFile',
    })
    .describe(`Address, such as \`${example}\`; without user name and password.`),
  username: z.string().min(1).max(256).optional().describe('User name at the camera.'),
  passwordFile: filePath('File whose first line is the password at the camera.').optional(),
})

/** Where frames come from. */
export const cameraSchema = z
  .discriminatedUnion('source', [
    z
      .strictObject({
        source: z.literal('replay'),
        gapS: z
          .number()
          .min(0)
          .max(60)
          .default(1.2)
          .describe('Seconds of empty scene between two items.'),
        ...common,
      })
      .describe('Real recordings that come with the models, over and over; for a first look.'),
    z
      .strictObject({
        source: z.literal('v4l2'),
        device: z
          .string()
          .max(256)
          .regex(
            /^\/dev(\/[A-Za-z0-9_][A-Za-z0-9_.:+@-]*)+$/,
            'must be a device path such as /dev/video0',
          )
          .default('/dev/video0')
          .describe('Device; `/dev/v4l/by-id/…` stays the same over reboots.'),
        inputFormat: z
          .string()
          .regex(/^[a-z0-9_]{2,16}$/, 'must be a format name such as mjpeg or yuyv422')
          .optional()
          .describe("The device's pixel format, such as `mjpeg`; its own choice when not given."),
        ...common,
      })
      .describe('A USB or CSI camera.'),
    z
      .strictObject({
        source: z.literal('rtsp'),
        ...network(/^rtsps?$/, 'rtsp://camera.local/stream1'),
        ...common,
      })
      .describe('A network camera over RTSP (TCP); needs the system’s FFmpeg.'),
    z
      .strictObject({
        source: z.literal('mjpeg'),
        ...network(/^https?$/, 'http://camera.local/video.mjpg'),
        ...common,
      })
      .describe('A network camera that sends JPEG pictures over HTTP; needs the system’s FFmpeg.'),
    z
      .strictObject({
        source: z.literal('file'),
        path: filePath('Video file.'),
        loop: z.boolean().default(true).describe('Play again from the beginning at the end.'),
        ...common,
      })
      .describe('A recording, played in real time.'),
    z
      .strictObject({
        source: z.literal('snapshot'),
        device: z
          .string()
          .max(256)
          .regex(
            /^((V4L2:)?\/dev(\/[A-Za-z0-9_][A-Za-z0-9_.:+@-]*)+|FILE:\/[\w./-]+|TEST:[\w-]*)$/,
            'must be /dev/video0, FILE:/path/to/picture.jpg or TEST:bars, without spaces or signs of the shell',
          )
          .default('/dev/video0')
          .describe('Device for `fswebcam`: a V4L2 device, `FILE:` or `TEST:`.'),
        ...common,
        fps: z.number().min(0.1).max(10).default(2).describe('Snapshots per second at most.'),
      })
      .describe('Single pictures through `fswebcam`; slow, for cameras that can’t stream.'),
  ])
  .describe('Where frames come from; `source` chooses the other keys.')

export type CameraConfig = z.output<typeof cameraSchema>
