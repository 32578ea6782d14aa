/** Every text that the console's code puts on the page, in one place to translate. */

/** What a denial means, by reason: a headline, and a sentence for who stands at the desk. */
export const reasons = {
  unknown: ['Not known here', 'The face is not near enough to any enrolled person.'],
  ambiguous: ['Too close to call', 'Two enrolled people are almost equally near.'],
  attack: ['Looks like a picture', 'This does not look like a living person before the camera.'],
  'no-liveness-evidence': ['No sign of life', 'No blink or speech was seen in time.'],
  'low-quality': ['Picture not good enough', 'The face was too small, dark, blurred or turned.'],
  'not-permitted': ['Known, but not allowed', 'The access rules do not allow this person now.'],
  fault: ['Something is wrong', 'A part failed, so the door stays shut.'],
}

export const states = {
  starting: 'Starting',
  ready: 'Ready',
  degraded: 'Needs attention',
  stopped: 'Stopped',
}

/** Parts tell their causes and cures as bare clauses; people read sentences. */
export function sentence(text) {
  const closed = /[.!?]$/.test(text) ? text : `${text}.`
  return closed.charAt(0).toUpperCase() + closed.slice(1)
}

const percent = (rate) => `${+(rate * 100).toPrecision(2)} %`

export const words = {
  granted: 'Granted',
  denied: 'Denied',
  mayComeIn: 'may come in.',
  nobody: 'Nobody at the door',
  nobodyNote: 'The door is shut. Waiting for a face.',
  judging: 'Looking',
  judgingNote: 'A face is being judged over several frames.',
  lost: 'Connection lost',
  lostNote: 'What is shown may be old. Trying again.',
  blind: 'No picture of the door',
  blindNote: 'The door stays shut until the camera sees again.',
  down: 'Out of order',
  downNote: 'A part that is needed has failed. The door stays shut.',
  connecting: 'Connecting',
  live: 'Live',
  waitingForCamera: 'Waiting for the camera',
  camera: 'Camera',
  broker: 'Broker',
  line: 'Judging',
  models: 'Models',
  people: 'People (K)',
  threshold: 'Threshold (τ)',
  noThreshold: 'None: nobody is recognised',
  framesPerSecond: (rate) => `${rate} fps`,
  waitingDecisions: (count) => `${count} waiting`,
  targetFpir: (rate) => `${percent(rate)} FPIR`,
  expectedRates: (fpir, fnir) =>
    `Expected: ${percent(fpir.estimate)} FPIR, ${percent(fnir.estimate)} FNIR`,
  expectedFpir: ({ estimate, low, high }) =>
    `Strangers taken for somebody (FPIR): ${percent(estimate)}, between ${percent(low)} and ${percent(high)}`,
  expectedFnir: ({ estimate, low, high }) =>
    `Enrolled people not recognised in one frame (FNIR): ${percent(estimate)}, between ${percent(low)} and ${percent(high)}`,
  verificationThreshold: (value) => `Threshold for one claimed person (1:1): ${value.toFixed(3)}`,
  unsupported: 'The calibration holds too few trials to prove this target.',
  dropPicture: 'Drop a picture here, or choose one',
  enrolNow: 'Enrol who is before the camera now',
  nameFirst: 'Give the person a name first.',
  pictureFirst: 'Choose a picture, or enrol who is before the camera now.',
  added: (name) => `${name} is enrolled.`,
  faceAdded: (name) => `Another face of ${name} is enrolled.`,
  faces: (count) => (count === 1 ? '1 face' : `${count} faces`),
  noFace: 'No face yet: not recognised',
  inactive: 'Inactive',
  addedOn: (date) => `added ${date}`,
  noPeople: 'Nobody is enrolled yet. Add the first person above.',
  addPicture: (name) => `Add a picture of ${name}`,
  addFromCamera: (name) => `Add a face of ${name} from the camera`,
  remove: (name) => `Delete ${name}`,
  removeTitle: (name) => `Delete ${name}?`,
  removeText: 'Every face held of this person is deleted too. It can’t be undone.',
  removed: (name) => `${name} is deleted.`,
  legend: 'Distance to the nearest person: same person up to τ',
  noComparison: 'Not compared',
  lifeEvents: (count) => (count === 1 ? '1 sign of life' : `${count} signs of life`),
  nearest: (distance, threshold, same) => `${distance} ${same ? '≤' : '>'} ${threshold}`,
  wrongToken: 'This token is not valid. Copy it whole from the output of the first start.',
  signedOut: 'The token is no longer valid. Sign in again.',
  unreachable: 'genkan does not answer. Is it running?',
}
