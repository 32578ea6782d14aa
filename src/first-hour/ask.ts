import { confirm, input, select } from '@inquirer/prompts'
import type { Answers } from './answers.js'
import { doorIdOf, parseCamera } from './answers.js'

/** What flags have said already; what they leave open is asked, or takes its default. */
export interface KnownAnswers {
  readonly board?: string | undefined
  readonly doorName?: string | undefined
  readonly doorId?: string | undefined
  readonly camera?: string | undefined
  readonly mqttUrl?: string | undefined
  readonly host?: string | undefined
}

export interface Choices {
  readonly boards: readonly string[]
  readonly detectedBoard: string | undefined
  /** Video devices that are there now. */
  readonly cameras: readonly string[]
}

/** Takes what is known, and the defaults for the rest. @throws Error for a camera of no form */
export function answerByDefault(known: KnownAnswers, choices: Choices): Answers {
  const name = known.doorName ?? 'Front door'
  return {
    board: known.board ?? choices.detectedBoard,
    door: { id: known.doorId ?? doorIdOf(name), name },
    camera: parseCamera(known.camera ?? choices.cameras.at(0) ?? 'replay'),
    mqttUrl: known.mqttUrl,
    host: known.host ?? '127.0.0.1',
  }
}

function cameraFault(text: string): true | string {
  try {
    parseCamera(text)
    return true
  } catch (error) {
    return (error as Error).message
  }
}

/** Asks at the terminal for what no flag has said. */
export async function askAnswers(known: KnownAnswers, choices: Choices): Promise<Answers> {
  const preset = answerByDefault(known, choices)
  const board =
    known.board ??
    (await select({
      message: 'Which board is this?',
      default: choices.detectedBoard ?? '',
      choices: [
        ...choices.boards.map((name) => ({ name, value: name })),
        { name: 'another one (no profile)', value: '' },
      ],
    }))
  const doorName =
    known.doorName ?? (await input({ message: 'What is the door called?', default: 'Front door' }))
  const camera =
    known.camera ??
    (await input({
      message: 'Camera (replay, /dev/video0, rtsp://…, http://….mjpg, file:PATH)',
      default: choices.cameras.at(0) ?? 'replay',
      validate: cameraFault,
    }))
  const mqttUrl =
    known.mqttUrl ??
    (await input({ message: 'MQTT broker, empty for one on this board only', default: '' }))
  const isOpen =
    known.host === undefined &&
    (await confirm({
      message: 'Shall the console be reached from other machines (over TLS)?',
      default: false,
    }))
  return answerByDefault(
    {
      board: board === '' ? undefined : board,
      doorName,
      doorId: known.doorId,
      camera,
      mqttUrl: mqttUrl === '' ? undefined : mqttUrl,
      host: known.host ?? (isOpen ? '0.0.0.0' : '127.0.0.1'),
    },
    { ...choices, detectedBoard: board === '' ? undefined : preset.board },
  )
}
