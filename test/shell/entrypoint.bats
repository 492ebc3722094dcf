#!/usr/bin/env bats
# The image's entrypoint, outside of an image. test/image runs it inside.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets variables, and runs each test in a subshell
# shellcheck disable=SC2016,SC2086 # code for another shell; "busybox ash" is two words

setup() {
  load helpers
  load_libraries
  need_root 'becomes other users'
  ROOM="${BATS_TEST_TMPDIR}/room"
  mkdir -p "${ROOM}/auth" "${ROOM}/data" "${ROOM}/tmp" "${BATS_TEST_TMPDIR}/bin"
  chmod 755 "${BATS_RUN_TMPDIR}" "${BATS_RUN_TMPDIR}/test" "${BATS_TEST_TMPDIR}" "${ROOM}"
  chmod 1777 "${ROOM}/tmp"
  cp "${REPO}/docker/entrypoint.sh" "${ROOM}"
  export WHATSAPP_SESSION_PATH="${ROOM}/auth" DATA_PATH="${ROOM}/data" HOME="${ROOM}/tmp/home" \
    XDG_CONFIG_HOME="${ROOM}/tmp/home/.config" XDG_CACHE_HOME="${ROOM}/tmp/home/.cache"
}

entrypoint() { ${SCRIPT_SHELL} "${ROOM}/entrypoint.sh" "$@"; }
entrypoint_as() { setpriv --reuid "$1" --regid "$2" --clear-groups ${SCRIPT_SHELL} "${ROOM}/entrypoint.sh" "${@:3}"; }

@test "as root, becomes PUID:PGID for good, with a private umask and a writable home" {
  export PUID=1026 PGID=100
  run entrypoint sh -c 'id -u; id -g; id -G; umask; grep NoNewPrivs /proc/self/status; touch "$HOME/x" "$XDG_CACHE_HOME/x" && echo written; echo "$1"' - 'two words'
  assert_success
  assert_line --index 0 1026
  assert_line --index 1 100
  assert_line --index 2 100
  assert_line --index 3 --regexp '^0*77$'
  assert_line --index 4 --regexp 'NoNewPrivs:.*1'
  assert_line --index 5 written
  assert_line --index 6 'two words'
}

@test "as root, gives the folders of the host to that user, links not followed" {
  mkdir -p "${ROOM}/auth/session-whatsapp-client/Default"
  touch "${ROOM}/outside"
  ln -s "${ROOM}/outside" "${ROOM}/auth/session-whatsapp-client/SingletonLock"
  PUID=1026 PGID=100 run entrypoint sh -c 'touch "$WHATSAPP_SESSION_PATH/session-whatsapp-client/Default/x" "$DATA_PATH/x"'
  assert_success
  assert_equal "$(stat -c %u:%g "${ROOM}/auth/session-whatsapp-client/Default")" 1026:100
  assert_equal "$(stat -c %u "${ROOM}/outside")" 0
}

@test "folder with mode 000 as DSM makes it, opened" {
  chmod 000 "${ROOM}/auth"
  PUID=1026 PGID=100 run entrypoint sh -c 'touch "$WHATSAPP_SESSION_PATH/x"'
  assert_success
}

@test "folders right already, neither owner nor mode is touched" {
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  chmod 777 "${ROOM}/auth"
  before=$(stat -c '%z' "${ROOM}/auth" "${ROOM}/data")
  PUID=1026 PGID=100 run entrypoint true
  assert_success
  assert_equal "$(stat -c '%z' "${ROOM}/auth" "${ROOM}/data")" "${before}"
}

@test "no PUID, an ordinary user all the same" {
  run entrypoint id -u
  assert_success
  assert_line 1000
}

@test "PUID of root or no number, refused with exit code 78 and how to find it" {
  local value
  for value in 0 abc -1 '1 2' 99999999999; do
    PUID=${value} PGID=100 run entrypoint echo started
    assert_failure 78
    assert_output --partial 'with: id'
    refute_output --partial 'started'
  done
}

