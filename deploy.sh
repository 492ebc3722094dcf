#!/bin/sh
# Builds the gateway, starts it, proves that it works and shows the QR code.
# Runs in bash, dash and busybox ash. `--help` says how.
# shellcheck shell=dash
set -eu

readonly EX_FAILED=1 EX_USAGE=2 EX_BUILD=3 EX_UNHEALTHY=4 EX_NOT_PROVED=5 EX_INTERRUPTED=130

usage() {
  cat <<'USAGE'
Builds the gateway, starts it, proves that it works and shows the QR code.

  sudo ./deploy.sh [--dry-run] [--yes] [--no-build] [--fresh]
  sudo ./deploy.sh --rollback

  --dry-run    check everything and say what would be done; change nothing
  --yes        ask nothing: a new version that fails is rolled back by itself
  --no-build   start the image that is there
  --fresh      build from nothing: newest browser, newest base
  --rollback   back to the previous image, together with the login from that time
  --help       this text

It makes .env (with a random API key) and the data folders when they are missing,
and keeps a copy of the login in backups/ before every upgrade, the last 5 of
them. Run it again whenever you like: what is right stays as it is.

Exit code: 0 it runs, and that is proved     1 something has to be put right first;
           2 wrong usage                       what ran before still runs
           3 the build failed; what ran before still runs
           4 the new version does not start  5 it runs, but a proof failed
         130 interrupted
USAGE
}

wrong_usage() {
  printf 'deploy.sh: %s\nSee: ./deploy.sh --help\n' "$1" >&2
  exit "${EX_USAGE}"
}

parse() {
  BUILD=yes DRY_RUN=no YES=no FRESH=no ROLLBACK=no
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --dry-run | -n) DRY_RUN=yes ;;
      --yes | -y) YES=yes ;;
      --no-build) BUILD=no ;;
      --fresh) FRESH=yes ;;
      --rollback) ROLLBACK=yes ;;
      *) wrong_usage "unknown option $1" ;;
    esac
    shift
  done
  [ "${BUILD}${FRESH}" != noyes ] || wrong_usage '--no-build and --fresh exclude each other'
}

# One at a time: two of them would take each other's containers down. A lock
# whose owner is gone does not count.
take_lock() {
  local owner
  make_backups_folder || exit "${EX_FAILED}"
  if ! mkdir backups/.deploying 2>/dev/null; then
    owner=$(cat backups/.deploying/pid 2>/dev/null) || owner=''
    # A number alone may be that of any program after a reboot.
    if [ -n "${owner}" ] && grep -a deploy.sh "/proc/${owner}/cmdline" >/dev/null 2>&1; then
      fail "another deploy.sh runs already (process ${owner})"
      more "If that is none of yours: sudo rm -r $(quoted "${PROJECT}/backups/.deploying"), then run this again."
      exit "${EX_FAILED}"
    fi
  fi
  echo "$$" >backups/.deploying/pid
  LOCKED=yes
}

# Whatever ends this script: what was stopped for the copy of the login runs
# again, and the person knows where things stand.
# shellcheck disable=SC2317 # called by a trap
on_exit() {
  local code=$?
  # What is printed may have nobody left to read it; what has to be done is done nevertheless.
  set +e
  trap '' INT TERM HUP PIPE
  trap - EXIT
  [ -z "${CHILD}" ] || end_tree "${CHILD}"
  if [ "${PHASE}" = stopped ]; then
    if docker start "${CONTAINER}" >/dev/null 2>&1; then
      note 'the version that ran was started again'
    else
      fail "the version that ran is stopped; start it: sudo docker start ${CONTAINER}"
    fi
  fi
  rm -f "${LOG}"
  [ "${LOCKED}" = no ] || rm -rf backups/.deploying
  exit "${code}"
}

