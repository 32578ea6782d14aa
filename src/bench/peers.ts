import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../config/paths.js'
import { cacheFolder } from '../models/registry.js'
import type { ContenderProgram } from './contender.js'

/** Where the bench's own, optional install lies. */
const peersFolder = join(packageRoot, 'test', 'bench-peers')
const INSTALL_PEERS = 'npm ci --prefix test/bench-peers'
const PYTHON = '/usr/bin/python3'

/** A peer that takes part, or what would bring it. */
export type Peer =
  | { readonly name: string; readonly program: ContenderProgram }
  | { readonly name: string; readonly missing: string; readonly install: string }

function nodePeer(name: string, script: string, backend: 'wasm' | 'tfjs-node'): Peer {
  const modules = join(peersFolder, 'node_modules')
  const needed =
    backend === 'wasm'
      ? ['@tensorflow/tfjs-backend-wasm', `@vladmandic/${script}`]
      : ['@tensorflow/tfjs-node/deps/lib', `@vladmandic/${script}`]
  const absent = needed.find((path) => !existsSync(join(modules, path)))
  if (absent !== undefined) {
    const install =
      backend === 'wasm'
        ? INSTALL_PEERS
        : `${INSTALL_PEERS} && npm install --prefix test/bench-peers --no-save @tensorflow/tfjs-node`
    return { name, missing: `test/bench-peers has no ${absent}`, install }
  }
  const entry = fileURLToPath(new URL(`./contenders/${script}.js`, import.meta.url))
  return { name, program: { name, command: process.execPath, args: [entry, modules, backend] } }
}

function opencvPeer(): Peer {
  const name = 'OpenCV DNN'
  try {
    execFileSync(PYTHON, ['-c', 'import cv2'], { stdio: 'ignore' })
  } catch {
    const missing = `${PYTHON} has no module cv2`
    return { name, missing, install: 'apt install python3-opencv' }
  }
  const args = [join(peersFolder, 'opencv.py'), join(cacheFolder, 'built')]
  return { name, program: { name, command: PYTHON, args } }
}

/** Everything genkan can be compared with, present or not. */
export function findPeers(): Peer[] {
  return [
    nodePeer('human, wasm', 'human', 'wasm'),
    nodePeer('human, tfjs-node', 'human', 'tfjs-node'),
    nodePeer('face-api, wasm', 'face-api', 'wasm'),
    nodePeer('face-api, tfjs-node', 'face-api', 'tfjs-node'),
    opencvPeer(),
  ]
}