@test "capabilities dropped that it needs, refused with exit code 77 and the lines to add" {
  PUID=1026 PGID=100 run setpriv --bounding-set -setuid,-setgid ${SCRIPT_SHELL} "${ROOM}/entrypoint.sh" echo started
  assert_failure 77
  assert_output --partial 'cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID]'
  refute_output --partial 'started'
}

@test "folder that cannot be given away, says so and starts, for the gateway explains the rest" {
  PUID=1026 PGID=100 run unshare -m bash -c 'mount --bind "$1/auth" "$1/auth" && mount -o remount,ro,bind "$1/auth" && shift && exec "$@"' - \
    "${ROOM}" ${SCRIPT_SHELL} "${ROOM}/entrypoint.sh" echo started
  assert_success
  assert_output --partial "could not give ${ROOM}/auth to 1026:100"
  assert_output --partial 'fix-permissions.sh'
  assert_output --partial 'started'
}

@test "as another user with writable folders, starts without a word" {
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  run entrypoint_as 1026 100 id -u
  assert_success
  assert_output 1026
}

@test "as another user with a foreign folder, names owner, mode and remedy, and starts" {
  chmod 700 "${ROOM}/auth"
  chown 1030:101 "${ROOM}/auth"
  run entrypoint_as 1026 100 echo started
  assert_success
  assert_output --partial "${ROOM}/auth is not writable for 1026:100 (owner 1030:101, mode 700)"
  assert_output --partial 'sudo ./fix-permissions.sh --user 1026:100'
  assert_output --partial 'started'
}

@test "as another user without the folder, says that nothing is mounted there" {
  rmdir "${ROOM}/auth"
  run entrypoint_as 1026 100 echo started
  assert_success
  assert_output --partial "${ROOM}/auth does not exist"
}

@test "as another user while PUID says something else, says that PUID is not used" {
  chown 1026:100 "${ROOM}/auth" "${ROOM}/data"
  PUID=1000 run entrypoint_as 1026 100 true
  assert_output --partial 'PUID=1000 is not used'
}

@test "user namespaces forbidden, the browser is told to do without its sandbox" {
  mkdir "${BATS_TEST_TMPDIR}/fakes"
  printf '#!/bin/sh\nexit 1\n' >"${BATS_TEST_TMPDIR}/fakes/unshare"
  chmod -R 755 "${BATS_TEST_TMPDIR}/fakes"
  PUID=1026 PGID=100 CHROMIUM_ARGS='--lang=ru' PATH="${BATS_TEST_TMPDIR}/fakes:${PATH}" \
    run entrypoint sh -c 'echo "$CHROMIUM_ARGS"'
  assert_output --partial '--no-sandbox --lang=ru'
}

@test "user namespaces allowed, the sandbox is left to the program" {
  mkdir "${BATS_TEST_TMPDIR}/fakes"
  printf '#!/bin/sh\nexit 0\n' >"${BATS_TEST_TMPDIR}/fakes/unshare"
  chmod -R 755 "${BATS_TEST_TMPDIR}/fakes"
  PUID=1026 PGID=100 CHROMIUM_ARGS='--lang=ru' PATH="${BATS_TEST_TMPDIR}/fakes:${PATH}" \
    run entrypoint sh -c 'echo "$CHROMIUM_ARGS"'
  assert_output '--lang=ru'
}

@test "home not writable, refused with the line to add" {
  chmod 755 "${ROOM}/tmp"
  run entrypoint_as 1026 100 echo started
  assert_failure 78
  assert_output --partial 'tmpfs: [/tmp]'
}

@test "as process 1, says that an init is missing" {
  PUID=1026 PGID=100 run unshare --pid --fork --mount-proc ${SCRIPT_SHELL} "${ROOM}/entrypoint.sh" true
  assert_success
  assert_output --partial 'init: true'
}
