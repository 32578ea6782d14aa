/**
 * Makes an element. Attributes are set as such, `on…` as listeners, `data` as the dataset;
 * `undefined` and `false` attributes are left out.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'data') Object.assign(made.dataset, value)
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? '' : value)
    }
  }
  made.append(...children)
  return made
}

const SVG = 'http://www.w3.org/2000/svg'

/** Makes an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Line drawings on a 24 × 24 grid. */
const ICONS = {
  'door-open': 'M4 21h16M6 21V4h6M12 4l6 2.5V21l-6-2.5zM15 13v1.5',
  'door-shut': 'M4 21h16M6 21V3h12v18M15 12v1.5',
  granted: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.3l2.8 2.8L16.2 9.5',
  denied: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6',
  looking: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.5M15 10v.5M9 15c1.8 1.3 4.2 1.3 6 0',
  camera: 'M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 10a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z',
  broker: 'M12 13v8M8.5 16.5a5 5 0 1 1 7 0M5.7 18.5a9 9 0 1 1 12.6 0M12 12.6v.4',
  models: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  people:
    'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM3 19c.5-3.5 3-5 6-5s5.5 1.5 6 5M16 5.5a3 3 0 0 1 0 5.5M18 14.5c1.7.700 2.7 2.2 3 4.5',
  threshold: 'M3 17h18M5 17v-2M9 17v-2M17 17v-2M13 17V6M13 6l-2.5 2.5M13 6l2.5 2.5',
  picture: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4M15.5 9v.1',
  remove: 'M5 7h14M10 7V4.5h4V7M7 7l.8 13h8.4L17 7M10.5 11v5.5M13.5 11v5.5',
  warning: 'M12 4L2.8 20h18.4zM12 10v4.5M12 17v.3',
  eye: 'M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  live: 'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM6 6a8.5 8.5 0 0 0 0 12M18 6a8.5 8.5 0 0 1 0 12',
  offline: 'M3 3l18 18M6 6a8.5 8.5 0 0 0 0 12M18 6a8.5 8.5 0 0 1 1 10.5',
}

/** A decorative icon: what it says must also stand as text beside it. */
export function icon(name) {
  return svg(
    'svg',
    { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    svg('path', { d: ICONS[name] }),
  )
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id)
