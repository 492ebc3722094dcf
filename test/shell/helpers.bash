# For every suite: a copy of the scripts in a folder of its own (with a space in
# its name), stand-ins for docker and DSM's tools in front of PATH, and the shell
# under test. SCRIPT_SHELL is "bash", "bash --posix", "dash" or "busybox ash".
# shellcheck disable=SC2154 # bats sets its own variables

REPO=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd -P)
: "${SCRIPT_SHELL:=sh}"

load_libraries() {
  local library
  for library in support assert file; do
    load "/usr/lib/bats/bats-${library}/load.bash"
  done
}

need_root() { [[ ${EUID} -eq 0 ]] || skip "needs root: $1"; }

# Makes $PROJECT.
make_project() {
  PROJECT="${BATS_TEST_TMPDIR}/whatsapp server"
  mkdir -p "${PROJECT}/docker"
  cp "${REPO}"/{deploy.sh,fix-permissions.sh,docker-compose.synology.yml} "${PROJECT}"
  cp -R "${REPO}/docker/host" "${PROJECT}/docker/host"
  printf 'PORT=3000\n# API_KEY=\n# LOG_LEVEL=info\n' >"${PROJECT}/.env.example"
  # Other users come in too.
  chmod 755 "${BATS_RUN_TMPDIR}" "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR}" "${PROJECT}"
}

# Puts the stand-ins first in PATH, with an own folder for more of them.
use_fakes() {
  export FAKE="${BATS_TEST_TMPDIR}/fake"
  mkdir -p "${FAKE}/bin"
  touch "${FAKE}/calls"
  echo sha256:first >"${FAKE}/next-image"
  PATH="${FAKE}/bin:${BATS_TEST_DIRNAME}/fakes:${PATH}"
}

# A stand-in named $1 whose body is the rest.
fake() {
  local name=$1
  shift
  printf '#!/usr/bin/env bash\n%s\n' "$*" >"${FAKE}/bin/${name}"
  chmod +x "${FAKE}/bin/${name}"
}

# Runs script $1 of the project in the shell under test.
script() {
  local name=$1
  shift
  # shellcheck disable=SC2086 # "busybox ash" is two words
  ${SCRIPT_SHELL} "${PROJECT}/${name}" "$@"
}

calls() { grep -E "$1" "${FAKE}/calls"; }