# shellcheck disable=SC2317 # called by a trap
on_signal() {
  set +e
  trap '' PIPE
  progress_end
  printf '\n'
  case ${PHASE} in
    showing)
      note 'Left. The gateway runs on.'
      exit 0
      ;;
    looking) note 'Interrupted. Nothing was changed.' ;;
    preparing | building) note 'Interrupted. What ran before still runs. Go on with: sudo ./deploy.sh' ;;
    stopped) note 'Interrupted.' ;;
    starting) note 'Interrupted while the new version starts. Go on with: sudo ./deploy.sh; or back: sudo ./deploy.sh --rollback' ;;
    restoring) note 'Interrupted in mid-rollback. Finish it: sudo ./deploy.sh --rollback' ;;
    returning) note 'Interrupted while the previous version starts. Finish it: sudo ./deploy.sh --no-build' ;;
    *) ;;
  esac
  exit "${EX_INTERRUPTED}"
}

# Asks, with yes as the answer of --yes and no where nobody can answer.
agreed() {
  [ "${YES}" = no ] || return 0
  [ -t 0 ] || return 1
  local reply
  printf '\n  %s [y/N] ' "$1"
  read -r reply || return 1
  case ${reply} in
    [yYдД]*) return 0 ;;
    *) return 1 ;;
  esac
}

plan_rollback() {
  local previous backup
  previous=$(image_id "${PREVIOUS_IMAGE}")
  if [ -z "${previous}" ]; then
    note "nothing: there is no previous version (${PREVIOUS_IMAGE}) to go back to"
  else
    backup=$(backup_of_image "${previous}")
    note "stop ${CONTAINER}, and make ${PREVIOUS_IMAGE} the current image"
    if [ -n "${backup}" ]; then
      note "keep the login as it is now in backups/, and put that of ${backup} in its place"
    else
      note 'no backup belongs to that image; the login stays as it is'
    fi
    note "$(compose_words) up -d --no-build --force-recreate"
    note 'wait until it is healthy, prove that it works, show the QR code'
  fi
}

plan_deploy() {
  if [ ! -e .env ]; then note "make .env with a random API_KEY, PUID=${RUN_UID} and PGID=${RUN_GID}"; fi
  sh ./fix-permissions.sh --dry-run --user "${RUN_UID}:${RUN_GID}" | sed 1d
  if [ "${BUILD}" = yes ]; then
    note "$(compose_words) build"
  else
    note "no build: ${IMAGE} as it is"
  fi
  if [ -n "${OLD_IMAGE}" ] && has_login; then
    note "if the image changes: keep the old one as ${PREVIOUS_IMAGE}, copy the login to backups/"
  fi
  note "$(compose_words) up -d --no-build"
  note 'wait until it is healthy, prove that it works, show the QR code'
}

build() {
  heading 'Build'
  PHASE=building
  if [ "${BUILD}" = no ]; then
    [ -n "$(image_id "${IMAGE}")" ] || {
      fail "--no-build, but there is no image ${IMAGE}"
      more 'Build it: sudo ./deploy.sh'
      exit "${EX_BUILD}"
    }
    ok "no build: ${IMAGE} as it is"
    return 0
  fi
  # Plain lines for the progress, from either builder.
  export BUILDKIT_PROGRESS=plain
  # Attestations carry the time: with them every build has a new id, also one that changed nothing.
  export BUILDX_NO_DEFAULT_ATTESTATIONS=1
  local began
  began=$(seconds)
  if [ "${FRESH}" = yes ]; then
    set -- --no-cache --pull
  else
    set --
    more 'The first build takes some minutes, later ones seconds.'
  fi
  if ! run_logged 'building' compose build "$@"; then
    measure "${began}"
    fail "the build failed after ${TOOK} s:"
    show_output 20
    remedy "${LOG}" 'What the build said is above. Try again with: sudo ./deploy.sh --fresh'
    more 'Nothing that runs was changed.'
    exit "${EX_BUILD}"
  fi
  measure "${began}"
  ok "built in ${TOOK} s"
}

