import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

const wide = matchMedia('(orientation: landscape)')

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
  look: { face: 'M44 52v4M76 52v4M60 60v14M48 90c8 4 16 4 24 0' },
  closer: {
    face: 'M44 52v4M76 52v4M60 60v14M48 90c8 4 16 4 24 0',
    arrow: 'M4 30l12 10m0 0l-11 1m11-1l-2-11M116 30l-12 10m0 0l11 1m-11-1l2-11',
  },
  smile: { face: 'M44 52v4M76 52v4M60 62v12M42 84c8 14 28 14 36 0z' },
  'mouth-open': {
    face: 'M44 50v4M76 50v4M60 58v10M60 78c-9 0-12 5-12 11s4 11 12 11 12-5 12-11-3-11-12-11z',
  },
}

/** A line drawing of a head that does what is asked, as in a mirror. */
export function PromptDrawing({ code }: { readonly code: string }) {
  const { face, arrow } = FEATURES[code] ?? FEATURES['look'] ?? { face: '' }
  return (
    <svg class="drawing" viewBox="-2 8 124 132" aria-hidden="true" data-code={code}>
      <path d={HEAD} />
      <path d={face} class="features" />
      {arrow !== undefined && <path d={arrow} class="arrow" />}
    </svg>
  )
}

/** What keeps the door shut for everybody. */
const NOTICES = {
  lock: 'M30 58h60v46H30zM42 58V42a18 18 0 0 1 36 0v16M60 76v12',
  blind: 'M18 44h20l8-12h28l8 12h20v54H18zM60 56a14 14 0 1 0 .01 0M14 22l92 88',
  offline: 'M20 52q40-34 80 0M34 68q26-22 52 0M48 84q12-10 24 0M60 98v1M22 26l76 80',
} as const
export type Notice = keyof typeof NOTICES

/** A lock, a camera that is crossed out, or a line that is. */
export function NoticeDrawing({ notice }: { readonly notice: Notice }) {
  return (
    <svg class="drawing" viewBox="0 10 120 110" aria-hidden="true">
      <path d={NOTICES[notice]} />
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

/** The sky, and the light of the lantern. */
function Light() {
  return (
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
  )
}

/** A paper lantern that hangs from its top middle, 0 0. */
function Lantern() {
  return (
    <g>
      <circle class="glow" cx="0" cy="140" r="230" fill="url(#glow)" />
      <path d="M0 0v50" stroke="#15130f" stroke-width="8" />
      <rect x="-45" y="50" width="90" height="150" rx="34" fill="#f0c27c" />
      <path d="M-45 85h90M-47 120h94M-45 160h90" stroke="#b9803c" stroke-width="4" />
      <path d="M-25 46h50M-25 204h50" stroke="#15130f" stroke-width="12" />
    </g>
  )
}

/** A pine whose foot is at 0 0. */
function Pine() {
  return (
    <g>
      <g fill="none" stroke="#15130f" stroke-linecap="round">
        <path d="M0 0c-20-160 30-260-50-420" stroke-width="26" />
        <path
          d="M-32-270c-60-10-120 0-170 36M-40-350c-50-40-110-50-160-34M-25-310c40-40 70-60 120-64"
          stroke-width="12"
        />
      </g>
      <g fill="#1c2a22">
        <ellipse cx="-200" cy="-240" rx="130" ry="44" />
        <ellipse cx="-210" cy="-394" rx="120" ry="40" />
        <ellipse cx="-50" cy="-450" rx="150" ry="54" />
        <ellipse cx="60" cy="-380" rx="110" ry="38" />
      </g>
    </g>
  )
}

function TallScene() {
  return (
    <svg class="scene tall" viewBox="0 0 1080 1920" preserveAspectRatio="xMidYMax slice">
      <Light />
      <rect width="1080" height="1920" fill="url(#dusk)" />
      <circle class="moon" cx="770" cy="760" r="120" fill="#f3e8d0" />
      <path
        d="M0 1330q170-210 320-120 120-150 270-20 150-120 300 30 110-60 190 10v700H0z"
        fill="#4b4b5e"
        opacity=".55"
      />
      <path d="M0 1450q220-160 430-40 200-120 380 20 150-70 270 0v500H0z" fill="#33333f" />
      <path d="M0 1600h1080v320H0z" fill="#1d1b1d" />
      <path d="M0 1590h1080v18H0z" fill="#b58b56" />
      <path
        d="M40 1120v480M96 1120v480M152 1120v480M208 1120v480M20 1120h210M20 1300h210M20 1480h210"
        stroke="#15130f"
        stroke-width="14"
      />
      <g transform="translate(330 1130)">
        <Lantern />
      </g>
      <g transform="translate(1000 1600)">
        <Pine />
      </g>
    </svg>
  )
}

function WideScene() {
  return (
    <svg class="scene wide" viewBox="0 0 1600 960" preserveAspectRatio="xMaxYMax slice">
      <Light />
      <rect width="1600" height="960" fill="url(#dusk)" />
      <circle class="moon" cx="900" cy="220" r="96" fill="#f3e8d0" />
      {/* The ground lies above the words of welcome. */}
      <g transform="translate(0 -90)">
        <path
          d="M0 610q190-190 400-100 170-150 380-20 210-130 430 20 200-70 390 10v440H0z"
          fill="#4b4b5e"
          opacity=".55"
        />
        <path d="M0 720q300-150 600-40 270-130 520 20 250-80 480 0v300H0z" fill="#33333f" />
        <path d="M0 800h1600v250H0z" fill="#1d1b1d" />
        <path d="M0 790h1600v16H0z" fill="#b58b56" />
        <path
          d="M1400 150v650M1456 150v650M1512 150v650M1568 150v650M1380 150h220M1380 360h220M1380 570h220"
          stroke="#15130f"
          stroke-width="14"
        />
        <path d="M1170 150h240" stroke="#15130f" stroke-width="14" />
        <g transform="translate(1240 150) scale(1.15)">
          <Lantern />
        </g>
        <g transform="translate(1010 800) scale(.82)">
          <Pine />
        </g>
      </g>
    </svg>
  )
}

/** An entrance at dusk: moon, hills, pine, and the lantern by the lattice, for both kinds of screen. */
export function IdleScene() {
  const isWide = useSignal(wide.matches)
  useEffect(() => {
    const change = () => (isWide.value = wide.matches)
    wide.addEventListener('change', change)
    return () => wide.removeEventListener('change', change)
  }, [])
  return <div aria-hidden="true">{isWide.value ? <WideScene /> : <TallScene />}</div>
}
