#!/usr/bin/env bash
# Installs the arm64 package in an arm64 Debian under user emulation and runs the doctor, two
# identifications and the daemon there, as a process of its own. Emulation shows that the binaries fit
# together, not how fast a board is.
# Needs root, debootstrap and qemu-user-static. Usage: arm64.sh [PACKAGE_arm64.deb] [ROOT]
# An unpacked arm64 Debian at ROOT is used, and kept, instead of a fresh one, which is made below TMPDIR
# (1.2 GB; memory is much faster than a disk). CACHE is a folder where debootstrap keeps what it downloads.
set -euo pipefail
cd "$(dirname "$0")/../.."
package=${1:-$(ls -t build-deb/*_arm64.deb 2>/dev/null | head -n 1)}
[ -n "$package" ] || { echo 'no arm64 package: npm run package -- --arch arm64'; exit 1; }
mirror=${MIRROR:-$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)}
root=${2:-}
if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
  mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
fi
if [ -z "$root" ]; then
  root=$(mktemp -d -t genkan-arm64.XXXXXX)
  # Should debootstrap be cut off, the machine's own /proc and /sys are still mounted inside.
  trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
  # Both stages: the second one runs the packages' own scripts under emulation.
  debootstrap ${CACHE:+--cache-dir="$CACHE"} --arch=arm64 --variant=minbase --include=ca-certificates,ffmpeg,systemd \
    trixie "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
  rm -f "$root.log"
  # It is the root of a system: everybody may pass through.
  chmod 755 "$root"
fi
inside() { systemd-nspawn -q --register=no --keep-unit --pipe -D "$root" "$@"; }
inside uname -m
cp "$package" "$root/root/genkan.deb"
inside dpkg -i /root/genkan.deb 2>&1 | tail -n 3
inside dpkg-query -W -f '${Package} ${Version} ${Architecture} ${Status}\n' genkan | grep ' arm64 install ok installed'

# A picture of an enrolled man, another of him, and one of somebody else.
clip() { ffmpeg -v error -y -ss "$2" -i "models/.cache/assets/$1" -frames:v 1 "$root/root/$3"; }
clip franck.mp4 12 enrolled.jpg
clip franck.mp4 31 again.jpg
clip cap13_edit2.mp4 5 stranger.jpg

failed=0
check() {
  if "${@:2}"; then echo "ok: $1"; else failed=$((failed + 1)); echo "NOT OK: $1"; fi
}
says() {
  local wanted=$1 said
  shift
  said=$(inside "$@" 2>&1 || true)
  echo "$said" | tail -n 4
  grep -q "$wanted" <<<"$said"
}
# The emulated machine is many times slower than a board: its camera may take its time.
patience=(env GENKAN_CAMERA_OPEN_TIMEOUT_MS=120000 GENKAN_CAMERA_STALL_TIMEOUT_MS=60000)
check 'the doctor finds no fault' inside "${patience[@]}" genkan doctor
# Where the store's user may read them.
inside sh -c 'cp /root/*.jpg /var/lib/genkan/'
check 'a man is enrolled' inside genkan enroll Franck /var/lib/genkan/enrolled.jpg
check 'another picture of him is his' says '"outcome":"match"' genkan identify --json /var/lib/genkan/again.jpg
check 'a stranger is nobody' says '"outcome":"unknown"' genkan identify --json /var/lib/genkan/stranger.jpg
inside sh -c 'cat >/root/run.sh' <<'RUN'
genkan run >/tmp/run.log 2>&1 &
daemon=$!
said() { for _ in $(seq "$1"); do grep -q "$2" /tmp/run.log && return 0; kill -0 "$daemon" || return 1; sleep 1; done; return 1; }
said 900 'is watching the door' && echo started
token=$(genkan token add emulated)
cat >/root/judged.mjs <<'JUDGED'
const headers = { authorization: `Bearer ${process.argv[2]}` }
const deadlineMs = Date.now() + 300_000
let frames = 0
while (frames < 3 && Date.now() < deadlineMs) {
  const told = await (await fetch('http://127.0.0.1:8080/metrics', { headers })).text()
  frames = Number(/^genkan_frames_judged_total (\d+)/m.exec(told)?.[1] ?? 0)
  await new Promise((resolve) => setTimeout(resolve, 2000))
}
console.log(frames < 3 ? `judged only ${frames}` : 'judges')
JUDGED
/usr/lib/genkan/bin/node /root/judged.mjs "$token"
said "${DECISION_S:-60}" '"msg":"decision"' && grep '"msg":"decision"' /tmp/run.log | head -n 1
kill -TERM "$daemon"
wait "$daemon"
echo "ended with $?"
tail -n 3 /tmp/run.log
RUN
ran=$(inside "${patience[@]}" GENKAN_WATCHDOG_STAGE_DEADLINE_MS=60000 DECISION_S="${DECISION_S:-60}" sh /root/run.sh 2>&1 || true)
echo "$ran"
check 'the daemon starts' grep -qx started <<<"$ran"
check 'and judges frames' grep -qx judges <<<"$ran"
check 'and ends cleanly' grep -qx 'ended with 0' <<<"$ran"
# A face is followed only while it is seen again within 600 ms, which emulation rarely manages.
grep -q '"msg":"decision"' <<<"$ran" || echo 'not shown: a decision of the emulated daemon'
[ "$failed" -eq 0 ]
