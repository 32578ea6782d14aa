import type { DoorControl } from '../../decision/door-control.js'

/** The one door of this daemon. */
export interface DoorPort extends Pick<DoorControl, 'state' | 'open' | 'setLockdown'> {
  /** Of the door, for people. */
  readonly name: string
}
