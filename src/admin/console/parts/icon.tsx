/** Line drawings on a 24 × 24 grid. */
const ICONS = {
  'door-open': 'M4 21h16M6 21V4h6M12 4l6 2.5V21l-6-2.5zM15 13v1.5',
  'door-shut': 'M4 21h16M6 21V3h12v18M15 12v1.5',
  granted: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.3l2.8 2.8L16.2 9.5',
  denied: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6',
  looking: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.5M15 10v.5M9 15c1.8 1.3 4.2 1.3 6 0',
  camera: 'M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 10a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z',
  webcam:
    'M12 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM12 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM7 20.5h10M12 16.5v4',
  broker: 'M12 13v8M8.5 16.5a5 5 0 1 1 7 0M5.7 18.5a9 9 0 1 1 12.6 0M12 12.6v.4',
  models: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  people:
    'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM3 19c.5-3.5 3-5 6-5s5.5 1.5 6 5M16 5.5a3 3 0 0 1 0 5.5M18 14.5c1.7.7 2.7 2.2 3 4.5',
  threshold: 'M3 17h18M5 17v-2M9 17v-2M17 17v-2M13 17V6M13 6l-2.5 2.5M13 6l2.5 2.5',
  picture: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4M15.5 9v.1',
  remove: 'M5 7h14M10 7V4.5h4V7M7 7l.8 13h8.4L17 7M10.5 11v5.5M13.5 11v5.5',
  warning: 'M12 4L2.8 20h18.4zM12 10v4.5M12 17v.3',
  eye: 'M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  live: 'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM6 6a8.5 8.5 0 0 0 0 12M18 6a8.5 8.5 0 0 1 0 12',
  offline: 'M3 3l18 18M6 6a8.5 8.5 0 0 0 0 12M18 6a8.5 8.5 0 0 1 1 10.5',
  decisions:
    'M8 6h13M8 12h13M8 18h13M3 6l1.2 1.2L6.5 5M3 12l1.2 1.2 2.3-2.2M3.2 16.7l2.6 2.6M5.8 16.7l-2.6 2.6',
  liveness: 'M2.5 12.5h4l2.5-7 4.5 13 2.8-8 1.7 2h3.5',
  tokens: 'M8 10.5a4.5 4.5 0 1 0 0 7 4.5 4.5 0 0 0 0-7zM11.2 12L20 3.5M16.5 7l3 3M14 9.5l1.5 1.5',
  audit: 'M6 3h9l4 4v14H6zM14.5 3v5H19M9 12h7M9 15.5h7M9 8.5h2.5',
  system:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 2.5v3.5M12 18v3.5M2.5 12H6M18 12h3.5M5.3 5.3l2.5 2.5M16.2 16.2l2.5 2.5M18.7 5.3l-2.5 2.5M7.8 16.2l-2.5 2.5',
  more: 'M5 12v.1M12 12v.1M19 12v.1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3L20.5 20.5',
  add: 'M12 5v14M5 12h14',
  back: 'M14.5 5.5L8 12l6.5 6.5',
  edit: 'M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3',
  lock: 'M6 11h12v9.5H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11M12 14.5v2.5',
  export: 'M12 3.5v11M7.5 10.5L12 15l4.5-4.5M4.5 15.5v5h15v-5',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3L7 7M17 17l1.7 1.7M18.7 5.3L17 7M7 17l-1.7 1.7',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  half: 'M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17',
  out: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  mistaken:
    'M10 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 19c.5-3.5 3-5 6-5 1.3 0 2.5.3 3.5.9M16 15l5 5M21 15l-5 5',
  restore: 'M4 12a8 8 0 1 1 2.5 5.8M4 12l-2-2.5M4 12l2.8-2M12 8v4.5l3 1.8',
  clock: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3.2 2',
} as const

export type IconName = keyof typeof ICONS

/** A decorative icon: what it says must also stand as text beside it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  )
}
