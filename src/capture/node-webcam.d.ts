declare module 'node-webcam' {
  /** The options of node-webcam 0.8 that genkan uses. */
  export interface FsWebcamOptions {
    width: number
    height: number
    quality: number
    output: 'jpeg'
    device: string
    callbackReturn: 'location'
    saveShots: boolean
    skip?: number
  }

  interface FsWebcam {
    bin: string
    capture(location: string, callback: (error: Error | null, location?: string) => void): void
  }

  const NodeWebcam: { FSWebcam: new (options: FsWebcamOptions) => FsWebcam }
  export default NodeWebcam
}
