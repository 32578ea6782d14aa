const HEAD = 'M60 16c-24 0-38 18-38 46 0 30 16 50 38 50s38-20 38-50c0-28-14-46-38-46z'

/** What differs from one task to the next: the face's features, and an arrow where it moves. */
const FEATURES: Readonly<Partial<Record<string, { face: string; arrow?: string }>>> = {
  'turn-left': {
    face: 'M36 56h8M64 56h8M50 62l-6 14h8M44 92c6 4 14 4 20 0',
    arrow: 'M14 128H2m0 0l9-7m-9 7l9 7M2 128h52',
  },
  'turn-right': {
    face: 'M48 56h8M76 56h8M70 62l6 14h-8M56 92c6 4 14 4 20 0',
    arrow: 'M106 128h12m0 0l-9-7m9 7l-9 7M118 128H66',
  },
  'look-up': {
    face: 'M42 46h8M70 46h8M60 50v12M48 80c8 4 16 4 24 0',
    arrow: 'M112 60V20m0 0l-7 9m7-9l7 9',
  },
  blink: { face: 'M36 54c4 5 12 5 16 0M68 54c4 5 12 5 16 0M60 62v14M48 92c8 4 16 4 24 0' },
  smile: { face: 'M44 52v4M76 52v4M60 62v12M42 84c8 14 28 14 36 0z' },
  'mouth-open': {
    face: 'M44 50v4M76 50v4M60 58v10M60 78c-9 0-12 5-12 11s4 11 12 11 12-5 12-11-3-11-12-11z',
  },
}

/** A line drawing of a head that does what is asked, as in a mirror. */
export function PromptDrawing({ code }: { readonly code: string }) {
  const { face, arrow } = FEATURES[code] ?? FEATURES['blink'] ?? { face: '' }
  return (
    <svg class="drawing" viewBox="-2 8 124 132" aria-hidden="true" data-code={code}>
      <path d={HEAD} />
      <path d={face} class="features" />
      {arrow !== undefined && <path d={arrow} class="arrow" />}
    </svg>
  )
}

/** A check for come in, a cross for the door stays shut. */
export function OutcomeDrawing({ outcome }: { readonly outcome: 'granted' | 'denied' }) {
  return (
    <svg class="drawing outcome-drawing" viewBox="0 0 120 120" aria-hidden="true">
      <circle cx="60" cy="60" r="54" />
      {outcome === 'granted' ? (
        <path d="M34 62l18 18 36-40" />
      ) : (
        <path d="M40 40l40 40M80 40L40 80" />
      )}
    </svg>
  )
}

/** An entrance at dusk: moon, hills, pine, and the lantern by the lattice. */
export function IdleScene() {
  return (
    <svg
      class="scene"
      viewBox="0 0 1080 1920"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
    >
      <defs>
        <linearGradient id="dusk" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stop-color="#141b2b" />
          <stop offset=".55" stop-color="#3a3f56" />
          <stop offset=".8" stop-color="#8d6b5c" />
          <stop offset="1" stop-color="#c99a6a" />
        </linearGradient>
        <radialGradient id="glow">
          <stop offset="0" stop-color="#ffd79a" stop-opacity=".85" />
          <stop offset="1" stop-color="#ffd79a" stop-opacity="0" />
        </radialGradient>
      </defs>
      <rect width="1080" height="1920" fill="url(#dusk)" />
      <circle class="moon" cx="770" cy="760" r="120" fill="#f3e8d0" />
      <g fill="#4b4b5e">
        <path
          d="M0 1330q170-210 320-120 120-150 270-20 150-120 300 30 110-60 190 10v700H0z"
          opacity=".55"
        />
      </g>
      <path d="M0 1450q220-160 430-40 200-120 380 20 150-70 270 0v500H0z" fill="#33333f" />
      <g fill="#1d1b1d">
        <path d="M0 1600h1080v320H0z" />
        <path d="M0 1590h1080v18H0z" fill="#b58b56" />
      </g>
      <g stroke="#15130f" stroke-width="14">
        <path d="M40 1120v480M96 1120v480M152 1120v480M208 1120v480M20 1120h210M20 1300h210M20 1480h210" />
      </g>
      <circle class="glow" cx="330" cy="1270" r="230" fill="url(#glow)" />
      <g>
        <path d="M330 1130v50" stroke="#15130f" stroke-width="8" />
        <rect x="285" y="1180" width="90" height="150" rx="34" fill="#f0c27c" />
        <path d="M285 1215h90M283 1250h94M285 1290h90" stroke="#b9803c" stroke-width="4" />
        <path d="M305 1176h50M305 1334h50" stroke="#15130f" stroke-width="12" />
      </g>
      <g fill="none" stroke="#15130f" stroke-linecap="round">
        <path d="M1000 1600c-20-160 30-260-50-420" stroke-width="26" />
        <path
          d="M968 1330c-60-10-120 0-170 36M960 1250c-50-40-110-50-160-34M975 1290c40-40 70-60 120-64"
          stroke-width="12"
        />
      </g>
      <g fill="#1c2a22">
        <ellipse cx="800" cy="1360" rx="130" ry="44" />
        <ellipse cx="790" cy="1206" rx="120" ry="40" />
        <ellipse cx="950" cy="1150" rx="150" ry="54" />
        <ellipse cx="1060" cy="1220" rx="110" ry="38" />
      </g>
    </svg>
  )
}
