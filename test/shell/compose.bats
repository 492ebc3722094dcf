#!/usr/bin/env bats
# The compose file, read by every compose that is here: the current plug-in, and
# 1.29, which is as near to DSM's old ones as a package gets. No engine needed.
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets variables, and runs each test in a subshell
# shellcheck disable=SC2016,SC2086 # code for another shell; "busybox ash" is two words

setup() {
  load helpers
  load_libraries
  make_project
  cp "${REPO}/docker-compose.synology.yml" "${PROJECT}"
  cd "${PROJECT}" || return
  printf 'API_KEY=0123456789abcdef\nPUID=1026\nPGID=100\nPORT=3005\nHOST=127.0.0.1\nWHATSAPP_SESSION_PATH=.wwebjs_auth\n' >.env
}

# config WHICH: what that compose makes of the file
config() {
  case $1 in
    plugin)
      docker compose version >/dev/null 2>&1 || skip 'docker compose is not installed'
      docker compose -p whatsapp-server -f docker-compose.synology.yml config
      ;;
    old)
      docker-compose version --short 2>/dev/null | grep -q '^1\.' || skip 'docker-compose 1.x is not installed'
      docker-compose -p whatsapp-server -f docker-compose.synology.yml config
      ;;
    *) return 64 ;;
  esac
}

# What DSM refuses, and what has to agree, whichever compose reads it.
assert_right() {
  assert_success
  assert_output --partial 'container_name: whatsapp-server'
  assert_output --partial 'WHATSAPP_SESSION_PATH: /app/.wwebjs_auth'
  assert_output --regexp "${PROJECT}/\.wwebjs_auth(:/app/\.wwebjs_auth:rw)?"
  assert_output --regexp '(target: |:)/app/\.wwebjs_auth'
  assert_output --regexp "PUID: .1026."
  assert_output --regexp "PORT: .3000."
  assert_output --partial 'HOST: 0.0.0.0'
  assert_output --regexp "(published: .3005.|3005:3000)"
  assert_output --partial 'init: true'
  assert_output --partial 'read_only: true'
  assert_output --partial 'restart: unless-stopped'
  refute_output --regexp '(cpus|seccomp|logging|privileged: true|network_mode)'
}

@test "current compose, reads it and says the same as its text" {
  config plugin >/dev/null
  run config plugin
  assert_right
}

@test "compose 1.29, reads it and says the same as its text" {
  config old >/dev/null
  run config old
  assert_right
}

@test "current compose, has no warning about it" {
  config plugin >/dev/null
  run bash -c 'docker compose -p whatsapp-server -f docker-compose.synology.yml config 2>&1 >/dev/null'
  assert_output ''
}

@test "settings empty, defaults that work" {
  printf 'API_KEY=\n' >.env
  config plugin >/dev/null
  run config plugin
  assert_success
  assert_output --regexp "published: .3000."
  assert_output --regexp "PUID: .1000."
}
