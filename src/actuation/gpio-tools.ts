import { execFile } from 'node:child_process'

/** A line of the board. */
export interface GpioLine {
  readonly chip: string
  readonly line: number
  readonly activeLow: boolean
}

/** The two command-line syntaxes of libgpiod's tools. */
export type GpioToolsVersion = 1 | 2

/** Reads `gpioset --version`: `gpioset (libgpiod) v1.6.3`, or `gpioset (libgpiod) v2.2`. */
export function parseToolsVersion(text: string): GpioToolsVersion | undefined {
  const major = /v(\d+)\.\d+/.exec(text)?.[1]
  return major === '1' ? 1 : major === '2' ? 2 : undefined
}

/** @returns `undefined` when the tool is missing or says no version we know */
export function findToolsVersion(
  tool: 'gpioset' | 'gpiomon',
): Promise<GpioToolsVersion | undefined> {
  return new Promise((resolve) => {
    execFile(tool, ['--version'], { timeout: 5000 }, (error, stdout) => {
      resolve(error ? undefined : parseToolsVersion(stdout))
    })
  })
}

/**
 * Arguments of `gpioset` that hold a line active for a time. The tool ends the pulse, not genkan, so
 * the door locks again also when genkan dies meanwhile.
 */
export function pulseArguments(
  version: GpioToolsVersion,
  { chip, line, activeLow }: GpioLine,
  pulseMs: number,
): string[] {
  if (version === 1) {
    const polarity = activeLow ? ['--active-low'] : []
    const seconds = Math.floor(pulseMs / 1000)
    const microseconds = (pulseMs % 1000) * 1000
    return [
      '--mode=time',
      `--sec=${seconds}`,
      `--usec=${microseconds}`,
      ...polarity,
      chip,
      `${line}=1`,
    ]
  }
  // A sequence that ends in 0 s makes gpioset of libgpiod 2 leave after the last step.
  const polarity = activeLow ? ['--active-low'] : []
  return ['--chip', chip, ...polarity, '--toggle', `${pulseMs}ms,0`, `${line}=1`]
}

/**
 * Arguments of `gpioset` that put a line to rest and leave. Some boards keep the last level of a line that
 * nobody holds any more, so a pulse that was cut off has to be ended by hand.
 */
export function restArguments(
  version: GpioToolsVersion,
  { chip, line, activeLow }: GpioLine,
): string[] {
  const polarity = activeLow ? ['--active-low'] : []
  return version === 1
    ? ['--mode=exit', ...polarity, chip, `${line}=0`]
    : ['--chip', chip, ...polarity, '--toggle', '0', `${line}=0`]
}

/** Arguments of `gpiomon` that print a line a change: 1 for a rising level, anything else for a falling. */
export function monitorArguments(
  version: GpioToolsVersion,
  { chip, line, activeLow }: GpioLine,
): string[] {
  const polarity = activeLow ? ['--active-low'] : []
  return version === 1
    ? ['--line-buffered', '--format=%e', '--bias=pull-up', ...polarity, chip, String(line)]
    : [
        '--chip',
        chip,
        '--edges',
        'both',
        '--format',
        '%e',
        '--bias',
        'pull-up',
        ...polarity,
        String(line),
      ]
}
