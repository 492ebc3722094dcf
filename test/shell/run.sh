#!/usr/bin/env bash
# Everything that is checked about the shell scripts: `npm run test:shell`.
# Names what it cannot check on this machine, and ends with one line:
#   N passed, N failed, N skipped
#
# All of it, on Debian:
#   apt-get install bats bats-assert bats-support bats-file shellcheck shfmt busybox dash docker-compose
set -uo pipefail

cd "$(dirname "$0")/../.." || exit
readonly SCRIPTS=(deploy.sh fix-permissions.sh docker/entrypoint.sh docker/command.sh docker/smoke-test.sh
  test/shell/run.sh test/shell/helpers.bash test/shell/fakes/docker test/shell/fakes/docker-compose
  test/shell/fakes/uname test/support/debian.sh test/bare/run.sh
  test/image/run.sh)
readonly FORMATTED=("${SCRIPTS[@]}" docker/host/*.sh test/image/*.sh)
passed=0 failed=0 skipped=0

have() { command -v "$1" >/dev/null 2>&1; }

skip() {
  printf 'SKIPPED %s: %s\n' "$1" "$2"
  skipped=$((skipped + 1))
}

# check NAME COMMAND...: one test
check() {
  local name=$1
  shift
  if "$@"; then
    printf 'ok      %s\n' "${name}"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n' "${name}"
    failed=$((failed + 1))
  fi
}

# Adds a bats run's output $1 to the sums, and shows what did not pass.
count() {
  local name=$1 file=$2 good skips bad
  good=$(grep -c '^ok ' "${file}")
  skips=$(grep -cE '^ok .* # skip' "${file}")
  bad=$(grep -c '^not ok ' "${file}")
  # One line a reason: without root it is the same one for most of them.
  grep -E '^ok .* # skip' "${file}" | sed 's/.* # skip //' | sort | uniq -c | sed "s/^ *\([0-9]*\) /SKIPPED ${name}: \1 tests: /"
  awk '/^not ok / { show = 1 } /^ok / { show = 0 } show' "${file}"
  # A suite that does not even load has no "not ok" line.
  if ((good + bad == 0)); then
    cat "${file}"
    bad=1
  fi
  printf '%-7s %s: %d passed, %d failed, %d skipped\n' "$([[ ${bad} -eq 0 ]] && echo ok || echo FAILED)" \
    "${name}" "$((good - skips))" "${bad}" "${skips}"
  passed=$((passed + good - skips)) failed=$((failed + bad)) skipped=$((skipped + skips))
}

lint() {
  if have shellcheck; then
    check 'shellcheck, every check on' shellcheck --external-sources --check-sourced "${SCRIPTS[@]}"
    check 'shellcheck of the suites' shellcheck test/shell/*.bats
  else
    skip shellcheck 'not installed'
  fi
  if have shfmt; then
    check 'shfmt' shfmt -d -i 2 -ci "${FORMATTED[@]}"
  else
    skip shfmt 'not installed'
  fi
}

suites() {
  if ! have bats || [[ ! -d /usr/lib/bats/bats-assert ]]; then
    skip 'bats suites' 'bats with bats-assert, bats-support and bats-file is not installed'
    return
  fi
  local shell name logs
  logs=$(mktemp -d)
  # shellcheck disable=SC2064 # now
  trap "rm -rf '${logs}'" EXIT
  # Side by side: they mostly wait.
  for shell in bash dash 'busybox ash'; do
    if ! have "${shell%% *}"; then
      skip "suites under ${shell}" 'not installed'
      continue
    fi
    # /bin/sh of DSM is bash in posix mode.
    [[ ${shell} != bash ]] || shell='bash --posix'
    SCRIPT_SHELL=${shell} bats test/shell/{fix-permissions,entrypoint,deploy}.bats >"${logs}/${shell}" 2>&1 &
  done
  bats test/shell/compose.bats >"${logs}/compose" 2>&1 &
  wait
  for name in "${logs}"/*; do
    count "${name##*/}" "${name}"
  done
}

lint
suites
printf '%d passed, %d failed, %d skipped\n' "${passed}" "${failed}" "${skipped}"
[[ ${failed} -eq 0 ]]