# Settings that the new program refuses are found before the old one stops.
check_settings_of_new_image() {
  [ "${SETTINGS_CHECKED}" != "$(image_id "${IMAGE}")" ] || return 0
  FAILED=0
  check_settings_by_program
  [ "${FAILED}" -eq 0 ] || exit "${EX_FAILED}"
}

# Keeps image and login of the version that is about to go.
keep_old_version() {
  [ -n "${OLD_IMAGE}" ] && [ "${OLD_IMAGE}" != "$(image_id "${IMAGE}")" ] || return 0
  # A rollback that was interrupted after both were exchanged: all is kept already.
  [ ! -e backups/.returning ] || return 0
  UPGRADE=yes
  if ! has_worked "${OLD_IMAGE}" && [ -n "$(image_id "${PREVIOUS_IMAGE}")" ]; then
    note 'the version that was tried last never became healthy; kept to go back to is the one before'
  elif ! docker tag "${OLD_IMAGE}" "${PREVIOUS_IMAGE}"; then
    fail "the old image could not be kept as ${PREVIOUS_IMAGE}. Nothing that runs was changed."
    exit "${EX_FAILED}"
  else
    remember_worked "${OLD_IMAGE}"
    ok "the old image is kept as ${PREVIOUS_IMAGE}"
  fi
  has_login || return 0
  local was_running=no
  if container_active; then
    was_running=yes
    PHASE=stopped
    note 'stopping the old version, so that its login is whole on disk'
    if ! docker stop -t 45 "${CONTAINER}" >/dev/null; then
      fail 'the old version could not be stopped, so its login cannot be copied'
      exit "${EX_FAILED}"
    fi
  fi
  if ! backup_login "${OLD_IMAGE}"; then
    fail 'the login could not be copied to backups/: no room?'
    more "See: df -h $(quoted "${PROJECT}"). Nothing was changed."
    exit "${EX_FAILED}"
  fi
  ok "the login is kept in ${BACKUP}"
  [ "${was_running}" = yes ] || PHASE=preparing
}

start() {
  heading 'Start'
  keep_old_version
  PHASE=starting
  if ! run_logged 'starting' compose up -d --no-build; then
    fail 'the container could not be started:'
    show_output 8
    remedy "${LOG}" 'What the engine said is above.'
    return 1
  fi
  # A rollback that stopped here is finished now: the next upgrade keeps what runs, as ever.
  rm -f backups/.returning
  if ! wait_healthy; then
    show_log
    container_log >"${LOG}"
    remedy "${LOG}" "All of its log: sudo docker logs ${CONTAINER}"
    return 1
  fi
  remember_worked "$(image_id "${IMAGE}")"
}

# Image and login go back together, or not at all.
roll_back() {
  local previous current backup
  previous=$(image_id "${PREVIOUS_IMAGE}")
  current=$(image_id "${IMAGE}")
  if [ -z "${previous}" ]; then
    fail "there is no previous version (${PREVIOUS_IMAGE}) to go back to"
    return 1
  fi
  PHASE=restoring
  heading 'Back to the previous version'
  backup=$(backup_of_image "${previous}")
  if container_active; then
    # Until something is changed, whatever goes wrong starts it again.
    PHASE=stopped
    if ! docker stop -t 45 "${CONTAINER}" >/dev/null; then
      fail 'the running version could not be stopped'
      return 1
    fi
  fi
  if [ -n "${backup}" ]; then
    if has_login; then
      backup_login "${current}" || {
        fail 'the login as it is now could not be kept: no room? Nothing was changed.'
        return 1
      }
      note "the login as it is now is kept in ${BACKUP}"
    fi
    if ! unpack_login "${backup}"; then
      fail "the backup ${backup} could not be unpacked: no room? The login is as it was."
      return 1
    fi
    PHASE=restoring
    if ! put_login_back; then
      fail 'the login could not be put back whole; try again: sudo ./deploy.sh --rollback'
      return 1
    fi
    ok "the login is that of ${backup}"
  else
    note 'no backup belongs to that image; the login stays as it is'
  fi
  PHASE=restoring
  if ! docker tag "${previous}" "${IMAGE}"; then
    fail 'the previous image could not be made the current one'
    more 'The engine said why, above. Then again: sudo ./deploy.sh --rollback'
    return 1
  fi
  # What was left is one --rollback away again. From here on a second --rollback would go forth instead of back.
  : >backups/.returning
  PHASE=returning
  [ -z "${current}" ] || docker tag "${current}" "${PREVIOUS_IMAGE}"
  ok 'the image is the previous one'
  if ! run_logged 'starting' compose up -d --no-build --force-recreate; then
    fail 'the previous version could not be started:'
    show_output 8
    more 'Start it once more: sudo ./deploy.sh --no-build'
    return 1
  fi
  rm -f backups/.returning
  wait_healthy || return 1
  remember_worked "${previous}"
}

