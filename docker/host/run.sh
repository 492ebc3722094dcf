# Runs what takes long, with progress, and reads what a container says.
# shellcheck shell=dash

# A signal may come at any moment, and bash 5 runs its trap also while it reads a substitution: inside a second one of
# the same command that ends in "unexpected EOF while looking for matching )" instead of the clean-up. Therefore, in
# what runs while the scripts wait: one substitution a command, none in a here-document, none nested.

# Now, in seconds.
seconds() { date +%s; }

# The seconds since $1, in TOOK.
measure() {
  TOOK=$(date +%s)
  TOOK=$((TOOK - $1))
}

# One line of progress: in place on a terminal, else now and then.
progress() {
  local now
  if [ -t 1 ]; then
    printf '\r\033[K  [ .. ] '
    printf '%s' "$1" | cut -c 1-100 | tr -d '\n'
    return 0
  fi
  now=$(seconds)
  : "${NEXT_PROGRESS:=$((now + 10))}"
  if [ "${now}" -ge "${NEXT_PROGRESS}" ]; then
    note "$1"
    NEXT_PROGRESS=$((now + 10))
  fi
}

progress_end() {
  NEXT_PROGRESS=''
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

# The build step that the log is at, in the words of either builder.
build_step() {
  grep -aE '^(Step [0-9]+/[0-9]+|#[0-9]+ \[|(\[[0-9/]+\] )?STEP [0-9]+)' "${LOG}" 2>/dev/null | tail -n 1 | cut -c 1-70
}

# Ends process $1 with everything below it: docker leaves its plug-in to the
# signals of a terminal, and what runs in the background gets none of those.
end_tree() {
  local child
  # shellcheck disable=SC2013 # one number a line
  for child in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3); do
    end_tree "${child}"
  done
  kill "$1" 2>/dev/null || true
}

# Runs a command with its output in LOG. $1 what is going on.
run_logged() {
  local label=$1 began code=0 step
  shift
  began=$(seconds)
  "$@" >"${LOG}" 2>&1 </dev/null &
  CHILD=$!
  while kill -0 "${CHILD}" 2>/dev/null; do
    step=$(build_step)
    measure "${began}"
    progress "${label}, ${TOOK} s${step:+: ${step}}"
    sleep 0.2
  done
  wait "${CHILD}" || code=$?
  CHILD=''
  progress_end
  return "${code}"
}

# What the container has said since the start of this run.
container_log() { docker logs --since "${STARTED}" "${CONTAINER}" 2>&1 || true; }

# The lines that matter: errors if there are any, else the last ones.
show_log() {
  local lines
  lines=$(container_log | grep -aE '"level":"(warn|error|fatal)"|entrypoint:|EACCES|ENOSPC|EROFS|[Ee]rror' | tail -n 12)
  [ -n "${lines}" ] || lines=$(container_log | tail -n 12)
  [ -n "${lines}" ] || return 0
  more 'Its log says:'
  printf '%s\n' "${lines}" | cut -c 1-240 | sed 's/^/           | /'
}

show_output() { grep -av '^[[:space:]]*$' "${LOG}" | tail -n "$1" | cut -c 1-240 | sed 's/^/           | /'; }

# What to do about a failure whose text is in file $1: one remedy, the first
# that fits.
remedy() {
  if grep -aiE 'no space left|ENOSPC' "$1" >/dev/null; then
    more 'The disk is full. Free some: sudo docker image prune; df -h'
  elif grep -aiE 'toomanyrequests|rate limit' "$1" >/dev/null; then
    more 'Docker Hub refuses more downloads from this address for now. Wait an hour, or: sudo docker login'
  elif grep -aiE 'temporary failure|could not resolve|no such host|i/o timeout|TLS handshake|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|network is unreachable|connection refused.*registry' "$1" >/dev/null; then
    more 'The NAS did not reach the internet: check its DNS and gateway (Control Panel, Network), then run this again.'
  elif grep -aF 'DOES NOT WORK' "$1" >/dev/null; then
    more 'Debian ships a broken browser at the moment. Try again in a day or two: sudo ./deploy.sh --fresh'
  elif grep -aiE 'port is already allocated|address already in use' "$1" >/dev/null; then
    more "Another program took port ${PORT}. Choose another in ${PROJECT}/.env (PORT=…), then run this again."
  elif grep -aiE 'bind mount failed|bind source path does not exist' "$1" >/dev/null; then
    more 'A folder of the volumes section is missing. Run this again: it makes them.'
  elif grep -aiE 'session_path|EACCES|EROFS|permission denied|not writable' "$1" >/dev/null; then
    more 'A folder refuses the gateway. Run: sudo ./fix-permissions.sh, then this again.'
  elif grep -aF 'profile_in_use' "$1" >/dev/null; then
    more 'Something else uses the same session folder: a second container? See: sudo docker ps'
  elif grep -aiE 'seccomp|NanoCPUs|CFS' "$1" >/dev/null; then
    more "The kernel of this NAS refuses an option. Was ${COMPOSE_YML} changed? Take it again from where the project came from."
  elif grep -aiE 'no matching manifest|exec format error' "$1" >/dev/null; then
    more 'The image is for another kind of processor. Build it here: sudo ./deploy.sh --fresh'
  elif grep -aiE 'operation not permitted' "$1" >/dev/null; then
    more 'An old engine refuses calls of a new system. Update Container Manager in the Package Center.'
  else
    more "$2"
  fi
}

# Waits until /health answers 200. Fails when the container ends, restarts for
# the second time, or takes longer than WAIT_HEALTHY seconds.
wait_healthy() {
  local began state code restarts oom ended_with='' fields
  began=$(seconds)
  while :; do
    fields=$(container_field '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{.State.OOMKilled}}')
    # shellcheck disable=SC2086 # four words
    set -- ${fields}
    state=${1-} code=${2-} restarts=${3-} oom=${4-}
    measure "${began}"
    # While it runs between two restarts, the code is 0 again.
    [ "${code:-0}" = 0 ] || ended_with=" (exit code ${code})"
    case ${state} in
      running)
        if docker exec "${CONTAINER}" node /app/docker/healthcheck.cjs >/dev/null 2>&1; then
          progress_end
          measure "${began}"
          ok "healthy after ${TOOK} s"
          return 0
        fi
        ;;
      exited | dead | '')
        progress_end
        fail "the container ended${ended_with}"
        return 1
        ;;
      *) ;;
    esac
    if [ "${restarts:-0}" -ge 2 ]; then
      progress_end
      fail "the container ends as soon as it starts${ended_with}"
      [ "${oom}" != true ] || more 'It was killed for want of memory.'
      return 1
    fi
    if [ "${TOOK}" -ge "${WAIT_HEALTHY}" ]; then
      progress_end
      fail "not healthy after ${WAIT_HEALTHY} s (container: ${state})"
      return 1
    fi
    progress "waiting for /health, ${TOOK} s (container: ${state})"
    sleep 1
  done
}
