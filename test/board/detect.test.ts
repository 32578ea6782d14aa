import t from 'tap'
import { detectBoard } from '../../src/board/detect.js'

const tree = (...names: string[]) => ({
  proc: { 'device-tree': { compatible: names.map((name) => `${name}\0`).join('') } },
})

t.test('a board is known by its device tree, most specific name first', (t) => {
  const pi = t.testdir(tree('raspberrypi,5-model-b', 'brcm,bcm2712'))
  t.match(detectBoard({ root: pi, architecture: 'arm64' }), { name: 'raspberry-pi-5' })
  const jetson = t.testdir(tree('nvidia,p3768-0000+p3767-0005-super', 'nvidia,tegra234'))
  t.match(detectBoard({ root: jetson, architecture: 'arm64' }), { name: 'jetson-orin-nano' })
  t.end()
})

t.test('a machine without a device tree is known by its processor', (t) => {
  const root = t.testdir({})
  t.match(detectBoard({ root, architecture: 'x64' }), {
    name: 'generic-x86',
    because: 'no device tree, processor x64',
  })
  t.equal(detectBoard({ root, architecture: 'riscv64' }), undefined)
  t.end()
})

t.test('another board is not taken for one of ours', (t) => {
  const root = t.testdir(tree('raspberrypi,4-model-b', 'brcm,bcm2711'))
  t.equal(detectBoard({ root, architecture: 'arm64' }), undefined)
  t.end()
})