offer_rollback() {
  if [ "${UPGRADE}" = no ]; then
    return 0
  fi
  if agreed 'Go back to the previous version, with the login from before?'; then
    roll_back || true
  else
    more 'Back to the previous version: sudo ./deploy.sh --rollback'
  fi
}

finish() {
  local code=0
  PHASE=showing
  prove_gateway || code=${EX_NOT_PROVED}
  show_qr
  show_address
  exit "${code}"
}

_main() {
  # It may be called by a link from elsewhere.
  SELF=$(readlink -f "$0")
  PROJECT=$(cd "$(dirname "${SELF}")" && pwd -P)
  INVOKED=./deploy.sh
  cd "${PROJECT}"
  PROC=${DEPLOY_PROC:-/proc} WAIT_HEALTHY=${DEPLOY_WAIT_HEALTHY:-180} WAIT_QR=${DEPLOY_WAIT_QR:-90} WAIT_SCAN=300
  COMPOSE_PROJECT=whatsapp-server
  PHASE=looking CHILD='' LOG='' LOCKED=no UPGRADE=no SETTINGS_CHECKED=none STARTED=0
  # shellcheck source=docker/host/lib.sh
  . docker/host/lib.sh
  # shellcheck source=docker/host/engine.sh
  . docker/host/engine.sh
  # shellcheck source=docker/host/preflight.sh
  . docker/host/preflight.sh
  # shellcheck source=docker/host/settings.sh
  . docker/host/settings.sh
  # shellcheck source=docker/host/login.sh
  . docker/host/login.sh
  # shellcheck source=docker/host/run.sh
  . docker/host/run.sh
  # shellcheck source=docker/host/proof.sh
  . docker/host/proof.sh
  parse "$@"
  # compose would prefer them to .env, where this script and the person look.
  unset PORT PUID PGID PUBLISH_ADDRESS

  trap on_exit EXIT
  # PIPE: whoever reads along (`deploy.sh | tee log`) ended with the same Ctrl-C.
  trap on_signal INT TERM HUP PIPE
  LOG=$(mktemp)
  STARTED=$(seconds)
  find_person "${PROJECT}" || true

  if [ "${ROLLBACK}" = yes ]; then BUILD=no; fi
  preflight || {
    printf '\nNothing was changed. Put right what says FAIL, then run this again.\n'
    exit "${EX_FAILED}"
  }
  OLD_IMAGE=$(container_field '{{.Image}}')
  if [ "${DRY_RUN}" = yes ]; then
    heading 'What would be done'
    if [ "${ROLLBACK}" = yes ]; then plan_rollback; else plan_deploy; fi
    printf '\nNothing was changed.\n'
    exit 0
  fi

  take_lock
  PHASE=preparing
  if [ "${ROLLBACK}" = yes ]; then
    roll_back || exit "${EX_UNHEALTHY}"
    finish
  fi
  heading 'Settings and folders'
  make_settings
  make_folders || exit "${EX_FAILED}"
  build
  check_settings_of_new_image
  start || {
    offer_rollback
    exit "${EX_UNHEALTHY}"
  }
  finish
}

_main "$@"
